"""When a state may change: only by somebody's word. What falls silent is remembered, never judged anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from commands.condition.record import Condition, State, Subject, Topic

Told = Mapping[str, State | None]
"""What a snapshot tells of the subjects of a topic; None is one that is there, but could not be judged."""


Said = tuple[tuple[str, str], ...]
"""Testimony as a state holds it: each source with its words. A source is a node, the field read there, and a subject."""


def settle(
    topic: Topic,
    told: Told,
    before: Condition | None,
    unread: Callable[[str], bool],
    absent: frozenset[str] = frozenset(),
) -> dict[Subject, State]:
    """Return the states of a topic after what was told.

    `unread` says whether a source could not be read this time, and `absent` are nodes of which no word is expected. A
    subject that nobody tells of any more stays if one who told of it is silent; otherwise it is there no more.
    """
    known = before.of(topic) if before else {}
    settled: dict[Subject, State] = {}
    for name in sorted({*told, *known}):
        was, now = known.get(name), told.get(name)
        silent = {} if was is None else _silent(was, unread, absent)
        if now is not None:
            settled[topic, name] = now if was is None else _weighed(was, now, silent)
        elif was is not None and (name in told or silent):
            settled[topic, name] = replace(was, known=False)
    return settled


def _silent(was: State, unread: Callable[[str], bool], absent: frozenset[str]) -> dict[str, str]:
    """Return the sources of a state that say nothing now, though they should, with their last words."""
    return {source: words for source, words in was.said if unread(source) and speaker(source)[0] not in absent}


def _weighed(was: State, now: State, silent: Mapping[str, str]) -> State:
    """Return the new state, unless nobody says anything else than before and it differs only by who is silent."""
    before, said = dict(was.said), dict(now.said)
    if not silent:
        return now
    if any(before.get(source) != words for source, words in said.items()):
        return replace(now, said=testimony({**silent, **said}))
    same = now.word == was.word and set(now.nodes) <= set(was.nodes)
    return replace(was, known=now.known and same, open_until=now.open_until)


def testimony(said: Mapping[str, str]) -> Said:
    """Return what sources said as a state holds it."""
    return tuple(sorted(said.items()))


def speaker(source: str) -> tuple[str, str]:
    """Return the node and the field of a source."""
    node, field, *_ = source.split()
    return node, field
