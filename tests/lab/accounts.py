"""The accounts of a run of chaos: what the workspace shows and the bot's store holds, against what was done."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from commands.events import Kind
from sandbox.slack.records import Message
from tests.lab.faults import Fault

REPEAT = "may be a repeat"
_BESIDE = re.compile(r"part of another incident|I (cannot|could not) see")
"""Headlines of cards that may stand beside a fault's own: those that were put to it, and those about the bot itself, which
a busy machine keeps from hearing its nodes."""
_WORD_ONLY = re.compile(r"by a stream's word only")
"""The same where a fault costs no node: a busy machine's corosync may wait for its token meanwhile. Of a node that is lost
such a word is the first, and stands on its card."""
_LOST = re.compile(r"\b(n\d) (?:is|was) lost\b")
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"
"""How the store writes moments, which are UTC."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an account finds wrong; each entry is a sentence that says what and where."""

    lost: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    duplicate: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say how many of each, in a line."""
        return (
            f"lost events {len(self.lost)}, false node losses {len(self.false)}, "
            f"duplicate messages {len(self.duplicate)}, orphans on nodes {len(self.orphans)}"
        )

    def sentences(self) -> Iterator[str]:
        """Yield all that is wrong."""
        for kind, found in (
            ("LOST", self.lost),
            ("FALSE", self.false),
            ("DUPLICATE", self.duplicate),
            ("ORPHANS", self.orphans),
        ):
            yield from (f"{kind} {one}" for one in found)


class Ledger:
    """The bot's store, looked into from outside while the bot may be running, or dead."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def events(self, since: datetime) -> list[tuple[Kind, str]]:
        """Return what happened since a moment: of what kind, and about whom."""
        rows = self._rows("SELECT kind, subject FROM events WHERE at >= ? ORDER BY number", since.strftime(_MOMENT))
        return [(Kind(kind), subject) for kind, subject in rows]

    def unsent(self) -> list[str]:
        """Return the messages that are not there yet, or not as they are to be, and those that were given up."""
        query = "SELECT id, state, why FROM outgoing WHERE state IN ('waiting', 'sending', 'dropped') OR (state = 'sent' AND shown < version)"
        return [f"message {number} is {state} {why}" for number, state, why in self._rows(query)]

    def sent(self) -> dict[str, str]:
        """Return the timestamps of the messages that were sent, by their ids."""
        return dict(self._rows("SELECT id, ts FROM outgoing WHERE state = 'sent'"))

    def open_incidents(self) -> int:
        """Return how many incidents are not resolved."""
        return int(self._rows("SELECT count(*) FROM incidents WHERE closed IS NULL")[0][0])

    def shown(self) -> list[tuple[str, str]]:
        """Return the ids of the incidents whose card was to be shown, each with its card's message id or ""."""
        query = (
            "SELECT incidents.id, coalesce(outgoing.id, '') FROM incidents "
            "LEFT JOIN outgoing ON outgoing.card = 'incident:' || incidents.id "
            "WHERE json_extract(incidents.json, '$.told')"
        )
        return self._rows(query)

    def twice_open(self) -> list[str]:
        """Return the causes of which two incidents were open at one time."""
        query = (
            "SELECT json_extract(a.json, '$.cause') FROM incidents a JOIN incidents b ON a.id < b.id "
            "AND a.cluster = b.cluster AND json_extract(a.json, '$.cause') = json_extract(b.json, '$.cause') "
            "AND a.opened < coalesce(b.closed, '9') AND b.opened < coalesce(a.closed, '9') "
            "WHERE json_extract(a.json, '$.part_of') = '' AND json_extract(b.json, '$.part_of') = ''"
        )
        return [cause for (cause,) in self._rows(query)]

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=20.0)) as store:
            return store.execute(query, values).fetchall()


def mark(message: Message) -> str:
    """Return the id that the outbox gave a message, "" for one that is not its."""
    return str(((message.metadata or {}).get("event_payload") or {}).get("id", ""))


def told(cards: Iterable[Message], messages: Iterable[Message]) -> str:
    """Return all that cards ever said, and all that is said in their threads."""
    shown = list(cards)
    threads = {card.ts for card in shown}
    versions = [version.text for card in shown for version in (*card.history, card)]
    return "\n".join([*versions, *(reply.text for reply in messages if reply.is_reply and reply.thread_ts in threads)])


def judge(fault: Fault, cards: Sequence[Message], said: str, events: Sequence[tuple[Kind, str]], found: Found) -> None:
    """Take what was told of one fault, from its beginning until all was quiet again, to the accounts."""
    if fault.says and not re.search(fault.says, said):
        found.lost.append(f"{fault.name}: nothing said of it: {_short(said)}")
    found.lost.extend(
        f"{fault.name}: the history has no {kind} of {subject}"
        for kind, subject in fault.events
        if (kind, subject) not in events
    )
    gone = {subject for kind, subject in events if kind is Kind.MEMBER_LEFT}
    for node in sorted((set(_LOST.findall(said)) | gone) - fault.lost):
        found.false.append(f"{fault.name}: {node} called lost: {_short(said)}")
    beside = [_BESIDE] if fault.lost else [_BESIDE, _WORD_ONLY]
    firsts = (card.text.splitlines()[0] for card in cards)
    heads = [head for head in firsts if not any(pattern.search(head) for pattern in beside)]
    if len(heads) > 1:
        found.duplicate.append(f"{fault.name}: {len(heads)} cards: {heads}")


def _short(said: str) -> str:
    """Return what was told without what stands in between, each line once."""
    return " | ".join(dict.fromkeys(line for line in said.splitlines() if line))


def close(ledger: Ledger, messages: Sequence[Message], found: Found) -> int:
    """Balance the whole run; return how many messages were sent again with a word that they may be repeats."""
    marks = Counter(mark(message) for message in messages if mark(message))
    repeats = 0
    for number, count in marks.items():
        again = [message for message in messages if mark(message) == number][1:]
        marked = sum(REPEAT in message.text for message in again)
        repeats += marked
        if marked < count - 1:
            found.duplicate.append(f"posted {count} times: {again[0].text.splitlines()[0]}")
    there = {message.ts for message in messages}
    found.lost.extend(ledger.unsent())
    found.lost.extend(
        f"message {number} is not in the channel" for number, ts in ledger.sent().items() if ts not in there
    )
    found.lost.extend(f"incident {incident} has no card" for incident, card in ledger.shown() if not card)
    found.duplicate.extend(f"two incidents at once of {cause}" for cause in ledger.twice_open())
    return repeats


def now() -> datetime:
    """Return the time as the store writes it."""
    return datetime.now(UTC)
