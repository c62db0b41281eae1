"""All simulated servers, on one subnet: their power, their services, and who reaches whom."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from sandbox.nodes import corosync_conf, proxy
from sandbox.nodes.agenda import Agenda
from sandbox.nodes.clock import Clock, WallClock
from sandbox.nodes.cluster import Cluster
from sandbox.nodes.machine import COROSYNC_CONF, HAPROXY_CFG, Machine
from sandbox.nodes.proxy import ProxyConfig

SUBNET = "10.77.0.0/24"
PCSD = 2224
BOOTING = 4.0
"""Seconds from power on until services that start at boot are up; longer than the others take to see a node gone."""


class World:
    """Bare servers to begin with. Look at it after `settle` only: that lets happen what was to happen by now."""

    def __init__(self, names: Iterable[str], clock: Clock | None = None) -> None:
        self.clock = clock or WallClock()
        self.agenda = Agenda(self.clock)
        self.machines = {name: Machine(name, f"10.77.0.{11 + number}") for number, name in enumerate(names)}
        self.vips = ("10.77.0.101", "10.77.0.102")
        self.unknown_commands: list[str] = []
        """Command lines that nothing here can play: what a test asserts to stay empty."""
        self.defects: list[str] = []
        """Commands that the model itself stumbled over, each with where: to stay empty as well."""
        self._clusters: dict[tuple[str, ...], Cluster] = {}
        self._running: dict[str, Cluster] = {}
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
        cluster = self._clusters.setdefault(key, Cluster(conf, self.agenda))
        if not cluster.start_corosync(machine):
            return False
        self._running[machine.name] = cluster
        return True

    def stop(self, machine: Machine, unit: str) -> None:
        """Stop a service, and before it what needs it."""
        cluster = self._running.get(machine.name)
        if unit == "corosync" and cluster is not None:
            self.stop(machine, "pacemaker")
            cluster.stop_corosync(machine)
            del self._running[machine.name]
        if unit == "pacemaker" and cluster is not None:
            cluster.stop_pacemaker(machine)
        if unit in machine.units:
            machine.units[unit].active = False

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


def same_subnet(address: str) -> bool:
    """Say whether an address is on the machines' subnet."""
    return ip_address(address) in ip_network(SUBNET)
