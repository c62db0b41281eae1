"""What the daemons of a machine say, each to where the real one says it.

Corosync writes to its log file and to the journal, and tells whoever subscribed to its map of changes. Pacemaker and
systemd write to the journal alone.
"""

from __future__ import annotations

import time

from sandbox.nodes.agenda import Agenda
from sandbox.nodes.machine import BOOT_ID, Machine

COROSYNC, PACEMAKER = "corosync.service", "pacemaker.service"
_TITLES = {
    COROSYNC: "corosync.service - Corosync Cluster Engine",
    PACEMAKER: "pacemaker.service - Pacemaker High Availability Cluster Manager",
}
_PIDS = {
    "systemd": 1,
    "corosync": 597,
    "pacemakerd": 607,
    "pacemaker-based": 608,
    "pacemaker-fenced": 609,
    "pacemaker-execd": 610,
    "pacemaker-attrd": 611,
    "pacemaker-schedulerd": 612,
    "pacemaker-controld": 613,
}


def corosync(agenda: Agenda, machine: Machine, subsystem: str, text: str, level: str = "notice") -> None:
    """Say something in corosync's name."""
    words = f"[{subsystem:<6}] {text}"
    at = machine.time(agenda.now)
    stamp = time.strftime("%b %d %H:%M:%S", time.gmtime(at))
    machine.corosync_news.say(f"{stamp} [{_PIDS['corosync']}] {machine.name} corosync {level:<7} {words}")
    _write(agenda, machine, COROSYNC, "corosync", f"  {words.rstrip()}")


def corosync_map(machine: Machine, change: str, key: str, kind: str, value: object) -> None:
    """Tell of a change in corosync's map (`create` or `modify`)."""
    machine.corosync_news.say(f"{change}> {key} ({kind}) = {value}")


def pacemaker(agenda: Agenda, machine: Machine, daemon: str, text: str, level: str = "notice") -> None:
    """Say something in the name of one of Pacemaker's daemons."""
    _write(agenda, machine, PACEMAKER, daemon, f" {level}: {text}")


def systemd(agenda: Agenda, machine: Machine, unit: str, what: str) -> None:
    """Say that systemd does something with a unit, as `Starting` it, or `Stopped`; other units are not followed."""
    service = f"{unit}.service"
    if service in _TITLES:
        tail = "..." if what.endswith("ing") else "."
        _write(agenda, machine, "init.scope", "systemd", f"{what} {_TITLES[service]}{tail}", about=service)


def died(agenda: Agenda, machine: Machine, unit: str, how: str) -> None:
    """Say that a unit's main process is gone (`how`: as in `code=killed, status=9/KILL`)."""
    service = f"{unit}.service"
    if service in _TITLES:
        _write(agenda, machine, "init.scope", "systemd", f"{service}: Main process exited, {how}", about=service)
        words = f"{service}: Failed with result 'signal'."
        _write(agenda, machine, "init.scope", "systemd", words, about=service)


def _write(agenda: Agenda, machine: Machine, unit: str, identifier: str, message: str, *, about: str = "") -> None:
    boot = (machine.read(BOOT_ID) or "").strip().replace("-", "")
    at, pid = machine.time(agenda.now), _PIDS.get(identifier, 2000)
    machine.journal.write(at, boot, unit, identifier, pid, message, about=about)
