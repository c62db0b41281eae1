"""Corosync of one cluster: who is a member in whose eyes, and who has quorum.

Daemons that reach each other find each other a moment after they start or after a cut is healed. One that falls silent is
noticed as knet and totem notice it, by the default token of 3 s: the link counts as down, the token is late, it is lost,
and when the consensus timeout is out a new membership is formed. A real cluster that is cut between some of its nodes
only would go on looking for a membership; here each side is the first of the node list and whoever all of it reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from sandbox.nodes import membership_words as words
from sandbox.nodes.agenda import Agenda
from sandbox.nodes.corosync_conf import Conf
from sandbox.nodes.machine import Machine
from sandbox.nodes.view import Seen, View

BEGINNING = 0.1
"""Seconds until a daemon that starts has formed a membership of itself."""
JOINING = 0.4
"""Seconds until a daemon that starts is a member."""
LINK_DOWN, TOKEN_LATE, TOKEN_LOST, LOSS = 1.2, 2.5, 3.25, 6.85
"""Seconds of silence until the link is down, the token late and lost, and the silent one out of the membership."""
LINK_UP, MERGING = 1.0, 0.2
"""Seconds until a healed link is up, and from there until its ends are members of each other again."""
MEASURING = 1.0
"""Seconds after a link is up until knet knows how large its packets may be."""
CLOSING = 0.3
"""Seconds until the link to a daemon that said goodbye is down."""


class Membership:
    """The daemons of one cluster.

    `reaches` says whether two nodes' machines can talk; `changed` is called after every change of who is a member.
    """

    def __init__(
        self,
        conf: Conf,
        machines: Mapping[str, Machine],
        agenda: Agenda,
        reaches: Callable[[str, str], bool],
        changed: Callable[[], None],
    ) -> None:
        self.conf = conf
        self.views: dict[str, View] = {}
        self._machines = machines
        self._agenda = agenda
        self._reaches = reaches
        self._changed = changed
        self._incarnations = 0
        self._ring = 4
        self._expected: int | None = None

    def start(self, name: str) -> None:
        """Start the daemon of a node."""
        if name in self.views:
            return
        self._incarnations += 1
        view = View(self._incarnations, waiting=self.conf.two_node, ring=self._ring)
        view.seen[name] = Seen(joined=True, count=1, incarnation=view.incarnation)
        self.views[name] = view
        words.starting(self._agenda, self._machines[name])
        self._agenda.after(BEGINNING, lambda: self._begin(name, view))
        self._agenda.after(JOINING - MERGING, lambda: self._greet(name, view))
        self._agenda.after(JOINING, lambda: self._meet(name, view))

    def stop(self, name: str) -> None:
        """Stop the daemon of a node; those that it reaches are told at once."""
        told = [peer for peer in self.views if peer != name and self._reaches(name, peer)]
        view = self.views.pop(name, None)
        if view is None:
            return
        words.stopping(self._agenda, self._machines[name], self._id(name))
        self._machines[name].corosync_news.say(None)
        for peer in told:
            seen = self.views[peer].seen.get(name)
            if seen is not None and seen.joined:
                words.goodbye(self._agenda, self._machines[peer], self._id(name))
        self._form(goodbye=name)
        self._agenda.after(CLOSING, lambda: self._close(name, told))
        self.notice()

    def lose(self, name: str) -> None:
        """Let the daemon of a node be gone without a word."""
        if self.views.pop(name, None) is not None:
            self._machines[name].corosync_news.say(None)
            self.notice()

    def notice(self) -> None:
        """Let each daemon find out, in its time, whom it hears and whom not: somebody is gone, or a cable was touched."""
        for name, view in self.views.items():
            for peer, other in self.views.items():
                if peer != name and view.met and other.met and self._reaches(name, peer):
                    if peer not in view.linked:
                        self._agenda.after(LINK_UP, partial(self._link_up, name, view, peer))
                    if self._hears(name, peer):
                        view.silent.pop(peer, None)
            fresh = [peer for peer in self._peers(name) if peer not in view.silent and not self._hears(name, peer)]
            overdue = any(view.seen[peer].joined for peer in view.silent if peer in view.seen)
            now = self._agenda.now
            for peer in fresh:
                view.silent[peer] = now
                self._agenda.after(LINK_DOWN, partial(self._link_down, name, view, peer, now))
            if fresh and not overdue:
                self._await_token(name, view)

    def members(self, name: str) -> list[str]:
        """Return the members in a node's view, in the order of the node list; none where no daemon runs."""
        view = self.views.get(name)
        if view is None:
            return []
        return [node.name for node in self.conf.nodes if node.name in view.seen and view.seen[node.name].joined]

    def needed(self) -> int:
        """Return how many votes make a quorum."""
        return 1 if self.conf.two_node else self.expected // 2 + 1

    @property
    def expected(self) -> int:
        """How many votes there are when all are there, or as many as somebody said (`corosync-quorumtool -e`)."""
        return self._expected or len(self.conf.nodes)

    def expect(self, votes: int) -> None:
        """Have fewer votes expected, until another node joins."""
        self._expected = votes
        self._changed()

    def unblock(self, name: str) -> bool:
        """End the waiting of a node's partition for the others; say whether it waited."""
        waited = [each for each in self.members(name) if self.views[each].waiting]
        for each in waited:
            self.views[each].waiting = False
        if waited:
            self._changed()
        return bool(waited)

    def quorate(self, name: str) -> bool:
        """Say whether a node's partition has quorum."""
        view = self.views.get(name)
        return view is not None and not view.waiting and len(self.members(name)) >= self.needed()

    # What one daemon notices

    def _id(self, name: str) -> int:
        return self.conf.node(name).id

    def _peers(self, name: str) -> list[str]:
        """Return the nodes that a daemon has a link or a membership with."""
        view = self.views[name]
        return [
            node.name
            for node in self.conf.nodes
            if node.name != name and (node.name in view.linked or node.name in self.members(name))
        ]

    def _hears(self, name: str, peer: str) -> bool:
        """Say whether a daemon hears another: the one that it knows, not one that was started since."""
        other, seen = self.views.get(peer), self.views[name].seen.get(peer)
        known = other is not None and seen is not None and other.incarnation == seen.incarnation
        return known and self._reaches(name, peer)

    def _is(self, name: str, view: View) -> bool:
        return self.views.get(name) is view

    def _link_down(self, name: str, view: View, peer: str, since: float) -> None:
        if self._is(name, view) and view.silent.get(peer) == since and peer in view.linked:
            view.linked.discard(peer)
            words.link_down(self._agenda, self._machines[name], self._links(peer))

    def _link_up(self, name: str, view: View, peer: str) -> None:
        heard = peer in self.views and self._reaches(name, peer)
        if not self._is(name, view) or peer in view.linked or not heard:
            return
        view.silent.pop(peer, None)
        view.linked.add(peer)
        words.link_up(self._agenda, self._machines[name], self._links(peer))
        self._agenda.after(MERGING, self._form)

    def _links(self, peer: str) -> list[tuple[int, int]]:
        node = self.conf.node(peer)
        return [(node.id, link) for link in range(len(node.addresses))]

    def _close(self, name: str, told: Iterable[str]) -> None:
        for peer in told:
            view = self.views.get(peer)
            if view is not None and name in view.linked and not self._hears(peer, name):
                view.linked.discard(name)
                view.silent.pop(name, None)
                words.link_down(self._agenda, self._machines[peer], self._links(name))

    def _await_token(self, name: str, view: View) -> None:
        """Let the token be late, and lost, and the membership be formed anew without whoever is silent still."""

        def still() -> bool:
            return self._is(name, view) and any(
                view.seen[peer].joined and self._agenda.now - since >= LINK_DOWN - 0.1
                for peer, since in view.silent.items()
                if peer in view.seen
            )

        def late() -> None:
            if still():
                words.token_late(self._agenda, self._machines[name])

        def lost() -> None:
            if still():
                words.token_lost(self._agenda, self._machines[name])

        def out() -> None:
            if still():
                self._form()

        for seconds, step in ((TOKEN_LATE, late), (TOKEN_LOST, lost), (LOSS, out)):
            self._agenda.after(seconds, step)

    # What they agree on

    def _begin(self, name: str, view: View) -> None:
        """Be a member of a membership of one's own first."""
        if self._is(name, view):
            own = [self._id(name)]
            words.membership(self._agenda, self._machines[name], view.ring, own, own, [], [])
            words.formed(self._agenda, self._machines[name], own)

    def _greet(self, name: str, view: View) -> None:
        """Have the links up between a daemon that starts and those that it reaches."""
        if not self._is(name, view):
            return
        for peer, other in self.views.items():
            if peer != name and self._reaches(name, peer):
                for me, mine, it in ((name, view, peer), (peer, other, name)):
                    mine.silent.pop(it, None)
                    if it not in mine.linked:
                        mine.linked.add(it)
                        machine = self._machines[me]
                        words.link_up(self._agenda, machine, self._links(it))
                        self._agenda.after(MEASURING, partial(words.measured, self._agenda, machine))

    def _meet(self, name: str, view: View) -> None:
        if self._is(name, view):
            view.met = True
            self._form()

    def _sides(self) -> list[list[str]]:
        """Return the running daemons that form a membership together, in the order of the node list."""
        sides: list[list[str]] = []
        for node in self.conf.nodes:
            view = self.views.get(node.name)
            if view is None or not view.met:
                continue
            for side in sides:
                if all(self._reaches(node.name, other) for other in side):
                    side.append(node.name)
                    break
            else:
                sides.append([node.name])
        return sides

    def _form(self, goodbye: str = "") -> None:
        changed = False
        for side in self._sides():
            changed |= self._form_side(side, goodbye)
        if changed or not goodbye:
            self._changed()

    def _form_side(self, side: list[str], goodbye: str) -> bool:
        moves = {name: self._moves(name, side) for name in side}
        quorate = {name: self.quorate(name) for name in side}
        if any(joined for joined, _ in moves.values()):
            self._expected = None
        if any(joined or left for joined, left in moves.values()):
            self._ring += 4
            for name in side:
                self.views[name].ring = self._ring
                self._apply(name, *moves[name])
        alone = all(self.views[name].waiting for name in side)
        if len(side) == len(self.conf.nodes) or not alone:
            for name in side:
                self.views[name].waiting = False
        for name in side:
            joined, left = moves[name]
            if joined or left:
                self._tell(name, side, joined, left, goodbye)
            if self.quorate(name) != quorate[name]:
                words.quorum(self._agenda, self._machines[name], regained=not quorate[name])
            if joined or left:
                words.formed(self._agenda, self._machines[name], [self._id(each) for each in side])
        return any(joined or left for joined, left in moves.values())

    def _moves(self, name: str, side: list[str]) -> tuple[list[str], list[str]]:
        """Return who joins and who leaves in a daemon's eyes; one that was started anew in between does both."""
        seen = self.views[name].seen
        again = [each for each in side if each in seen and seen[each].incarnation != self.views[each].incarnation]
        joined = [each for each in side if each not in seen or not seen[each].joined or each in again]
        left = [each for each in self.members(name) if each not in side or each in again]
        return joined, left

    def _apply(self, name: str, joined: list[str], left: list[str]) -> None:
        view, machine = self.views[name], self._machines[name]
        before = self.members(name)
        for each in left:
            view.seen[each].joined = False
            words.left_map(machine, self._id(each))
        for each in joined:
            known = view.seen.setdefault(each, Seen(joined=False, count=0, incarnation=0))
            known.joined, known.incarnation = True, self.views[each].incarnation
            known.count += 1
            view.silent.pop(each, None)
            words.joined_map(machine, self.conf.node(each), known.count)
        highest = max(self._id(each) for each in self.members(name))
        if before and highest != max(self._id(each) for each in before):
            words.highest_map(machine, highest)

    def _tell(self, name: str, side: list[str], joined: list[str], left: list[str], goodbye: str) -> None:
        silent = [each for each in left if each != goodbye]
        ids = tuple([self._id(each) for each in some] for some in (side, joined, left, silent))
        words.membership(self._agenda, self._machines[name], self.views[name].ring, *ids)
