"""What the dispatcher and the surfaces know of each other: who speaks, where, what was asked, how an answer gets there.

Slack and the terminal implement `Surface` and call `Dispatch`; the dispatcher never learns which one it talks to, and a
surface decides nothing: it translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from commands.errors import HaclusterError
from commands.report import Report
from commands.verbs.form import Form

FORM_ACTION = "form"
"""The action of a `Choice` that opens the form of the verb in its `value`. Surfaces without forms leave it out."""


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


class NotDelivered(HaclusterError):
    """An answer could not be shown where it belongs."""


class Surface(Protocol):
    """Where one request's answers go. All three raise `NotDelivered` when nothing could be shown."""

    async def post(self, report: Report, *, under: Ref | None = None) -> Ref:
        """Show a report to all in the place, in the thread of `under` where given."""
        ...

    async def edit(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        """Replace a posted report. Edits that follow each other fast may be skipped, never the last one.

        `final` says that this is the last: it is shown at once, and the call returns when it is.
        """
        ...

    async def whisper(self, report: Report) -> None:
        """Show a report to the person who asked, only."""
        ...


class Dispatch(Protocol):
    """The one door for whatever people ask, on any surface: everything that can be wrong is decided behind it.

    `key` identifies a delivery: Slack delivers twice when in doubt, and the second one with the same key is dropped. It
    is empty where nothing is ever delivered twice.
    """

    async def request(self, actor: Actor, place: Place, text: str, surface: Surface, *, key: str) -> None:
        """Answer what somebody typed."""
        ...

    async def press(
        self, actor: Actor, place: Place, action: str, value: str, message: Ref, surface: Surface, *, key: str
    ) -> None:
        """Do what a pressed `Choice` asks for. `message` is the one that bears the button."""
        ...

    async def form(self, actor: Actor, place: Place, verb: str) -> Form | None:
        """Return the form of a verb typed bare. None, at once, for a verb that has none or that they may not use."""
        ...

    async def submit(
        self, actor: Actor, place: Place, verb: str, values: Mapping[str, str], surface: Surface, *, key: str
    ) -> Mapping[str, str]:
        """Take a filled-in form: what is wrong, by field id; nothing if all is well, and the work goes on by itself.

        Slack waits three seconds for the answer: check here, work in the background.
        """
        ...
