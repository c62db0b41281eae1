"""A cluster in a few words: how it stands, and what serves."""

from __future__ import annotations

from dataclasses import dataclass

from commands import checks
from commands.checks import witness
from commands.checks.floating_ips import FloatingIp, floating_ips
from commands.checks.phrases import counted, listed
from commands.facts.fact import Known
from commands.report import Finding, Level
from commands.snapshot import Snapshot

_WORDS = {
    Level.OK: "healthy",
    Level.INFO: "healthy",
    Level.UNKNOWN: "partly unknown",
    Level.WARNING: "degraded",
    Level.CRITICAL: "failing",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cluster stands: one word, its level, the counts behind it, and all that was found, worst first."""

    word: str
    level: Level
    nodes: str
    quorum: str
    served: str
    """How many floating IPs are served; "" where the cluster has none."""
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> str:
        """The counts as one phrase."""
        return ", ".join(part for part in (self.nodes, self.quorum, self.served) if part)


def standing(snapshot: Snapshot) -> Standing:
    """Judge a snapshot. The worst finding decides, unless nothing runs or nothing is known."""
    found = checks.findings(snapshot)
    level = max((finding.level for finding in found), key=lambda one: one.rank, default=Level.OK)
    word = _WORDS[level]
    if next(witness.running(snapshot, "cmap"), None) is None and witness.pacemaker(snapshot) is None:
        word = "down" if witness.runs_nowhere(snapshot) else "unknown"
    return Standing(
        word,
        Level.OK if level is Level.INFO else level,
        _online(snapshot),
        _quorum(snapshot),
        _served(floating_ips(snapshot)),
        found,
    )


def _online(snapshot: Snapshot) -> str:
    total = len(snapshot.cluster.nodes)
    declared = {node.name for node in snapshot.cluster.nodes}
    for told_by, status in witness.pacemakers(snapshot)[:1]:
        online = {node.name for node in status.nodes if node.online and node.name in declared}
        unheard = any(not isinstance(snapshot.node(name).status, Known) for name in online)
        by = f" by {told_by.node.name}'s word" if unheard else ""
        return f"{len(online)} of {counted(total, 'node')} online{by}"
    members = [cmap.joined_names() for _, cmap in witness.running(snapshot, "cmap")]
    if members:
        return f"{max(len(declared & names) for names in members)} of {counted(total, 'node')} in the membership"
    if witness.runs_nowhere(snapshot):
        return f"0 of {counted(total, 'node')} online"
    stopped = [node.node.name for node in snapshot.nodes if witness.stopped(node)]
    return f"stopped on {listed(stopped)}, the rest unknown" if stopped else "no node could be asked"


def _quorum(snapshot: Snapshot) -> str:
    told = {node.node.name: quorum.quorate for node, quorum in witness.running(snapshot, "quorum")}
    if not told:
        return "" if witness.runs_nowhere(snapshot) else "quorum unknown"
    quorate = [name for name, holds in told.items() if holds]
    if len(quorate) == len(told):
        return "quorate"
    return f"quorate on {listed(quorate)} only" if quorate else "no quorum"


def _served(ips: tuple[FloatingIp, ...]) -> str:
    if not ips:
        return ""
    served = sum(ip.state == "served" for ip in ips)
    unknown = sum(ip.state == "unknown" for ip in ips)
    if unknown == len(ips):
        return "floating IPs unknown"
    of = f"{served} of {counted(len(ips), 'floating IP')}" if served < len(ips) else counted(served, "floating IP")
    return f"{of} served" + (f", {unknown} unknown" if unknown else "")
