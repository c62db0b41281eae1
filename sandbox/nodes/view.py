"""What one running corosync knows of its cluster."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Seen:
    """A node as another one has seen it since its own start. `incarnation` tells one run of its daemon from the next."""

    joined: bool
    count: int
    incarnation: int


@dataclass(slots=True)
class View:
    """A running daemon.

    `waiting`: it has not seen all nodes yet, and so does not count itself quorate. `ring` is the number of its
    membership, `silent` are peers that it hears nothing of, with the moment since when.
    """

    incarnation: int
    waiting: bool
    ring: int
    met: bool = False
    seen: dict[str, Seen] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    silent: dict[str, float] = field(default_factory=dict)
