"""One cluster: the machines that its node list names, their corosync and their Pacemaker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from sandbox.nodes.agenda import Agenda
from sandbox.nodes.corosync_conf import Conf
from sandbox.nodes.machine import Machine
from sandbox.nodes.membership import Membership
from sandbox.nodes.pacemaker import Pacemaker


@dataclass(frozen=True, slots=True)
class Side:
    """A cluster as one of its nodes sees it: while the network is cut there is more than one Pacemaker in it."""

    conf: Conf
    membership: Membership
    pacemaker: Pacemaker


class Cluster:
    """What runs of a corosync.conf. The name that a machine has in it need not be its own: see `name_of`.

    `reaches` says whether two machines can talk, and `fence` switches one off and on again.
    """

    def __init__(
        self,
        conf: Conf,
        agenda: Agenda,
        reaches: Callable[[Machine, Machine], bool],
        fence: Callable[[Machine], None],
    ) -> None:
        self.conf = conf
        self._machines: dict[str, Machine] = {}
        self._agenda = agenda
        self._fence = fence
        self._reach = reaches
        self.membership = Membership(conf, self._machines, agenda, self._reaches, self._members_changed)
        self._sides = [self._make_side()]

    def _make_side(self) -> Pacemaker:
        def fence(name: str) -> None:
            self._fence(self._machines[name])

        return Pacemaker(self.conf, self.membership, self._machines, self._agenda, fence)

    def _reaches(self, one: str, other: str) -> bool:
        return self._reach(self._machines[one], self._machines[other])

    def name_of(self, machine: Machine) -> str | None:
        """Return the name of the node that a machine is, by its address; Debian's own configuration says loopback."""
        for node in self.conf.nodes:
            if machine.address in node.addresses or any(ip_address(one).is_loopback for one in node.addresses):
                return node.name
        return None

    def side(self, machine: Machine) -> Side:
        """Return the cluster as a machine sees it."""
        name = self.name_of(machine)
        mine = next((side for side in self._sides if name in side.controllers), self._sides[0])
        return Side(self.conf, self.membership, mine)

    def start_corosync(self, machine: Machine) -> bool:
        """Start a machine's corosync; say whether it is a node here at all."""
        name = self.name_of(machine)
        if name is None:
            return False
        self._machines[name] = machine
        self.membership.start(name)
        return True

    def start_pacemaker(self, machine: Machine) -> None:
        """Start a machine's Pacemaker, behind its corosync. Peers may not have noticed yet that it was gone."""
        name = self.name_of(machine)
        if name is None:
            return
        for side in self._sides:
            side.vanish(name)
        heard = (side for side in self._sides if any(self._reaches(name, peer) for peer in side.controllers))
        free = (side for side in self._sides if not side.controllers)
        found = next(heard, None) or next(free, None)
        if found is None:
            found = self._make_side()
            self._sides.append(found)
        found.start(name)

    def stop_pacemaker(self, machine: Machine) -> None:
        """Stop a machine's Pacemaker and what it runs."""
        name = self.name_of(machine)
        for side in self._sides:
            if name is not None and name in side.controllers:
                side.stop(name)

    def stop_corosync(self, machine: Machine) -> None:
        """Stop a machine's corosync."""
        name = self.name_of(machine)
        if name is not None:
            self.membership.stop(name)

    def lose(self, machine: Machine) -> None:
        """Let a machine's daemons be gone without a word."""
        name = self.name_of(machine)
        if name is not None:
            self.membership.lose(name)

    def suspect(self, machine: Machine) -> None:
        """Let checks find what is gone on a machine."""
        name = self.name_of(machine)
        for side in self._sides:
            if name is not None and name in side.controllers:
                side.work.suspect(name)

    def _members_changed(self) -> None:
        """Part and join the sides as corosync's memberships are now, and let each see who came and went."""
        for side in tuple(self._sides):
            self._part(side)
        self._join()
        self._sides = [side for side in self._sides if side.controllers] or self._sides[:1]
        for side in self._sides:
            side.welcome()

    def _part(self, side: Pacemaker) -> None:
        parts = self._parts(side)
        if not parts:
            for name in tuple(side.controllers):
                if name not in self.membership.views:
                    side.vanish(name)
            return
        home = next((part for part in parts if side.dc in part), next(iter(parts)))
        sides = {home: side}
        for part, names in parts.items():
            if part != home:
                sides[part] = side.fork(names)
                self._sides.append(sides[part])
        for part, one in sides.items():
            for name in tuple(one.controllers):
                if name not in part and name not in self.membership.views:
                    one.lose(name)

    def _parts(self, side: Pacemaker) -> dict[tuple[str, ...], list[str]]:
        """Return the nodes of a side by the membership that their corosync is in now."""
        parts: dict[tuple[str, ...], list[str]] = {}
        for name in side.controllers:
            view = self.membership.views.get(name)
            if view is not None and view.met:
                parts.setdefault(tuple(self.membership.members(name)), []).append(name)
        return parts

    def _join(self) -> None:
        """Let the side with the newest configuration take in those that it can hear again."""
        newest = sorted(
            (side for side in self._sides if side.controllers), key=lambda side: side.cib.version, reverse=True
        )
        for number, side in enumerate(newest):
            for other in newest[number + 1 :]:
                if any(name in self.membership.members(own) for own in side.controllers for name in other.controllers):
                    side.absorb(other)
