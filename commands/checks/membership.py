"""Corosync's membership: who is lost and who was stopped, who says so, and whether the members agree."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import sight, witness
from commands.checks.phrases import does, listed, moment
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.crm_mon import ClusterStatus
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot


def views(snapshot: Snapshot) -> dict[frozenset[str], tuple[str, ...]]:
    """Return the different memberships that nodes see, each with the nodes that see it. More than one is a split."""
    seen: dict[frozenset[str], tuple[str, ...]] = {}
    for node, cmap in witness.running(snapshot, "cmap"):
        members = cmap.joined_names()
        seen[members] = (*seen.get(members, ()), node.node.name)
    return seen


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with the membership. A node is lost only by the word of another that could be asked."""
    for node in snapshot.nodes:
        yield from _in_another(snapshot, node)
    if witness.runs_nowhere(snapshot):
        yield from _idle(snapshot)
        return
    seen = views(snapshot)
    if len(seen) > 1:
        yield _disagree(seen)
    maps: dict[str, CorosyncMap] = {node.node.name: cmap for node, cmap in witness.running(snapshot, "cmap")}
    for node in snapshot.nodes:
        yield from _absent(snapshot, node, maps)
    yield from _strangers(snapshot, seen)


def _idle(snapshot: Snapshot) -> Iterator[Finding]:
    bare = [node.node.name for node in snapshot.nodes if witness.in_none(node)]
    if bare:
        yield Finding(
            Level.CRITICAL,
            f"{does(bare, 'is', 'are')} in no cluster: there is no corosync.conf",
            f"`/hacluster setup {snapshot.cluster.name}` makes it, or goes on where one was cut short.",
        )
    idle = [node.node.name for node in snapshot.nodes if witness.stopped(node) and not witness.in_none(node)]
    if idle:
        start = f"`/hacluster start {snapshot.cluster.name}`"
        yield Finding(Level.CRITICAL, f"the cluster does not run on {listed(idle)}", "" if bare else start)


def _in_another(snapshot: Snapshot, node: NodeSnapshot) -> Iterator[Finding]:
    other = witness.foreign(node, snapshot.cluster)
    if other is not None:
        yield Finding(
            Level.CRITICAL,
            f"another cluster runs on {node.node.name}, called `{other}`",
            f"`/hacluster setup {snapshot.cluster.name}` says whether it can take the place.",
            node.node.name,
        )


def _disagree(seen: dict[frozenset[str], tuple[str, ...]]) -> Finding:
    sides = "; ".join(f"{does(who, 'sees', 'see')} {listed(sorted(members))}" for members, who in seen.items())
    return Finding(
        Level.CRITICAL,
        f"the members disagree about who is in the cluster: {sides}",
        "Look at the network between them. Until it is mended each side decides for itself.",
    )


def _absent(snapshot: Snapshot, node: NodeSnapshot, maps: dict[str, CorosyncMap]) -> Iterator[Finding]:
    name = node.node.name
    start = f"`/hacluster start {snapshot.cluster.name}`"
    if name in maps:
        return  # it is up; if others do not see it, the members disagree, which is told once for all
    witnesses = [who for who, cmap in maps.items() if name not in cmap.joined_names()]
    if not witnesses:
        if not maps and witness.stopped(node):
            yield Finding(Level.WARNING, f"the cluster does not run on {name}", start, name)
        return
    seen = f", as {does(witnesses, 'sees', 'see')}"
    if not any(listed_node.name == name for who in witnesses for listed_node in maps[who].nodelist):
        yield Finding(
            Level.WARNING, f"{name} is declared, but not in corosync's list of nodes{seen} it", "Compare both.", name
        )
        return
    status = witness.pacemaker(snapshot)
    state = status.node(name) if status else None
    stopped = witness.stopped(node)
    remedy = f"It does not answer: look at its power and network, then {start}." if sight.is_blind(node) else start
    if state is not None and not state.online and not state.expected_up and not state.unclean:
        yield Finding(Level.WARNING, f"{name} is no member{seen} it: {_why_down(status, name)}", remedy, name)
    elif state is None and stopped:
        yield Finding(Level.WARNING, f"the cluster does not run on {name}", start, name)
    elif stopped:
        yield Finding(
            Level.CRITICAL,
            f"{name} is no member{seen} it: corosync ended there, and nobody stopped it",
            f"Look at `journalctl -u corosync` on {name}, then {start}.",
            name,
        )
    elif state is None and not any(_has_been_there(maps[who], name) for who in witnesses):
        # without Pacemaker's word there is only corosync's, which begins anew with each start
        since = f"it has not joined since the cluster was started on {listed(witnesses)}"
        yield Finding(Level.WARNING, f"{name} is no member{seen} it: {since}", remedy, name)
    else:
        silent = ", and does not answer the bot either" if sight.is_blind(node) else ""
        yield Finding(
            Level.CRITICAL,
            f"{name} is lost{seen} it: it left the membership without being stopped{silent}",
            f"Look at {name}'s power and network, from its console.",
            name,
        )


def _has_been_there(cmap: CorosyncMap, name: str) -> bool:
    """Return whether corosync has seen the node since it was started itself."""
    ids = {node.node_id for node in cmap.nodelist if node.name == name}
    return any(member.node_id in ids for member in cmap.members)


def _why_down(status: ClusterStatus | None, name: str) -> str:
    """Tell a stop from fencing as well as can be: Pacemaker shows both alike, and remembers old fencing for long."""
    events = status.fence_events if status else ()
    fenced = [event.completed for event in events if event.target == name and event.status == "success"]
    if fenced:
        return f"it was fenced at {moment(max(fenced))} and is not back, unless it was stopped later"
    return "it was stopped, or has not started yet"


def _strangers(snapshot: Snapshot, seen: dict[frozenset[str], tuple[str, ...]]) -> Iterator[Finding]:
    declared = {node.name for node in snapshot.cluster.nodes}
    for name in sorted(frozenset().union(*seen) - declared):
        witnesses = [who for members, several in seen.items() if name in members for who in several]
        yield Finding(
            Level.WARNING,
            f"{name} is a member ({does(witnesses, 'says', 'say')} so), but the bot's configuration does not list it",
            "Add it to the declared nodes, or remove it from the cluster.",
        )
