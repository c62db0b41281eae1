"""What the dispatcher and the surfaces know of each other: who speaks, where, what was asked, how an answer gets there.

Slack and the terminal implement `Surface` and call `Dispatch`; the dispatcher never learns which one it talks to, and a
surface decides nothing: it translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from commands.errors import HaclusterError
from commands.report import Report
from commands.verbs.form import Form

FORM_ACTION = "form"
"""The action of a `Choice` that opens the form of the verb in its `value`. Surfaces without forms leave it out."""
TERMINAL = "terminal"
"""The channel of whatever is asked and shown in a terminal."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: immutable ids. The terminal's actor has team `local` and the login name as user."""

    team: str
    user: str
    groups: frozenset[str] = frozenset()
    """Ids of the user groups the person is in, looked up when the request came."""
    name: str = field(default="", compare=False)
    """What they are called, for people to read in the audit; it decides nothing, since they can change it."""

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
    """A message could not be shown where it belongs. `code` is the surface's own word for why, `not_in_channel`."""

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class RateLimited(NotDelivered):
    """Not taken, for having come too fast: it may come again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float, code: str = "") -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class FateUnknown(NotDelivered):
    """Sent, and its answer never seen: it may be there or not. Look before it is sent again."""


class SlackAway(NotDelivered):
    """No connection came about, so certainly nothing was delivered. It may work in a while."""


@dataclass(frozen=True, slots=True)
class CannotLook:
    """Whether a message is there cannot be found out: the app was given no history scope. `why` is Slack's word."""

    why: str


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


class Courier(Protocol):
    """What the outbox needs of Slack: each call is one attempt, which neither waits nor repeats.

    All raise `NotDelivered`: `RateLimited`, `FateUnknown` and `SlackAway` where that is known, itself for a certain no.
    """

    async def post(self, channel: str, report: Report, *, thread: str | None, id: str) -> Ref:  # noqa: A002
        """Post a report, marked with `id` so that `find` finds it.

        Its files and pictures follow in the thread, later; one that cannot be uploaded is told there.
        """
        ...

    async def edit(self, ref: Ref, report: Report) -> None:
        """Replace a posted report, now; to repeat that does no harm. The files and pictures in its thread stay."""
        ...

    async def find(
        self,
        channel: str,
        id: str,  # noqa: A002
        since: datetime,
        *,
        thread: str | None = None,
    ) -> Ref | CannotLook | None:
        """Look for the message marked with `id` among those since then, by our clock; None if it is not there.

        One posted into a thread is looked for there.
        """
        ...

    async def permalink(self, ref: Ref) -> str | None:
        """Return the address of a message for people to follow; None if it is gone."""
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
