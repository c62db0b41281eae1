"""What a person gets, as data: no Slack, no terminal, no markup beyond `code` in backticks.

A `Report` has a headline (one line, with its status), then parts. Surfaces draw them: Block Kit in `bot/slack`, rich in
`bot/terminal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Level(Enum):
    """How bad it is, worst last. A word goes beside every colour and sign."""

    OK = "ok"
    INFO = "info"
    UNKNOWN = "unknown"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position for sorting worst first: higher is worse."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know, and what to do about it."""

    level: Level
    text: str
    remedy: str = ""
    node: str | None = None

    @property
    def where(self) -> str:
        """The node with a colon, to stand before the text; nothing where the text begins with the node itself."""
        return f"{self.node}: " if self.node and not self.text.startswith(f"{self.node} ") else ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. `code` in backticks is the only markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names; every row has as many cells as there are columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Verbatim text, such as commands or a tool's own output. Long ones become a file called `name`."""

    title: str
    text: str
    name: str = "output.txt"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing. What it shows is told in words too: `alt` is read to those who do not see it."""

    png: bytes = field(repr=False)
    name: str
    """Of the file, with its ending: `web-2026-11-23.png`."""
    alt: str
    title: str = ""


Part = Text | Table | Listing | Finding | Picture


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. `action` names what it asks for, `value` is an opaque id: everything else is looked up on the click."""

    label: str
    action: str
    value: str
    style: str = ""
    """`primary`, `danger` or nothing."""
    confirm: str = ""
    """A sentence for a dialog that asks again, for what destroys."""


@dataclass(frozen=True, slots=True)
class Report:
    """An answer. `next_step` is the command to type next, where there is an obvious one."""

    headline: str
    level: Level = Level.INFO
    parts: tuple[Part, ...] = ()
    next_step: str = ""
    choices: tuple[Choice, ...] = ()
    """Buttons. What is beyond the third goes into the menu with `more`, where it can."""
    more: tuple[Choice, ...] = ()
    """What is asked for less often: lines of one menu beside the buttons.

    One that asks again before it acts (`confirm`), or whose value is long, is a button all the same.
    """
    mentions: tuple[str, ...] = ()
    """Who is to be notified: ids of people (`U…`) and user groups (`S…`), or the words `here` and `channel`."""
    private: bool = False
    """Only for the person who asked (help, denials, usage errors)."""
