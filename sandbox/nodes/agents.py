"""What resource agents do on a machine: start, stop, and look whether something runs, each with its result."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.nodes.cib import Resource
from sandbox.nodes.machine import HAPROXY_CFG, NIC, Machine
from sandbox.nodes.proxy import read


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended: the exit code of the OCF's list, its word for it, and the agent's own reason."""

    words: str
    code: int
    reason: str = ""

    @property
    def hopeless(self) -> bool:
        """Whether it would end so anywhere: Pacemaker then tries no other node."""
        return self.code == _NOT_CONFIGURED


_NOT_CONFIGURED = 6
OK = Result("ok", 0)
NOT_RUNNING = Result("not running", 7, "failed")


def floating(resource: Resource) -> str:
    """Return the address that a resource is, "" where it is none."""
    return resource.attributes.get("ip", "") if resource.type in {"IPaddr2", "IPaddr"} else ""


def runs(resource: Resource, machine: Machine) -> bool:
    """Look whether it runs."""
    if address := floating(resource):
        return address in machine.floating
    return machine.runs(resource.type) if resource.cls == "systemd" else resource.id in machine.agents


def start(resource: Resource, machine: Machine, now: float) -> Result:
    """Start it. What runs already is left as it is: a service that systemd started stays systemd's to restart."""
    if runs(resource, machine):
        return OK
    if address := floating(resource):
        nic = resource.attributes.get("nic", NIC)
        if nic != NIC:
            return Result("not configured", _NOT_CONFIGURED, "[findif] failed")
        machine.floating.append(address)
    elif resource.cls != "systemd":
        machine.agents.add(resource.id)
    elif resource.type not in machine.units:
        return Result("not installed", 5, f"unit {resource.type} not found")
    elif resource.type == "haproxy" and not _configured(machine):
        return Result("error", 1, "failed")
    else:
        machine.units[resource.type].start(now)
        machine.units[resource.type].clustered = True
    return OK


def _configured(machine: Machine) -> bool:
    """Say whether HAProxy could start with the configuration that it has."""
    text = machine.read(HAPROXY_CFG)
    return text is not None and not read(text, HAPROXY_CFG).problem


def stop(resource: Resource, machine: Machine) -> None:
    """Stop it."""
    if (address := floating(resource)) in machine.floating:
        machine.floating.remove(address)
    elif resource.cls == "systemd" and resource.type in machine.units:
        machine.units[resource.type].stop()
    machine.agents.discard(resource.id)
