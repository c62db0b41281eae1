"""Where each floating IP is, where its home is or would be, and whether that is sure enough to build a gate on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands import configuration
from commands.checks.phrases import listed
from commands.gates import gate_state
from commands.report import Finding
from commands.snapshot import Snapshot
from commands.verbs.guards import View, no
from commands.verbs.serving import holders
from config.inventory import ClusterSpec


@dataclass(frozen=True, slots=True)
class Place:
    """A floating IP: who holds it by their own word, who runs it by Pacemaker's, and its homes."""

    resource: str
    address: str
    held: tuple[str, ...]
    believed: tuple[str, ...]
    gate: str | None
    """The home that its gate gives it, None where it has no gate."""
    declared: str
    """The home that `setup` gives it."""
    group: str | None = None

    @property
    def node(self) -> str | None:
        """The node that it is on, None where it is nowhere. A node that does not answer has Pacemaker's word only."""
        return next(iter(self.held or self.believed), None)

    @property
    def home(self) -> str:
        """The home of its gate, or of the one that it would get: where it is, so that nothing moves."""
        return self.gate or self.node or self.declared


def places(cluster: ClusterSpec, snapshot: Snapshot, seen: View) -> tuple[Place, ...]:
    """Return where the floating IPs are, in the order in which they are declared."""
    homes = {str(vip.spec.address): vip.home for vip in configuration.vips(cluster)}
    found = []
    for one in configuration.floating_ips(cluster, seen.cib):
        address, gate = one.attributes["ip"], gate_state(seen.cib, one.id)
        declared = homes.get(address, cluster.nodes[0].name)
        held, believed = holders(snapshot, address), seen.status.holders(one.id)
        found.append(Place(one.id, address, held, believed, gate.home if gate else None, declared, one.group))
    return tuple(found)


def unsettled(place: Place, seen: View) -> Iterator[Finding]:
    """Yield why nobody can say where it is, or why Pacemaker has no say about it there."""
    name = f"`{place.resource}` ({place.address})"
    if len(place.held) > 1:
        yield no(
            f"{name} is on {listed(place.held)} at once",
            "Take it off one of them first; `status` tells what Pacemaker believes.",
        )
    elif place.node is not None and place.node not in joined(seen):
        yield no(
            f"{name} is on {place.node}, which these nodes do not see: nothing decided here counts there",
            "Mend the network between the nodes first; `members` tells who sees whom.",
        )
    elif place.held and place.believed and place.held != place.believed:
        yield no(
            f"{name} is on {place.node}, and Pacemaker believes it on {listed(place.believed)}",
            f"`cleanup {place.resource}` makes it look anew.",
        )


def joined(seen: View) -> frozenset[str]:
    """Return the nodes that hear of what is decided here."""
    return frozenset(node.name for node in seen.status.nodes if node.online and not node.unclean)


def waits(place: Place, seen: View) -> bool:
    """Return whether it is down since its gate keeps it for a node that is not there."""
    return place.node is None and place.gate is not None and place.gate not in joined(seen)
