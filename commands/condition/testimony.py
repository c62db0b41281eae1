"""When a state may change: only by somebody's word. What falls silent is remembered, never judged anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from commands.condition.record import Condition, State, Subject, Topic


def nobody(_name: str) -> bool:
    """Say that no subject is missing for want of a reading: what was not told is not there any more."""
    return False


def anybody(_name: str) -> bool:
    """Say that nothing could be read, so that all that was known stays."""
    return True


@dataclass(frozen=True, slots=True)
class Told:
    """What a snapshot tells about a topic, by the subjects' names.

    None is a subject that is there and could not be judged. Of a subject that is not there at all, `silent` says
    whether that is for want of a reading, so that what was known of it stays.
    """

    topic: Topic
    states: Mapping[str, State | None]
    silent: Callable[[str], bool] = nobody


def settle(told: Told, before: Condition | None, absent: frozenset[str] = frozenset()) -> dict[Subject, State]:
    """Return the states of a topic after what was told. `absent` are nodes of which no word is expected now."""
    known = before.of(told.topic) if before else {}
    settled: dict[Subject, State] = {}
    for name in sorted({*told.states, *known}):
        was, now = known.get(name), told.states.get(name)
        if now is not None:
            settled[told.topic, name] = now if was is None else _weighed(was, now, absent)
        elif was is not None and (name in told.states or told.silent(name)):
            settled[told.topic, name] = replace(was, known=False)
    return settled


def _weighed(was: State, now: State, absent: frozenset[str]) -> State:
    """Return the new state, unless nobody says anything else than before and it differs only by who is silent."""
    before, said = dict(was.said), dict(now.said)
    silent = {source: words for source, words in was.said if source not in said and speaker(source) not in absent}
    if not silent:
        return now
    if any(before.get(source) != words for source, words in said.items()):
        return replace(now, said=testimony({**silent, **said}))
    return replace(was, known=(now.word, now.nodes) == (was.word, was.nodes))


def testimony(said: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what sources said as a state holds it. A source is `NODE FIELD`."""
    return tuple(sorted(said.items()))


def speaker(source: str) -> str:
    """Return the node that a source speaks on."""
    return source.partition(" ")[0]
