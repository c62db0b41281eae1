"""A status as a report. Pure: snapshots in, reports out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from commands.checks import fencing, sight, witness
from commands.checks.floating_ips import FloatingIp, floating_ips
from commands.checks.phrases import counted
from commands.report import Finding, Level, Part, Report, Table, Text
from commands.snapshot import Snapshot
from commands.verbs.status.standing import Standing, standing
from commands.verbs.status.tables import floating_ips_table, nodes_table, resources_table
from config.inventory import NodeSpec

LastSeen = Callable[[NodeSpec], datetime | None]


def report_of(snapshot: Snapshot, last_seen: LastSeen = lambda _: None) -> Report:
    """Tell how one cluster is: what is wrong first, then who is there and what is where."""
    stands = standing(snapshot)
    return Report(
        f"`{snapshot.cluster.name}`: {stands.word} — {stands.counts}",
        stands.level,
        tuple(_parts(snapshot, stands, last_seen)),
        next_step=_next_step(snapshot, stands),
    )


def _parts(snapshot: Snapshot, stands: Standing, last_seen: LastSeen) -> Iterator[Part]:
    ips = floating_ips(snapshot)
    yield from (_since(snapshot, finding, last_seen) for finding in stands.findings)
    yield nodes_table(snapshot, ips)
    if ips:
        yield floating_ips_table(ips)
    resources = resources_table(snapshot, ips)
    if resources:
        yield resources
    yield Text(f"{fencing.policy(snapshot)} {_pacemaker_line(snapshot)}")


def _since(snapshot: Snapshot, finding: Finding, last_seen: LastSeen) -> Finding:
    """Add to an unknown node since when it is so."""
    if finding.level is not Level.UNKNOWN or finding.node is None:
        return finding
    node = snapshot.node(finding.node)
    seen = last_seen(node.node) if sight.is_blind(node) else None
    if seen is None:
        return finding
    return replace(finding, text=f"{finding.text}; it last answered at {seen.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")


def _pacemaker_line(snapshot: Snapshot) -> str:
    status = witness.pacemaker(snapshot)
    return f"DC: {status.dc}, Pacemaker {status.version.partition('-')[0]}." if status else "DC: unknown."


def _next_step(snapshot: Snapshot, stands: Standing) -> str:
    """Return what to type next: what brings a floating IP back, or the whole cluster; or what ends a failover."""
    cluster = snapshot.cluster.name
    ips = floating_ips(snapshot)
    for ip in ips:
        if ip.state == "waiting":
            return f"failover {ip.id} --to {ip.candidates[0]} {cluster}"
    if stands.word == "down":
        made = not any(witness.outside(node, snapshot.cluster) for node in snapshot.nodes)
        return f"start {cluster}" if made else f"setup {cluster}"
    home = next((ip for ip in ips if _may_go_home(ip)), None)
    return f"failback {home.id} {cluster}" if home else ""


def _may_go_home(ip: FloatingIp) -> bool:
    return ip.gate is not None and bool(ip.gate.opened_on) and ip.state == "served" and ip.home_is_fit


def overview_of(snapshots: Iterable[Snapshot]) -> Report:
    """Tell how all clusters are, one row each, the worst first."""
    standings = [(snapshot.cluster.name, standing(snapshot)) for snapshot in snapshots]
    if not standings:
        return Report("there is no cluster yet", next_step="help setup")
    standings.sort(key=lambda pair: (-pair[1].level.rank, pair[0]))
    words = Counter(stands.word for _, stands in standings)
    worst, first = standings[0]
    return Report(
        f"{counted(len(standings), 'cluster')}: {', '.join(f'{number} {word}' for word, number in words.items())}",
        first.level,
        (
            Table(
                ("Cluster", "State", "Nodes", "Quorum", "Floating IPs", "Worst"),
                tuple(
                    (
                        name,
                        stands.word,
                        stands.nodes,
                        stands.quorum or "none",
                        stands.served or "none",
                        stands.findings[0].text if stands.findings else "",
                    )
                    for name, stands in standings
                ),
            ),
        ),
        next_step=f"status {worst}" if first.level is not Level.OK else "",
    )
