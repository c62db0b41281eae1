"""Power fencing: on with a device, or off with gates. Anything else loses either the service or the data."""

from __future__ import annotations

from collections.abc import Iterator

from commands import configuration
from commands.checks import witness
from commands.checks.phrases import does, listed, moment
from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
from commands.facts.crm_mon import ClusterStatus, FenceEvent
from commands.report import Finding, Level
from commands.snapshot import Snapshot

_YES = frozenset({"true", "yes", "on", "y", "1"})
_ADDRESS_AGENTS = frozenset({"IPaddr", "IPaddr2"})


def is_on(cib: Cib) -> bool:
    """Return whether fencing is switched on. Pacemaker's default is on."""
    return cib.properties.get("stonith-enabled", "true").lower() in _YES


def devices(cib: Cib) -> tuple[str, ...]:
    """Return the ids of the fence devices."""
    return tuple(primitive.id for primitive in cib.primitives if primitive.cls == "stonith")


def reaches(device: Primitive, node: str) -> bool:
    """Return whether a fence device says that it can fence the node, or does not say which nodes it can."""
    told = device.attributes.get("pcmk_host_list", "") + " " + device.attributes.get("pcmk_host_map", "")
    # names are divided by blanks, commas or semicolons; a map adds `:PORT` to each (pacemaker-fenced(7))
    names = {word.partition(":")[0] for word in told.replace(",", " ").replace(";", " ").split()}
    return node in names or not names


def unreached(cib: Cib) -> tuple[str, ...]:
    """Return the nodes that nothing can fence, whether or not fencing is on: no device, and no watchdog."""
    if _by_watchdog(cib):
        return ()
    fencers = [one for one in cib.primitives if one.cls == "stonith"]
    return tuple(node for node in cib.nodes.values() if not any(reaches(one, node) for one in fencers))


def _by_watchdog(cib: Cib) -> bool:
    return cib.properties.get("stonith-watchdog-timeout", "0").strip("ms ") not in {"", "0"}


def ungated(cib: Cib) -> tuple[str, ...]:
    """Return the ids of the floating IPs that Pacemaker moves by itself."""
    gated = {gate.resource for gate in cib.gates}
    return tuple(one.id for one in cib.primitives if one.type in _ADDRESS_AGENTS and one.id not in gated)


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what makes a node loss dangerous, and fencing actions that failed or are under way."""
    cib = witness.newest_cib(snapshot)
    if cib is not None:
        yield from _configured(snapshot, cib)
    status = witness.pacemaker(snapshot)
    if status is not None:
        yield from _actions(status)


def _configured(snapshot: Snapshot, cib: Cib) -> Iterator[Finding]:
    setup = f"`/hacluster setup {snapshot.cluster.name}`"
    free = ungated(cib)
    ours = {vip.id for vip in configuration.vips(snapshot.cluster)}
    if is_on(cib) and not devices(cib) and not _by_watchdog(cib):
        yield Finding(
            Level.CRITICAL,
            "fencing is on, but there is no fence device: a lost node stays unclean and what ran there never moves",
            f"{setup} makes it what is declared: a device, or no fencing and gates.",
        )
    elif not is_on(cib) and free:
        yield Finding(
            Level.CRITICAL,
            f"split brain risk: no fencing, and {does(free, 'has', 'have')} no gate. When the network between the "
            "nodes is cut, each side takes them",
            f"`/hacluster failover-mode approved {snapshot.cluster.name}` gives them gates; or "
            # `setup` leaves alone what other hands have made
            + (
                f"declare a fence device, then: {setup}"
                if ours.issuperset(free)
                else "add a device with `pcs stonith create`, then `pcs property set stonith-enabled=true`."
            ),
        )


def _actions(status: ClusterStatus) -> Iterator[Finding]:
    last: dict[str, FenceEvent] = {}
    for event in status.fence_events:
        if event.target not in last or _when(event) > _when(last[event.target]):
            last[event.target] = event
    for target, event in last.items():
        if event.status == "pending":
            yield Finding(Level.WARNING, f"{target} is being fenced ({event.action})", node=target)
        elif event.status == "failed":
            state = status.node(target)
            unclean = state is not None and state.unclean
            yield Finding(
                Level.CRITICAL if unclean else Level.WARNING,
                f"fencing {target} ({event.action}) failed at {moment(event.completed)}",
                f"Try the device by hand; `pcs stonith history show {target}` tells more.",
                target,
            )


def _when(event: FenceEvent) -> tuple[bool, str]:
    """Order events by time; one that is still under way is the last."""
    return event.status == "pending", event.completed


def policy(snapshot: Snapshot) -> str:
    """Say how lost nodes are dealt with, as it is configured now: one line."""
    cib = witness.newest_cib(snapshot)
    if cib is None:
        return f"Fencing and gates: unknown (declared failover: {snapshot.cluster.failover})."
    fenced = f"on ({listed(devices(cib)) if devices(cib) else 'no device'})" if is_on(cib) else "off"
    gated = [gate.resource for gate in cib.gates]
    free = ungated(cib)
    if gated and not free:
        moves = "waits for a person's approval"
    elif gated:
        moves = f"waits for a person's approval for {listed(gated)}, automatic for {listed(free)}"
    else:
        moves = "automatic" if free else "there are no floating IPs"
    return f"Fencing: {fenced}. Failover: {moves}."
