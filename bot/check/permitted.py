"""Whether a login that is not root may run all that the bot runs: sudo is asked, and nothing is run.

An older sudoers file, or one cut short, is found here and not in the middle of a setup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.sudoers import changes, questions, reads
from commands.command import Command, Runner
from commands.errors import HaclusterError
from commands.facts.tagged import tagged
from commands.report import Finding, Level
from config.inventory import NodeSpec

# sudo(8): `-l` with a command exits 1 where it is not allowed. It does so too where there is no such program, which is
# no fault: what a setup installs is not there yet, and each system has its own package tools.
_ASK = """
for each; do
    command -v "${each%% *}" >/dev/null || continue
    sudo -n -l -- $each >/dev/null 2>&1 </dev/null || echo "refused $each"
done
echo end
"""
_REMEDY = "Make the node's sudoers file anew with `hacluster sudoers --login {login}`: this bot may need more than an older one."


async def check_permitted(name: str, node: NodeSpec, runner: Runner, login: str) -> tuple[Finding, ...]:
    """Return which programs sudo refuses to the login on a node; nothing if it refuses none."""
    looks = questions(reads())
    others = questions(changes()) - looks
    try:
        refused = await _refused(node, runner, looks | others)
    except HaclusterError as error:
        return (Finding(Level.UNKNOWN, f"what sudo allows cannot be told: {error.message}", error.remedy, name),)
    return tuple(_judged(name, refused & looks, refused & others, _REMEDY.format(login=login)))


async def _refused(node: NodeSpec, runner: Runner, asked: Iterable[str]) -> frozenset[str]:
    command = Command(("sh", "-c", _ASK, "sh", *sorted(asked)), timeout=60.0, root=False)
    done = (await runner.run(node, command)).check()
    return frozenset(words for kind, words in tagged("sudo -l", done.stdout) if kind == "refused")


def _judged(name: str, looks: Iterable[str], others: Iterable[str], remedy: str) -> Iterator[Finding]:
    if looks:
        yield Finding(Level.CRITICAL, f"sudo refuses what the bot needs to look: {_listed(looks)}", remedy, name)
    if others:
        yield Finding(Level.WARNING, f"sudo refuses what only changes need: {_listed(others)}", remedy, name)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(words))
