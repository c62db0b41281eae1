"""What the dispatcher knows of a surface: who speaks, where, and how an answer gets there.

Slack and the terminal implement `Surface`; the dispatcher never learns which one it talks to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from commands.report import Report


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: immutable ids. The terminal's actor has team `local` and the login name as user."""

    team: str
    user: str
    groups: frozenset[str] = frozenset()
    """Ids of the user groups the person is in, looked up when the request came."""

    @property
    def key(self) -> str:
        """`team:user`, as stored and audited."""
        return f"{self.team}:{self.user}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was asked: a channel id, and the thread it was asked in."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """A posted message: enough to edit it after a restart."""

    channel: str
    ts: str


class Surface(Protocol):
    """Where one request's answers go."""

    async def post(self, report: Report, *, under: Ref | None = None) -> Ref:
        """Show a report to all in the place, in the thread of `under` where given."""
        ...

    async def edit(self, ref: Ref, report: Report) -> None:
        """Replace a posted report."""
        ...

    async def whisper(self, report: Report) -> None:
        """Show a report to the person who asked, only."""
        ...
