"""`Surface` on a terminal: the same reports, drawn with rich, and choices asked for on the spot.

On a real terminal a posted report stays live at the bottom, is redrawn as it is edited, and what is posted below it
scrolls past above. Elsewhere (a pipe, a log) each change of the headline is a line, and the final report is printed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text as RichText

from bot.conversation import FORM_ACTION, TERMINAL, Ref
from bot.markup import WORD, Span, bare, clean, spans
from commands.report import Choice, Finding, Level, Listing, Part, Picture, Report, Table, Text

COMMAND = "hacluster run"
IN_SLACK = "/hacluster"
_WIDE = 4096
_SIGN = {Level.OK: "✔", Level.INFO: "●", Level.UNKNOWN: "?", Level.WARNING: "!", Level.CRITICAL: "✘"}
_COLOUR = {
    Level.OK: "green",
    Level.INFO: "blue",
    Level.UNKNOWN: "magenta",
    Level.WARNING: "yellow",
    Level.CRITICAL: "red",
}

Ask = Callable[[str], Awaitable[str | None]]
"""Asks a question and gives the line typed; None where nobody is there to type."""


async def ask_on_stdin(question: str) -> str | None:
    """Ask the person at the keyboard; None if standard input is no keyboard, or was closed."""
    if not sys.stdin.isatty():
        return None
    try:
        return await asyncio.to_thread(input, question)
    except EOFError:
        return None


class TerminalSurface:
    """Shows one request's answers. Use it as a context, which leaves the last report standing."""

    def __init__(self, console: Console | None = None, ask: Ask = ask_on_stdin) -> None:
        self.last: tuple[Ref, Report] | None = None
        """The last report posted for itself, as it stands: its level is how the request went, its choices are open."""
        self._console = console or _own_console()
        self._ask = ask
        self._live: Live | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._settle()

    async def post(self, report: Report, *, under: Ref | None = None) -> Ref:
        """Print a report; one `under` another appears above it, indented."""
        self._count += 1
        ref = Ref(TERMINAL, str(self._count))
        if under is not None:
            self._console.print(_indented(draw(report)))
            return ref
        self._settle()
        self.last = (ref, report)
        if self._console.is_terminal:
            self._live = Live(draw(report), console=self._console, auto_refresh=False)
            self._live.start(refresh=True)
        else:
            self._console.print(draw(report))
        return ref

    async def edit(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        """Redraw a report; without a terminal, print its new headline, or all of it when final."""
        before = self.last
        is_last = before is not None and before[0] == ref
        if is_last:
            self.last = (ref, report)
        if is_last and self._live is not None:
            self._live.update(draw(report), refresh=True)
        elif final:
            self._console.print(draw(report))
        elif before is None or before[1].headline != report.headline:
            self._console.print(_headline(report))

    async def whisper(self, report: Report) -> None:
        """Print a report: there is nobody else here."""
        await self.post(report)

    async def choose(self, report: Report) -> Choice | None:
        """Ask which of the report's choices it shall be; None for none, or where nobody is there to ask."""
        self._settle()
        choices = [choice for choice in (*report.choices, *report.more) if choice.action != FORM_ACTION]
        if not choices:
            return None
        for number, choice in enumerate(choices, start=1):
            self._console.print(RichText(f"  {number}  {clean(choice.label)}"))
        typed = await self._ask(f"Which? [1-{len(choices)}, Enter for none] ")
        if typed is None:
            self._console.print(RichText("Nobody is here to choose, so nothing was done; --yes confirms a plan."))
        chosen = _chosen(typed or "", choices)
        if chosen is not None and chosen.confirm:
            sure = await self._ask(f"{clean(chosen.confirm)} Type yes to go on: ")
            return chosen if (sure or "").strip().lower() == "yes" else None
        return chosen

    def _settle(self) -> None:
        """Leave the live report standing as it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def draw(report: Report) -> RenderableType:
    """Draw a report: headline, who is called, parts, next step. Pure."""
    drawn: list[RenderableType] = [_headline(report)]
    if report.mentions:
        drawn.append(
            _indented(RichText(f"For {', '.join(f'@{clean(mention)}' for mention in report.mentions)}", "cyan"))
        )
    drawn += [_indented(_part(part)) for part in report.parts]
    if report.next_step:
        drawn.append(RichText.assemble("Next: ", (f"{COMMAND} {clean(report.next_step)}", "bold")))
    return Group(*drawn)


def _own_console() -> Console:
    """Return standard output. Elsewhere than on a terminal nothing is wrapped: who pipes wants whole lines."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def _indented(drawn: RenderableType) -> Padding:
    return Padding(drawn, (0, 0, 0, 2), expand=False)


def _headline(report: Report) -> RichText:
    return RichText.assemble(_status(report.level), _styled(report.headline, "bold"))


def _part(part: Part) -> RenderableType:
    match part:
        case Text():
            return _styled(part.text)
        case Finding():
            return _finding(part)
        case Table():
            return _table(part)
        case Listing():
            title = [_styled(part.title, "bold")] if part.title else []
            return Group(*title, _indented(RichText(clean(part.text))))
        case Picture():
            return _picture(part)


def _picture(picture: Picture) -> RichText:
    """Tell what the picture shows, and its name: a terminal shows none."""
    title = _styled(picture.title or "Picture", "bold")
    return RichText.assemble(title, f" ({clean(picture.name)})\n", _styled(picture.alt))


def _finding(finding: Finding) -> RichText:
    where = clean(finding.where)
    said = RichText.assemble(_status(finding.level), where, _styled(finding.text))
    return RichText.assemble(said, "\n  → ", _styled(finding.remedy)) if finding.remedy else said


def _table(table: Table) -> RichTable:
    drawn = RichTable(title=_styled(table.title, "bold") if table.title else None, title_justify="left", box=box.SIMPLE)
    for column in table.columns:
        drawn.add_column(_styled(column))
    for row in table.rows:
        drawn.add_row(*(_styled(cell) for cell in row))
    return drawn


def _status(level: Level) -> RichText:
    word = f"{WORD[level]} " if WORD[level] else ""
    return RichText(f"{_SIGN[level]} {word}", style=_COLOUR[level])


def _styled(text: str, style: str = "") -> RichText:
    styled = RichText(style=style)
    for span in spans(clean(text)):
        styled.append(_worded(span), style="cyan" if span.kind == "code" else None)
    return styled


def _worded(span: Span) -> str:
    """Return a run of text; a command as it is typed here, not in Slack."""
    command, space, words = span.text.partition(" ")
    return f"{COMMAND}{space}{words}" if span.kind == "code" and command == IN_SLACK else bare(span)


def _chosen(typed: str, choices: list[Choice]) -> Choice | None:
    """Find the choice meant by a number or by the beginning of exactly one label."""
    word = typed.strip().lower()
    if word.isdecimal() and 0 < int(word) <= len(choices):
        return choices[int(word) - 1]
    meant = [choice for choice in choices if word and choice.label.lower().startswith(word)]
    return meant[0] if len(meant) == 1 else None
