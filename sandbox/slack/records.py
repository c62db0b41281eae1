"""What the workspace remembers: messages with their past, files, views, and every call made to its API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands. `history` holds its earlier versions, oldest first.

    An ephemeral message has `visible_to`, and Slack keeps no record of it that an app could edit.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    bot_id: str | None = None
    metadata: Json | None = None
    files: tuple[str, ...] = ()
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    edited: str | None = None
    visible_to: str | None = None
    broadcast: bool = False
    history: tuple[Message, ...] = ()

    @property
    def is_reply(self) -> bool:
        """Whether it lives in a thread below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def elements(self) -> Iterator[tuple[Json, Json]]:
        """Its interactive elements, each with the block it is in."""
        return interactive_elements(self.blocks)


def interactive_elements(blocks: tuple[Json, ...]) -> Iterator[tuple[Json, Json]]:
    """Every element of `blocks` that carries an action_id, with its block."""
    for block in blocks:
        nested = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in nested:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file. `shared_in` lists the channels it was completed into; empty while only uploaded."""

    id: str
    name: str
    title: str
    user: str
    size: int
    content: bytes | None = None
    mimetype: str = "application/octet-stream"
    alt_text: str = ""
    shared_in: tuple[str, ...] = ()
    created: int = 0
    upload_key: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The content as text, for tests and previews."""
        return (self.content or b"").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class View:
    """A modal or a Home tab in front of one user. `hash` changes with every update."""

    id: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None

    @property
    def type(self) -> str:
        """`modal` or `home`."""
        return str(self.body.get("type", ""))

    @property
    def blocks(self) -> tuple[Json, ...]:
        """Its blocks, block_ids filled in."""
        return tuple(self.body.get("blocks", ()))

    @property
    def title(self) -> str:
        """The title's text."""
        return str((self.body.get("title") or {}).get("text", ""))


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the Web API: what was asked (token left out) and what was answered."""

    method: str
    arguments: Json
    answer: Json
    at: float

    @property
    def ok(self) -> bool:
        """Whether Slack did it."""
        return bool(self.answer.get("ok"))

    @property
    def error(self) -> str | None:
        """Slack's error code, if it refused."""
        error = self.answer.get("error")
        return None if error is None else str(error)


@dataclass(frozen=True, slots=True)
class Reply:
    """How the app took a payload: acknowledged in time or not, and with what.

    `problem` is Slack's word for a failure: `dispatch_failed` where no connection was open or the request URL
    answered badly, `operation_timeout` where the acknowledgement did not come within three seconds.
    """

    acked: bool
    seconds: float
    body: Json | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A payload sent to the app and its reply (None while it is under way). `route` names what carried it."""

    type: str
    payload: Json
    route: str
    reply: Reply | None = None
