"""Whether a node that is to be called down is: everything that speaks against it, and what nobody could find out.

Somebody who confirms that a machine is off, or lets a few nodes decide without the rest, takes its resources from it. If
it lives, two machines then have one address and write to one disk. So every witness is asked first, and one sign of life
is enough to refuse.
"""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import listed
from commands.errors import HaclusterError, HostKeyMismatch, HostKeyUnknown, Unreachable
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_link import LinkStatus
from commands.facts.fact import Known, Unknown
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.serving import holders

READS = ("addresses", "cmap", "links", "node_addresses_in_use", "status", "vips_in_use")
"""What the witnesses are asked for."""


def signs_of_life(snapshot: Snapshot, name: str) -> Iterator[Finding]:
    """Yield what shows that the node is not down."""
    yield from _answers_us(snapshot.node(name))
    for witness in snapshot.nodes:
        if witness.node.name != name:
            yield from _of_corosync(witness, name)
            yield from _on_the_subnet(witness, snapshot, name)


def _sign(text: str, name: str) -> Finding:
    return Finding(
        Level.CRITICAL, text, f"Switch {name} off, at its power switch or console, and see that it is.", name
    )


def _answers_us(node: NodeSnapshot) -> Iterator[Finding]:
    for field in READS:
        reading = getattr(node, field)
        if isinstance(reading, Known):
            yield _sign("it answers on SSH", node.node.name)
            return
        if isinstance(reading.error, HaclusterError) and not _silence(reading.error):
            yield _sign(f"something answers on SSH: {reading.error.message}", node.node.name)
            return


def _silence(error: HaclusterError) -> bool:
    return isinstance(error, Unreachable) and not isinstance(error, HostKeyUnknown | HostKeyMismatch)


def _of_corosync(witness: NodeSnapshot, name: str) -> Iterator[Finding]:
    seen_by = witness.node.name
    cmap = witness.cmap.value if isinstance(witness.cmap, Known) else None
    if not isinstance(cmap, CorosyncMap):
        return
    if name in cmap.joined_names():
        yield _sign(f"corosync on {seen_by} counts it as a member", name)
    links = witness.links.value if isinstance(witness.links, Known) else None
    node_id = next((node.node_id for node in cmap.nodelist if node.name == name), None)
    if isinstance(links, LinkStatus) and node_id is not None:
        up = [
            str(link.id)
            for link in links.links
            if any(peer.node_id == node_id and peer.connected for peer in link.peers)
        ]
        if up:
            yield _sign(f"corosync on {seen_by} has link {listed(up)} to it", name)


def _on_the_subnet(witness: NodeSnapshot, snapshot: Snapshot, name: str) -> Iterator[Finding]:
    own = [str(address) for address in snapshot.node(name).node.addresses]
    if isinstance(witness.node_addresses_in_use, Known):
        for address in own:
            who = witness.node_addresses_in_use.value.addresses.get(address)
            if who and who != "self":
                yield _sign(f"its address {address} answers ({who}, asked from {witness.node.name})", name)
    if isinstance(witness.vips_in_use, Known):
        for vip in snapshot.cluster.vips:
            who = witness.vips_in_use.value.addresses.get(str(vip.address))
            if who and who != "self" and not holders(snapshot, str(vip.address)):
                yield _sign(
                    f"{vip.address} answers ({who}, asked from {witness.node.name}), and no node that can be asked holds "
                    "it",
                    name,
                )


def unheard(snapshot: Snapshot, name: str) -> Iterator[Finding]:
    """Yield what nobody could find out about the node: that nothing was seen is then no sign that it is down."""
    asked = [w for w in snapshot.nodes if w.node.name != name and isinstance(w.node_addresses_in_use, Known)]
    for address in (str(one) for one in snapshot.node(name).node.addresses):
        if not any(address in w.node_addresses_in_use.value.addresses for w in asked):  # type: ignore[union-attr]
            yield Finding(
                Level.CRITICAL,
                f"nobody could ask its subnet for {address}: there is no telling whether it answers there",
                "Only somebody who stands before the machine, or sees its power by other means, can know.",
                name,
            )
    silent = [w.node.name for w in snapshot.nodes if w.node.name != name and isinstance(w.addresses, Unknown)]
    if silent:
        yield Finding(
            Level.WARNING, f"{listed(silent)} could not be asked about it", "Look at `status`: who sees whom?", name
        )


def quiet(snapshot: Snapshot, name: str) -> Finding:
    """Return what was looked at and showed no life, so that whoever decides knows what it is worth."""
    witnesses = [w.node.name for w in snapshot.nodes if w.node.name != name and isinstance(w.addresses, Known)]
    return Finding(
        Level.INFO,
        f"{name} does not answer on SSH at any of its addresses; asked from {listed(witnesses)}, no address of its or of "
        "the service answers that should not, and corosync has no link to it",
    )
