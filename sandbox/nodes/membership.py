"""Corosync of one cluster: who is a member in whose eyes, and who has quorum.

The network never parts: all running daemons see each other, a moment after they start. What is modelled is the time
that it takes to notice that one is gone without a word, `two_node`, and the `wait_for_all` that comes with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.nodes.agenda import Agenda
from sandbox.nodes.corosync_conf import Conf

JOINING = 0.4
"""Seconds until a daemon that starts is a member."""
LINK_DOWN = 1.0
"""Seconds until links to a node that lost power count as disconnected."""
LOSS = 3.0
"""Seconds until a node that lost power is out of the membership; the real default is nearer seven."""


@dataclass(slots=True)
class Seen:
    """A node as another one has seen it since its own start. `incarnation` tells one run of its daemon from the next."""

    joined: bool
    count: int
    incarnation: int


@dataclass(slots=True)
class View:
    """A running daemon. `waiting`: it has not seen all nodes yet, and so does not count itself quorate."""

    incarnation: int
    waiting: bool
    seen: dict[str, Seen] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)


class Membership:
    """The daemons of one cluster. `changed` is called after every change of who is a member."""

    def __init__(self, conf: Conf, agenda: Agenda, changed: Callable[[], None]) -> None:
        self.conf = conf
        self.views: dict[str, View] = {}
        self.ring = 4
        self._agenda = agenda
        self._changed = changed
        self._incarnations = 0

    def start(self, name: str) -> None:
        """Start the daemon of a node."""
        if name in self.views:
            return
        self._incarnations += 1
        view = View(self._incarnations, waiting=self.conf.two_node)
        view.seen[name] = Seen(joined=True, count=1, incarnation=view.incarnation)
        self.views[name] = view
        self._agenda.after(JOINING, self._merge)

    def stop(self, name: str) -> None:
        """Stop the daemon of a node; the others are told at once."""
        view = self.views.pop(name, None)
        if view is not None:
            self._forget(name, view.incarnation)

    def lose(self, name: str) -> None:
        """Let the daemon of a node be gone without a word."""
        view = self.views.pop(name, None)
        if view is not None:
            self._agenda.after(LINK_DOWN, lambda: self._unlink(name))
            self._agenda.after(LOSS, lambda: self._forget(name, view.incarnation))

    def members(self, name: str) -> list[str]:
        """Return the members in a node's view, in the order of the node list; none where no daemon runs."""
        view = self.views.get(name)
        if view is None:
            return []
        return [node.name for node in self.conf.nodes if node.name in view.seen and view.seen[node.name].joined]

    def needed(self) -> int:
        """Return how many votes make a quorum."""
        return 1 if self.conf.two_node else len(self.conf.nodes) // 2 + 1

    def quorate(self, name: str) -> bool:
        """Say whether a node's partition has quorum."""
        view = self.views.get(name)
        return view is not None and not view.waiting and len(self.members(name)) >= self.needed()

    def _merge(self) -> None:
        changed = False
        for view in self.views.values():
            view.linked = set(self.views)
            for peer, other in self.views.items():
                seen = view.seen.setdefault(peer, Seen(joined=False, count=0, incarnation=0))
                if not seen.joined or seen.incarnation != other.incarnation:
                    seen.joined, seen.incarnation = True, other.incarnation
                    seen.count += 1
                    changed = True
        everyone = len(self.views) == len(self.conf.nodes)
        if everyone or not all(view.waiting for view in self.views.values()):
            for view in self.views.values():
                view.waiting = False
        if changed:
            self.ring += 4
        self._changed()

    def _unlink(self, name: str) -> None:
        if name not in self.views:
            for view in self.views.values():
                view.linked.discard(name)

    def _forget(self, name: str, incarnation: int) -> None:
        self._unlink(name)
        gone = False
        for view in self.views.values():
            seen = view.seen.get(name)
            if seen is not None and seen.joined and seen.incarnation == incarnation:
                seen.joined = False
                gone = True
        if gone:
            self.ring += 4
        self._changed()
