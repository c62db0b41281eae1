"""The command line: `hacluster serve`, `hacluster run VERB …`, `hacluster check`.

Exit status: 0 done, 1 refused or something is wrong, 2 the command line itself is wrong; of `tokens`, 3 there are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from bot import health, logs
from bot.check import FAILING, check, check_settings
from bot.store import Store
from bot.store.engine import StoreUnusable
from bot.sudoers import LOGIN, LOGIN_NAME, sudoers
from bot.terminal import draw
from commands.errors import HaclusterError
from commands.report import Finding, Level, Report, Text
from config.settings import ConfigurationProblems, Settings, load_settings

NO_TOKENS = 3

# locals in a traceback would show tokens, so typer's own tracebacks stay off
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build, watch and operate HAProxy + Pacemaker + Corosync clusters from Slack.",
)


def main() -> None:
    """Run the command line. What goes wrong in a way we know is told in words, not as a traceback."""
    try:
        app()
    except ConfigurationProblems as refused:
        _show_problems(refused)
        raise SystemExit(1) from None
    except HaclusterError as error:
        finding = Finding(Level.CRITICAL, error.message, error.remedy, error.node)
        Console(stderr=True, highlight=False).print(draw(_report(finding)))
        raise SystemExit(1) from None


@app.command()
def serve() -> None:
    """Connect to Slack and work until stopped."""
    from bot import app as bot  # noqa: PLC0415 - Slack and the schedule take a second to import; `check` needs neither

    asyncio.run(bot.serve(load_settings()))


@app.command(context_settings={"ignore_unknown_options": True})
def run(
    words: Annotated[list[str], typer.Argument(metavar="VERB …", help="As after /hacluster; `run help` lists verbs.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm what would be asked.")] = False,
    channel: Annotated[
        str | None, typer.Option(help="Id of a Slack channel: its default cluster is the one meant.")
    ] = None,
) -> None:
    """Ask or change a cluster from here, by the same rules as from Slack."""
    from bot import app as bot  # noqa: PLC0415 - as above

    raise typer.Exit(asyncio.run(bot.run_verb(load_settings(), words, yes=yes, channel=channel)))


@app.command()
def tokens() -> None:
    """Say by the exit status whether Slack tokens are configured (0) or not (3). Mistaken settings are neither (1)."""
    raise typer.Exit(0 if load_settings().slack.configured else NO_TOKENS)


@app.command("health")
def health_command() -> None:
    """Ask the bot that runs here how it is: exit status 0 if it works, 1 if not, or if nobody answers."""
    works, words = health.ask(health.address(load_settings().slack))
    print(words)
    raise typer.Exit(0 if works else 1)


@app.command("sudoers")
def sudoers_command(
    *, login: Annotated[str, typer.Option(help="The login on the nodes, as in ssh.user.")] = LOGIN
) -> None:
    """Print the sudoers file that nodes need for a login other than root."""
    if not LOGIN_NAME.fullmatch(login):
        raise typer.BadParameter("that is not a login name", param_hint="--login")
    print(sudoers(login), end="")


@app.command("check")
def check_command(
    *, config_only: Annotated[bool, typer.Option("--config-only", help="Ask neither Slack nor any node.")] = False
) -> None:
    """Try everything the bot needs: settings, tokens, scopes, channels, SSH and root on every node."""
    settings = load_settings()
    logs.configure(settings.log.model_copy(update={"level": "warning"}))
    findings = _settings_only(settings) if config_only else _everything(settings)
    passed = asyncio.run(_show(findings))
    raise typer.Exit(0 if passed else 1)


async def _everything(settings: Settings) -> AsyncIterator[Finding]:
    from bot import reach  # noqa: PLC0415 - as above

    async with AsyncExitStack() as stack:
        store: Store | None = None
        try:
            store = await Store.open(settings.store.url.get_secret_value())
            stack.push_async_callback(store.close)
        except StoreUnusable as error:
            yield Finding(Level.CRITICAL, error.message, error.remedy)
        slack = await stack.enter_async_context(reach.slack_probe(settings.slack))
        runner = await stack.enter_async_context(reach.nodes(settings.ssh, store))
        async for finding in check(settings, store, slack, runner, lambda: datetime.now(UTC)):
            yield finding


async def _settings_only(settings: Settings) -> AsyncIterator[Finding]:
    for finding in check_settings(settings):
        yield finding


async def _show(findings: AsyncIterator[Finding]) -> bool:
    """Print findings as they come; return whether nothing failed."""
    console = Console(highlight=False)
    failing = 0
    async for finding in findings:
        failing += finding.level in FAILING
        console.print(draw(_report(finding)))
    if failing:
        console.print(RichText(f"\n{failing} to put right", style="bold red"))
    return failing == 0


def _report(finding: Finding) -> Report:
    where = finding.where
    remedy = (Text(f"→ {finding.remedy}"),) if finding.remedy else ()
    return Report(f"{where}{finding.text}", finding.level, remedy)


def _show_problems(refused: ConfigurationProblems) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    count = len(refused.problems)
    console.print(RichText(f"{count} mistake{'s' * (count > 1)} in the settings", style="bold red"))
    for problem in refused.problems:
        console.print(
            RichText.assemble(
                "  ",
                (problem.key or "settings", "bold"),
                f" {problem.message}" if problem.key else f": {problem.message}",
                (f"  ({problem.origin})", "dim") if problem.origin else "",
            )
        )
