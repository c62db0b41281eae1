"""One cluster: the machines that its node list names, their corosync and their Pacemaker."""

from __future__ import annotations

from ipaddress import ip_address

from sandbox.nodes.agenda import Agenda
from sandbox.nodes.corosync_conf import Conf
from sandbox.nodes.machine import Machine
from sandbox.nodes.membership import Membership
from sandbox.nodes.pacemaker import Pacemaker


class Cluster:
    """What runs of a corosync.conf. The name that a machine has in it need not be its own: see `name_of`."""

    def __init__(self, conf: Conf, agenda: Agenda) -> None:
        self.conf = conf
        self._machines: dict[str, Machine] = {}
        self.membership = Membership(conf, agenda, self._members_changed)
        self.pacemaker = Pacemaker(conf, self.membership, self._machines, agenda)

    def name_of(self, machine: Machine) -> str | None:
        """Return the name of the node that a machine is, by its address; Debian's own configuration says loopback."""
        for node in self.conf.nodes:
            if machine.address in node.addresses or any(ip_address(one).is_loopback for one in node.addresses):
                return node.name
        return None

    def start_corosync(self, machine: Machine) -> bool:
        """Start a machine's corosync; say whether it is a node here at all."""
        name = self.name_of(machine)
        if name is None:
            return False
        self._machines[name] = machine
        self.membership.start(name)
        return True

    def start_pacemaker(self, machine: Machine) -> None:
        """Start a machine's Pacemaker, behind its corosync."""
        name = self.name_of(machine)
        if name is not None:
            self.pacemaker.start(name)

    def stop_pacemaker(self, machine: Machine) -> None:
        """Stop a machine's Pacemaker and what it runs."""
        name = self.name_of(machine)
        if name is not None:
            self.pacemaker.stop(name)

    def stop_corosync(self, machine: Machine) -> None:
        """Stop a machine's corosync."""
        name = self.name_of(machine)
        if name is not None:
            self.membership.stop(name)

    def lose(self, machine: Machine) -> None:
        """Let a machine be gone without a word."""
        name = self.name_of(machine)
        if name is not None:
            self.membership.lose(name)

    def _members_changed(self) -> None:
        """Tell Pacemaker who left the membership, and that somebody may have come."""
        alive = {name for view in self.membership.views for name in self.membership.members(view)}
        for name in list(self.pacemaker.controllers):
            if name not in alive:
                self.pacemaker.lose(name)
        self.pacemaker.look()
