"""What most verbs ask about: one cluster, named or the channel's own."""

from __future__ import annotations

from dataclasses import dataclass

from commands.errors import UsageError
from commands.verbs.verb import Desk
from commands.verbs.words import Words
from config.inventory import ClusterSpec


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """A request about one cluster."""

    cluster: ClusterSpec


def parse_cluster(words: Words, desk: Desk) -> ClusterRequest:
    """Read `[CLUSTER]`. Raises `UsageError` for more words, or a name that is not known."""
    if len(words.positional) > 1:
        raise UsageError(f"{words.positional[1][:40]!r} is one word too many", remedy="Name one cluster.")
    return ClusterRequest(desk.cluster(words.positional[0] if words.positional else None))
