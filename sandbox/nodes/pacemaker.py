"""Pacemaker of one cluster: its DC, its configuration, and resources on their way to where they are to run."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.nodes import cib_status
from sandbox.nodes.agenda import Agenda
from sandbox.nodes.cib import EMPTY, Cib, Resource
from sandbox.nodes.corosync_conf import Conf
from sandbox.nodes.machine import CIB_XML, Machine
from sandbox.nodes.membership import Membership
from sandbox.nodes.placement import place

VERSION = "2.1.5-a3f44794f94"
ELECTION = 1.0
"""Seconds until the first DC; the real default waits 20 (`dc-deadtime`)."""
RE_ELECTION = 0.4
JOINING = 0.6
"""Seconds from the start of a node's daemon until the DC takes it in."""
TRANSITION = 0.05
START = {"systemd": 1.0}
"""Seconds that a resource of a class takes to start; others are quick."""
QUICK = 0.1
FENCING = 2.0


class Pacemaker:
    """The daemons of one cluster and what they share. Node names are those of corosync's node list."""

    def __init__(self, conf: Conf, membership: Membership, machines: Mapping[str, Machine], agenda: Agenda) -> None:
        self.conf = conf
        self.cib = Cib.parse(EMPTY)
        self.dc: str | None = None
        self.controllers: list[str] = []
        self.online: set[str] = set()
        self.expected: set[str] = set()
        self.unclean: set[str] = set()
        self.transient: dict[str, dict[str, str]] = {}
        self.active: dict[str, frozenset[str]] = {}
        self.since: dict[tuple[str, str], float] = {}
        self.changed_at = agenda.now
        self.changed_by = ("hacluster", "crmd", "")
        self._membership = membership
        self._machines = machines
        self._agenda = agenda
        self._electing = False
        self._looking = False
        self._starting: set[tuple[str, str]] = set()

    # Daemons

    def start(self, name: str) -> None:
        """Start the daemon of a node: it brings the configuration on its disk along, and the newest one counts."""
        if name in self.controllers:
            return
        if not self.controllers:
            for memory in (self.expected, self.unclean, self.transient, self.active):
                memory.clear()
        disk = self._machines[name].read(CIB_XML)
        found = Cib.parse(EMPTY if disk is None else disk)
        if not self.controllers or found.version > self.cib.version:
            self.cib = found
        self.controllers.append(name)
        self._agenda.after(JOINING, self._welcome)
        self._save()

    def stop(self, name: str) -> None:
        """Stop the daemon of a node in order: what runs there is stopped first."""
        if name not in self.controllers:
            return
        for resource in reversed(list(self.cib.resources())):
            if name in self.active.get(resource.id, frozenset()):
                self._stop(resource, name)
        self._save()
        self.expected.discard(name)
        self._leave(name)

    def lose(self, name: str) -> None:
        """Note that a node left the membership without a word, if its daemon was not heard of since."""
        if name not in self.controllers:
            return
        if self._fences:
            self.unclean.add(name)
        else:
            self._drop(name)
        self._leave(name)
        if self._fences and self._has_device:
            self._agenda.after(FENCING, lambda: self._fenced(name))

    @property
    def _fences(self) -> bool:
        return self.cib.properties().get("stonith-enabled", "true") == "true"

    @property
    def _has_device(self) -> bool:
        return any(resource.cls == "stonith" for resource in self.cib.resources())

    def _fenced(self, name: str) -> None:
        if name in self.unclean:
            self.expected.discard(name)
            self._drop(name)
            self.look()

    def _drop(self, name: str) -> None:
        self.unclean.discard(name)
        self.active = {resource: where - {name} for resource, where in self.active.items()}

    def _leave(self, name: str) -> None:
        self.controllers.remove(name)
        self.online.discard(name)
        self.transient.pop(name, None)
        if self.dc == name:
            self.dc = None
        self._welcome()

    def _welcome(self) -> None:
        """Take in whoever is there, and see that there is a DC to do so."""
        if self.dc is None:
            if self.controllers and not self._electing:
                self._electing = True
                self._agenda.after(RE_ELECTION if self.online else ELECTION, self._elect)
            return
        for name in self.controllers:
            if name in self._membership.members(self.dc) and name not in self.online:
                self._drop(name)
                self.online.add(name)
                self.expected.add(name)
                self.transient[name] = {}
                if name not in self.cib.nodes():
                    self.cib.section("nodes").append(cib_status.node(self.conf.node(name).id, name))
                    self.changed("hacluster", "crmd", self.dc)
        self.look()

    def _elect(self) -> None:
        self._electing = False
        if self.dc is not None or not self.controllers:
            return
        self.dc = next((name for name in self.controllers if name in self.online), self.controllers[0])
        properties = {
            "have-watchdog": "false",
            "dc-version": VERSION,
            "cluster-infrastructure": "corosync",
            "cluster-name": self.conf.name,
        }
        if properties.items() - self.cib.properties().items():
            for name, value in properties.items():
                self.cib.set_property(name, value)
            self.changed("hacluster", "crmd", self.dc)
        self._welcome()

    # Configuration

    def changed(self, user: str, client: str, origin: str) -> None:
        """Count a change of the configuration, and act on it."""
        self.cib.bump(configuration=True)
        self.changed_at, self.changed_by = self._agenda.now, (user, client, origin)
        self._save()
        self.look()

    def _save(self) -> None:
        for name in self.controllers:
            self._machines[name].write(CIB_XML, self.cib.text(), "600", "hacluster:haclient")

    def set_attribute(self, node: str, name: str, value: str | None) -> None:
        """Set a transient attribute of a node, or take it away with None."""
        held = self.transient.setdefault(node, {})
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value
        self.cib.bump(configuration=False)
        self.look()

    def attributes(self) -> dict[str, dict[str, str]]:
        """Return what every node carries, for good and for now."""
        return {
            name: {**self.cib.node_attributes(name), **self.transient.get(name, {})}
            for name in (node.name for node in self.conf.nodes)
        }

    # Resources

    @property
    def quorate(self) -> bool:
        """Whether the DC's partition has quorum."""
        return self.dc is not None and self._membership.quorate(self.dc)

    @property
    def settled(self) -> bool:
        """Whether everything is where it is to be."""
        return self.dc is not None and not self._starting and not self._looking

    def look(self) -> None:
        """Have the DC compare what is with what should be, in a moment."""
        if not self._looking:
            self._looking = True
            self._agenda.after(TRANSITION, self._transition)

    def _transition(self) -> None:
        self._looking = False
        target = self._target()
        if target is None:
            return
        resources = list(self.cib.resources())
        known = {resource.id for resource in resources}
        self.active = {name: where for name, where in self.active.items() if name in known}
        for resource in reversed(resources):
            for name in self.active.get(resource.id, frozenset()) - target[resource.id]:
                self._stop(resource, name)
        for resource in resources:
            for name in target[resource.id] - self.active.get(resource.id, frozenset()):
                self._begin(resource, name)

    def _target(self) -> dict[str, frozenset[str]] | None:
        """Return where everything is to run; None where nothing is touched, as with fencing and no device to fence by."""
        if self.dc not in self._membership.views or self.unclean or (self._fences and not self._has_device):
            return None
        if self.cib.properties().get("maintenance-mode") == "true":
            return None
        standby = {name for name, held in self.attributes().items() if held.get("standby") == "on"}
        able = [node.name for node in self.conf.nodes if node.name in self.online - standby]
        return place(self.cib, able if self.quorate else [], self.attributes(), self.active)

    def _begin(self, resource: Resource, name: str) -> None:
        if (resource.id, name) in self._starting:
            return
        self._starting.add((resource.id, name))
        boot = self._machines[name].boot
        running = resource.cls == "systemd" and self._machines[name].runs(resource.type)
        seconds = QUICK if running else START.get(resource.cls, QUICK)
        self._agenda.after(seconds, lambda: self._begun(resource, name, boot))

    def _begun(self, resource: Resource, name: str, boot: int) -> None:
        self._starting.discard((resource.id, name))
        machine = self._machines[name]
        target = self._target()
        if not machine.powered or machine.boot != boot or not target or name not in target.get(resource.id, ()):
            return
        if resource.cls == "systemd" and resource.type in machine.units:
            machine.units[resource.type].start(self._agenda.now)
        address = _floating(resource)
        if address and address not in machine.floating:
            machine.floating.append(address)
        self.active[resource.id] = self.active.get(resource.id, frozenset()) | {name}
        self.since[resource.id, name] = self._agenda.now
        self.cib.bump(configuration=False)
        self.look()

    def _stop(self, resource: Resource, name: str) -> None:
        machine = self._machines[name]
        if resource.cls == "systemd" and resource.type in machine.units:
            machine.units[resource.type].active = False
        address = _floating(resource)
        if address in machine.floating:
            machine.floating.remove(address)
        self.active[resource.id] = self.active.get(resource.id, frozenset()) - {name}
        self.cib.bump(configuration=False)


def _floating(resource: Resource) -> str:
    return resource.attributes.get("ip", "") if resource.type in {"IPaddr2", "IPaddr"} else ""
