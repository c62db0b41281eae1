"""All simulated servers, on one subnet: their power, their services, and who reaches whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network

from sandbox.nodes import corosync_conf, proxy, voice
from sandbox.nodes.agenda import Agenda
from sandbox.nodes.clock import Clock, WallClock
from sandbox.nodes.cluster import Cluster
from sandbox.nodes.machine import COROSYNC_CONF, HAPROXY_CFG, Machine
from sandbox.nodes.proxy import ProxyConfig
from sandbox.nodes.release import RELEASES

SUBNET = "10.77.0"
"""The first three numbers of all addresses, where no others are given."""
PCSD = 2224
BOOTING = 4.0
"""Seconds from power on until services that start at boot are up."""
REBOOTING = 1.0
"""Seconds that a fenced machine is off."""
SHUTTING_DOWN = 0.5
"""Seconds from the end of its services until a machine is off."""
RESTARTING = 0.3
"""Seconds until systemd has started again what was killed."""


class World:
    """Bare servers of one release of Debian to begin with.

    Look at it after `settle` only: that lets happen what was to happen by now.
    """

    def __init__(
        self, names: Iterable[str], clock: Clock | None = None, subnet: str = SUBNET, debian: int = 12
    ) -> None:
        self.clock = clock or WallClock()
        self.agenda = Agenda(self.clock)
        self.machines = {
            name: Machine(name, f"{subnet}.{11 + number}", RELEASES[debian]) for number, name in enumerate(names)
        }
        self.vips: tuple[str, ...] = (f"{subnet}.101", f"{subnet}.102")
        self.power_changed: Callable[[str], None] = lambda name: None  # noqa: ARG005
        """Called with a machine's name when it was switched off or on."""
        self.lines: deque[str] = deque(maxlen=20_000)
        """The latest lines that sshd was handed: what anybody on the machines could read in a list of processes."""
        self.unknown_commands: list[str] = []
        """Command lines that nothing here can play: what a test asserts to stay empty."""
        self.defects: list[str] = []
        """Commands that the model itself stumbled over, each with where: to stay empty as well."""
        self._clusters: dict[tuple[str, ...], Cluster] = {}
        self._running: dict[str, Cluster] = {}
        self._cuts: set[frozenset[str]] = set()
        for machine in self.machines.values():
            machine.started = self.clock.now()
            for unit in machine.units.values():
                unit.since = machine.started

    def settle(self) -> None:
        """Let everything happen that was to happen by now."""
        self.agenda.settle()

    # Power

    def power_off(self, name: str) -> None:
        """Cut a machine's power."""
        self.settle()
        machine = self.machines[name]
        if not machine.powered:
            return
        machine.power_off()
        cluster = self._running.pop(name, None)
        if cluster is not None:
            cluster.lose(machine)
        self.power_changed(name)

    def power_on(self, name: str) -> None:
        """Switch it on again; services that start at boot come a little later."""
        self.settle()
        machine = self.machines[name]
        if machine.powered:
            return
        machine.power_on(self.agenda.now)
        boot = machine.boot

        def services() -> None:
            if machine.powered and machine.boot == boot:
                for unit in ("pcsd", "haproxy", "corosync", "pacemaker"):
                    if unit in machine.units and machine.units[unit].enabled:
                        self.start(machine, unit)

        self.agenda.after(BOOTING, services)
        self.power_changed(name)

    def fence(self, machine: Machine, *, off: bool = False) -> None:
        """Do what a fencing device does: cut a machine's power, and give it back unless it is to be left `off`."""
        self.power_off(machine.name)
        if not off:
            self.agenda.after(REBOOTING, lambda: self.power_on(machine.name))

    # Faults

    def cut(self, one: str, other: str | None = None) -> None:
        """Cut two machines off each other, or one off all others."""
        self.settle()
        others = [name for name in self.machines if name != one] if other is None else [other]
        self._cuts |= {frozenset({one, name}) for name in others}
        self._noticed()

    def heal(self) -> None:
        """Undo all cuts between machines."""
        self.settle()
        self._cuts.clear()
        self._noticed()

    def reaches(self, one: Machine, other: Machine) -> bool:
        """Say whether what one machine sends comes to another."""
        return one.powered and other.powered and frozenset({one.name, other.name}) not in self._cuts

    def _noticed(self) -> None:
        for cluster in {id(cluster): cluster for cluster in self._running.values()}.values():
            cluster.membership.notice()

    def kill(self, name: str, unit: str) -> None:
        """End a service with SIGKILL.

        systemd starts Pacemaker again, and with it corosync. HAProxy, too, unless it was Pacemaker that started it.
        """
        self.settle()
        machine = self.machines[name]
        if not machine.runs(unit):
            return
        cluster, boot = self._running.get(name), machine.boot
        again = ""
        if unit in {"corosync", "pacemaker"} and machine.runs("pacemaker"):
            again = "pacemaker"
        if unit == "haproxy" and not machine.units[unit].clustered:
            again = unit
        gone = {"corosync": ("pacemaker", "corosync")}.get(unit, (unit,))
        for each in gone:
            machine.units[each].stop()
            voice.died(self.agenda, machine, each, "code=killed, status=9/KILL")
        if unit == "corosync" and cluster is not None:
            del self._running[name]
            cluster.lose(machine)

        def restart() -> None:
            if machine.powered and machine.boot == boot:
                self.start(machine, again)

        if again:
            self.agenda.after(RESTARTING, restart)
        if cluster is not None:
            cluster.suspect(machine)

    def remove_address(self, name: str, address: str) -> bool:
        """Take a floating address off a machine by hand; say whether it was there."""
        self.settle()
        machine = self.machines[name]
        if address not in machine.floating:
            return False
        machine.floating.remove(address)
        cluster = self._running.get(name)
        if cluster is not None:
            cluster.suspect(machine)
        return True

    def shut_down(self, name: str) -> None:
        """Have a machine end its services in order, and then switch itself off."""
        self.settle()
        machine = self.machines[name]
        for unit in ("pacemaker", "corosync", "haproxy", "pcsd"):
            if machine.runs(unit):
                self.stop(machine, unit)
        boot = machine.boot

        def off() -> None:
            if machine.boot == boot:
                self.power_off(name)

        self.agenda.after(SHUTTING_DOWN, off)

    def skew(self, name: str, seconds: float) -> None:
        """Put a machine's clock ahead of the others."""
        self.machines[name].skew = seconds

    # Services

    def cluster_of(self, machine: Machine) -> Cluster | None:
        """Return the cluster whose corosync runs on a machine."""
        return self._running.get(machine.name)

    def start(self, machine: Machine, unit: str) -> bool:
        """Start a service and what it needs; say whether it runs now."""
        if machine.units[unit].active:
            return True
        if unit == "corosync" and not self._start_corosync(machine):
            return False
        if unit == "pacemaker":
            if not self.start(machine, "corosync"):
                return False
            voice.systemd(self.agenda, machine, unit, "Started")
            self._running[machine.name].start_pacemaker(machine)
        if unit == "haproxy" and self.proxy(machine).problem:
            return False
        machine.units[unit].start(self.agenda.now)
        return True

    def _start_corosync(self, machine: Machine) -> bool:
        text = machine.read(COROSYNC_CONF)
        try:
            conf = corosync_conf.parse(text or "")
        except (ValueError, KeyError):
            return False
        key = (conf.name, conf.uuid or machine.name, *(node.name for node in conf.nodes))
        if key not in self._clusters:
            self._clusters[key] = Cluster(conf, self.agenda, self.reaches, self.fence)
        cluster = self._clusters[key]
        voice.systemd(self.agenda, machine, "corosync", "Starting")
        if not cluster.start_corosync(machine):
            return False
        self._running[machine.name] = cluster
        return True

    def stop(self, machine: Machine, unit: str) -> None:
        """Stop a service, and before it what needs it."""
        if machine.runs(unit):
            voice.systemd(self.agenda, machine, unit, "Stopping")
        cluster = self._running.get(machine.name)
        if unit == "corosync" and cluster is not None:
            self.stop(machine, "pacemaker")
            cluster.stop_corosync(machine)
            del self._running[machine.name]
        if unit == "pacemaker" and cluster is not None:
            cluster.stop_pacemaker(machine)
        if machine.runs(unit):
            machine.units[unit].stop()
            voice.systemd(self.agenda, machine, unit, "Stopped")
            if cluster is not None:
                cluster.suspect(machine)

    def proxy(self, machine: Machine) -> ProxyConfig:
        """Return what a machine's HAProxy is configured to do."""
        return proxy.read(machine.read(HAPROXY_CFG) or "", HAPROXY_CFG)

    # The network

    def holder(self, address: str) -> Machine | None:
        """Return the machine that answers for an address."""
        for machine in self.machines.values():
            if machine.powered and address in {machine.address, *machine.floating}:
                return machine
        return None

    def port_state(self, address: str, port: int) -> str:
        """Return what a connect to a port would find: open, refused, or filtered where nobody is."""
        machine = self.holder(address)
        if machine is None:
            return "filtered"
        ssh = port == 22  # noqa: PLR2004 - sshd's
        pcsd = port == PCSD and machine.runs("pcsd")
        web = machine.runs("haproxy") and self.proxy(machine).listens(address, port)
        return "open" if ssh or pcsd or web else "refused"


def same_subnet(one: str, other: str) -> bool:
    """Say whether two addresses are on one subnet."""
    return ip_address(one) in ip_network(f"{other}/24", strict=False)
