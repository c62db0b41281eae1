"""Subjects whose state is another one than before."""

from __future__ import annotations

from collections.abc import Iterator

from commands.condition import Condition, State, Topic


def changes(before: Condition, after: Condition, topic: Topic) -> Iterator[tuple[str, State, State]]:
    """Yield each subject of a topic that is known now and was known before, and is otherwise: name, before, after."""
    for name, now in after.of(topic).items():
        was = before.get(topic, name)
        if was is not None and now.known and (was.word, was.nodes) != (now.word, now.nodes):
            yield name, was, now
