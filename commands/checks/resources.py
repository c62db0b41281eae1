"""Resources: failed, stopped, not managed; what failed when and why, and what Pacemaker concludes from it.

Floating IPs that are nowhere are told by `floating_ips`, with what to do; here only their failures are.
"""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import floating_ips, witness
from commands.checks.phrases import counted, listed, moment
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus, Failure, ResourceState
from commands.facts.pacemaker_xml import INFINITY
from commands.report import Finding, Level
from commands.snapshot import Snapshot


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with resources by Pacemaker's word."""
    status = witness.pacemaker(snapshot)
    if status is None:
        return
    cib = witness.newest_cib(snapshot)
    if status.maintenance:
        yield Finding(
            Level.WARNING,
            "the whole cluster is in maintenance: Pacemaker neither repairs nor moves anything",
            "`maintenance off` ends it.",
        )
    yield from _failures(status)
    vips = {ip.id for ip in floating_ips.floating_ips(snapshot)}
    for name in dict.fromkeys(one.id for one in status.resources):
        yield from _resource(status, cib, name, told_elsewhere=name in vips)


def _failures(status: ClusterStatus) -> Iterator[Finding]:
    counts = {(one.resource, one.node): one.count for one in status.fail_counts}
    last: dict[tuple[str, str], Failure] = {}
    for failure in status.failures:
        key = (failure.resource, failure.node)
        if key not in last or failure.when > last[key].when:
            last[key] = failure
    for (resource, node), failure in last.items():
        count = counts.get((resource, node), 0)
        barred = "; it is kept away from there until cleaned up" if count >= INFINITY else ""
        times = f", {counted(count, 'time')} so far" if 1 < count < INFINITY else ""
        reason = f": {failure.reason}" if failure.reason and failure.reason != failure.exit_status else ""
        yield Finding(
            Level.WARNING,
            f"`{resource}` failed on {node} to {failure.task or 'run'} at {moment(failure.when)} "
            f"({failure.exit_status}{reason}{times}){barred}",
            f"When its cause is mended: `cleanup {resource}`.",
            node,
        )
    for (resource, node), count in counts.items():
        if count >= INFINITY and (resource, node) not in last:
            yield Finding(
                Level.WARNING,
                f"`{resource}` failed too often on {node} and is kept away from there until cleaned up",
                f"When its cause is mended: `cleanup {resource}`.",
                node,
            )


def _resource(status: ClusterStatus, cib: Cib | None, name: str, *, told_elsewhere: bool) -> Iterator[Finding]:
    instances = status.instances(name)
    if any(one.orphaned for one in instances):
        yield Finding(
            Level.WARNING,
            f"`{name}` still runs, but is no longer configured",
            f"`cleanup {name}` removes what is left of it.",
        )
    for one in instances:
        if one.blocked or one.failed:
            yield _failed(one)
    if not status.maintenance and (left := _unmanaged(status, instances)):
        yield Finding(
            Level.WARNING,
            f"`{name}` is unmanaged on {listed(left)}: Pacemaker leaves it alone, whatever happens",
            f"`pcs resource manage {name}` ends it.",
        )
    if not told_elsewhere:
        yield from _stopped(status, cib, name, instances)


def _failed(one: ResourceState) -> Finding:
    where = f" on {listed(one.nodes)}" if one.nodes else ""
    if one.blocked:
        return Finding(
            Level.CRITICAL,
            f"`{one.id}` is blocked{where}: it could not be stopped, so Pacemaker does nothing more with it",
            f"Stop it there by hand, then `cleanup {one.id}`.",
        )
    return Finding(Level.WARNING, f"`{one.id}` has failed{where}", f"When its cause is mended: `cleanup {one.id}`.")


def _unmanaged(status: ClusterStatus, instances: tuple[ResourceState, ...]) -> tuple[str, ...]:
    """Return where active instances are not managed, other than by their node's maintenance, which is told there."""
    resting = {node.name for node in status.nodes if node.maintenance}
    active = (one for one in instances if one.active and not one.managed)
    return tuple(node for one in active for node in one.nodes if node not in resting)


def _stopped(
    status: ClusterStatus, cib: Cib | None, name: str, instances: tuple[ResourceState, ...]
) -> Iterator[Finding]:
    clone = next((one.clone for one in instances if one.clone), None)
    if cib is not None and cib.switched_off(name, clone):
        if not any(one.active for one in instances):
            yield Finding(Level.INFO, f"`{name}` is switched off", f"`pcs resource enable {name}` starts it.")
    elif not any(one.active for one in instances):
        yield Finding(Level.CRITICAL, f"`{name}` runs nowhere")
    elif clone is not None and cib is not None and not cib.limited(clone):
        here = {node for one in instances if one.active for node in one.nodes}
        lacking = [node.name for node in status.nodes if node.online and not (node.standby or node.name in here)]
        if lacking:
            yield Finding(Level.WARNING, f"`{name}` does not run on {listed(lacking)}")
