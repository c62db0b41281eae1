"""How Pacemaker words in the journal what it decides and does: as much of it as tells what happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandbox.nodes.agenda import Agenda
from sandbox.nodes.machine import Machine
from sandbox.nodes.voice import pacemaker

if TYPE_CHECKING:
    from sandbox.nodes.work import Failure

_DAEMONS = ("pacemaker-based", "pacemaker-attrd", "pacemaker-fenced", "pacemaker-controld")
_CONTROLLER, _SCHEDULER, _ATTRIBUTES = "pacemaker-controld", "pacemaker-schedulerd", "pacemaker-attrd"


def stopping(agenda: Agenda, machine: Machine) -> None:
    """Say that the daemons of a node end because they were told to."""
    pacemaker(agenda, machine, "pacemakerd", "Caught 'Terminated' signal")
    pacemaker(agenda, machine, "pacemakerd", "Shutting down Pacemaker")


def lost(agenda: Agenda, witness: Machine, node: str, *, was_dc: bool) -> None:
    """Say that a peer is gone."""
    for daemon in _DAEMONS:
        pacemaker(agenda, witness, daemon, f"Node {node} state is now lost")
    if was_dc:
        newest = witness.release.pacemaker_3
        words = f"Our peer on the DC ({node}) is dead" if newest else f"Our DC node ({node}) left the cluster"
        pacemaker(agenda, witness, _CONTROLLER, words, "notice" if newest else "warning")
        _state(agenda, witness, "S_NOT_DC", "S_ELECTION")


def joined(agenda: Agenda, witness: Machine, node: str) -> None:
    """Say that a peer came."""
    for daemon in _DAEMONS:
        pacemaker(agenda, witness, daemon, f"Node {node} state is now member")


def elected(agenda: Agenda, dc: Machine) -> None:
    """Say that this node is the DC now."""
    _state(agenda, dc, "S_ELECTION", "S_INTEGRATION")


def quorum(agenda: Agenda, witness: Machine, *, regained: bool) -> None:
    """Say that quorum came or went."""
    if regained:
        pacemaker(agenda, witness, _CONTROLLER, "Quorum acquired")
    else:
        pacemaker(agenda, witness, _CONTROLLER, "Quorum lost", "warning")


def unclean(agenda: Agenda, dc: Machine, node: str) -> None:
    """Say that a node is to be fenced."""
    pacemaker(
        agenda, dc, _SCHEDULER, f"Cluster node {node} will be fenced: peer is no longer part of the cluster", "warning"
    )
    pacemaker(agenda, dc, _SCHEDULER, f"Scheduling node {node} for fencing", "warning")


def fenced(agenda: Agenda, witness: Machine, node: str, by: str) -> None:
    """Say that it was."""
    words = f"Peer {node} was terminated (reboot) by {by} on behalf of pacemaker-controld: OK"
    pacemaker(agenda, witness, _CONTROLLER, words)


def attribute(agenda: Agenda, witness: Machine, node: str, name: str, before: str | None, value: str | None) -> None:
    """Say that an attribute of a node changed."""
    where = " in instance_attributes" if witness.release.pacemaker_3 else ""
    was, is_ = before or "(unset)", value or "(unset)"
    pacemaker(agenda, witness, _ATTRIBUTES, f"Setting {name}[{node}]{where}: {was} -> {is_}")


def begun(agenda: Agenda, dc: Machine) -> None:
    """Say that the DC's scheduler is asked."""
    _state(agenda, dc, "S_IDLE", "S_POLICY_ENGINE")


def planned(agenda: Agenda, dc: Machine, what: str, resource: str, node: str) -> None:
    """Say what the scheduler will do (`what`: Start, Stop, Recover)."""
    begun = "Actions:" if not dc.release.pacemaker_2_0 and not dc.release.pacemaker_3 else " *"
    pacemaker(agenda, dc, _SCHEDULER, f"{begun} {what:<10} {resource:<13} ( {node:>5} )")


def initiated(agenda: Agenda, dc: Machine, task: str, resource: str, node: str) -> None:
    """Say that the DC has an action done."""
    pacemaker(agenda, dc, _CONTROLLER, f"Initiating {task} operation {resource}_{task}_0 on {node}")


def ended(agenda: Agenda, machine: Machine, task: str, resource: str, node: str, result: str = "ok") -> None:
    """Say on the node that does it how an action ended."""
    words = f"Result of {task} operation for {resource} on {node}: {machine.release.result(result)}"
    pacemaker(agenda, machine, _CONTROLLER, words)


def idle(agenda: Agenda, dc: Machine, transition: int) -> None:
    """Say that a transition is complete."""
    source = "Source=/var/lib/pacemaker/pengine/pe-input-1.bz2"
    words = f"Transition {transition} (Complete=1, Pending=0, Fired=0, Skipped=0, Incomplete=0, {source}): Complete"
    pacemaker(agenda, dc, _CONTROLLER, words)
    _state(agenda, dc, "S_TRANSITION_ENGINE", "S_IDLE")


def changed(agenda: Agenda, dc: Machine, transition: int) -> None:
    """Say that the configuration changed."""
    words = f"Transition {transition} aborted by configuration doing modify: Configuration change"
    pacemaker(agenda, dc, _CONTROLLER, words)


def unexpected(agenda: Agenda, dc: Machine, transition: int, failure: Failure, node: str) -> None:
    """Say that an operation did not end as it should."""
    found = dc.release.result(failure.result.words)
    words = f"Transition {transition} action 9 ({failure.operation} on {node}): expected '{dc.release.result('ok')}' but got '{found}'"
    pacemaker(agenda, dc, _CONTROLLER, words)
    at = time.strftime("%b %d %H:%M:%S %Y", time.gmtime(dc.time(agenda.now)))
    words = f"Unexpected result ({found}) was recorded for {failure.task} of {failure.resource} on {node} at {at}"
    pacemaker(agenda, dc, _SCHEDULER, words, "warning")


def _state(agenda: Agenda, machine: Machine, before: str, after: str) -> None:
    pacemaker(agenda, machine, _CONTROLLER, f"State transition {before} -> {after}")
