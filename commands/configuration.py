"""The resources of an HAProxy cluster: what Pacemaker's configuration (the CIB) should hold, and how it gets there.

HAProxy runs as a clone on every node, and each floating IP needs a running HAProxy beside it. With failover `approved`,
each floating IP has a home node and a gate (`commands.gates`). With failover `automatic`, floating IPs keep apart by a
finite score: with -INFINITY one of them would stay stopped when a single node is left.

Everything is prepared with `pcs -f` in a file and pushed in one piece, so that a configuration is there as a whole or
not at all. All commands are spelled as pcs 0.10, 0.11 and 0.12 alike understand them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from commands.command import Command
from commands.facts.cib import Cib
from commands.facts.cib_constraints import approval_attribute
from commands.facts.cib_resources import Primitive
from commands.gates import AWAY
from config.inventory import ClusterSpec, VipSpec

DRAFT = "/run/hacluster-draft.xml"
ORIGINAL = "/run/hacluster-original.xml"
PROXY = "haproxy"
CLONE = "haproxy-clone"
_INTERLEAVE = ("resource", "meta", CLONE, "interleave=true")
"""By itself, since every generation of pcs has its own way of giving a new clone its options."""

SEED_DEADTIME = "2s"
SEED_CONFIG = (
    '<crm_config><cluster_property_set id="cib-bootstrap-options">'
    f'<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="{SEED_DEADTIME}"/>'
    "</cluster_property_set></crm_config>"
)
_SEED_SCRIPT = (
    'umask 077; cibadmin --empty | sed "s|<crm_config/>|$2|" >"$1.new" && grep -q dc-deadtime "$1.new" && '
    'chown "$3" "$1.new" && mv "$1.new" "$1"'
)


def seed_command(path: str, owner: str) -> Command:
    """Return the command that puts the first CIB of a new cluster into a file, whole or not at all.

    It is the empty CIB of the node's own Pacemaker (cibadmin(8), `--empty`: an older schema would be upgraded on the
    way by pcs, and then not fit what runs), with one property: `dc-deadtime` shortens the wait of the first election of
    a DC (pacemaker-controld(7), 20 s). It holds nothing else: fencing configured before all nodes are there would shoot
    late ones.
    """
    return Command(("sh", "-c", _SEED_SCRIPT, "sh", path, SEED_CONFIG, owner), timeout=20, changes=True)


@dataclass(frozen=True, slots=True)
class Vip:
    """A floating IP as a resource: its id, and its home where its failover waits for people."""

    id: str
    spec: VipSpec
    home: str


def vips(cluster: ClusterSpec) -> tuple[Vip, ...]:
    """Return the cluster's floating IPs as resources `vip1`, `vip2`…, their homes spread over the nodes in turn."""
    names = [node.name for node in cluster.nodes]
    return tuple(Vip(f"vip{n}", spec, names[(n - 1) % len(names)]) for n, spec in enumerate(cluster.vips, start=1))


def conflicts(cluster: ClusterSpec, cib: Cib) -> tuple[str, ...]:
    """Return what in the cluster's present configuration contradicts what is wanted, one sentence each.

    Only what is missing is ever added: what is there and different is for people to change.
    """
    there = {primitive.id: primitive for primitive in cib.primitives}
    found = [*_vip_conflicts(cluster, cib), *_fence_conflicts(cluster, there)]
    proxy = there.get(PROXY)
    if proxy and (proxy.cls, proxy.type) != ("systemd", "haproxy"):
        found.append(f"a resource `{PROXY}` is there already, and it is not the haproxy service")
    return tuple(found)


_OUR_VIP = re.compile(r"vip[0-9]+")


def _vip_conflicts(cluster: ClusterSpec, cib: Cib) -> Iterator[str]:
    wanted = {vip.id: vip.spec for vip in vips(cluster)}
    gated = {gate.resource for gate in cib.gates}
    for primitive in cib.primitives:
        held = primitive.attributes
        spec = wanted.get(primitive.id)
        if spec is None:
            if held.get("ip") in {str(vip.address) for vip in cluster.vips}:
                yield f"the resource `{primitive.id}` has the address {held['ip']} already"
            elif primitive.type == "IPaddr2" and _OUR_VIP.fullmatch(primitive.id):
                yield f"the floating IP `{primitive.id}` ({held.get('ip', 'none')}) is there and not asked for"
            continue
        if held.get("ip") != str(spec.address):
            yield f"a resource `{primitive.id}` is there already, with the address {held.get('ip', 'none')}"
        elif held.get("cidr_netmask", str(spec.prefix)) != str(spec.prefix):
            yield f"`{primitive.id}` has the prefix /{held['cidr_netmask']}, not /{spec.prefix}"
        elif spec.nic and held.get("nic") != spec.nic:
            yield f"`{primitive.id}` is on the interface {held.get('nic', 'of its subnet')}, not {spec.nic}"
        if cluster.failover == "automatic" and primitive.id in gated:
            yield f"`{primitive.id}` has a gate, so its failover is approved, not automatic"


def _fence_conflicts(cluster: ClusterSpec, there: Mapping[str, Primitive]) -> Iterator[str]:
    for device, _, options in fence_devices(cluster):
        made = there.get(device)
        if made is None or cluster.fencing is None:
            continue
        if made.type != cluster.fencing.agent:
            yield f"the fence device `{device}` is a {made.type}, not a {cluster.fencing.agent}"
        for name, value in options.items():
            if not value.startswith("secret:") and made.attributes.get(name) not in {value, None}:
                yield f"the fence device `{device}` has another {name}"


def missing(cluster: ClusterSpec, cib: Cib) -> tuple[str, ...]:
    """Return what the cluster's configuration lacks, in people's words; empty when all is there."""
    return tuple(words for words, _ in _wanted(cluster, cib))


def draft_commands(cluster: ClusterSpec, cib: Cib | None, secret_files: Mapping[str, str]) -> tuple[Command, ...]:
    """Return the commands that prepare the new configuration in `DRAFT`, beside the `ORIGINAL` it starts from.

    `cib` is the running cluster's configuration; None means a cluster that is about to be started from `seed_command`.
    `secret_files` maps secret names to the files on the nodes that hold them.
    """
    start = (
        seed_command(ORIGINAL, "root:root")
        if cib is None
        else Command(("pcs", "cluster", "cib", ORIGINAL), timeout=30, changes=True),
        Command(("cp", ORIGINAL, DRAFT), changes=True),
    )
    return (*start, *(_pcs(argv) for _, lines in _wanted(cluster, cib, secret_files) for argv in lines))


def push_command() -> Command:
    """Return the command that makes the drafted configuration the cluster's, in one piece."""
    return Command(("pcs", "cluster", "cib-push", DRAFT, f"diff-against={ORIGINAL}"), timeout=60, changes=True)


def _pcs(argv: tuple[str, ...]) -> Command:
    return Command(("pcs", "-f", DRAFT, *argv), timeout=30, changes=True)


def _wanted(
    cluster: ClusterSpec, cib: Cib | None, secret_files: Mapping[str, str] | None = None
) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Yield, for each thing that is not there yet, its words and its pcs commands."""
    yield from _properties(cluster, cib)
    if not cib or "resource-stickiness" not in cib.resource_defaults:
        yield "no stickiness is set", (("resource", "defaults", "update", "resource-stickiness=100"),)
    yield from _fencing(cluster, cib, secret_files or {})
    if not cluster.vips:
        return
    yield from _proxy(cib)
    yield from _vips(cluster, cib)


def _properties(cluster: ClusterSpec, cib: Cib | None) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Yield what is wrong with the cluster's properties as one thing: each command takes pcs half a second to begin."""
    properties = cib.properties if cib else {"dc-deadtime": SEED_DEADTIME}
    fencing = "true" if cluster.fencing else "false"
    wrong = {}
    if properties.get("dc-deadtime") == SEED_DEADTIME:
        wrong["dc-deadtime="] = "the short first election is still set"  # set to nothing: removed
    if properties.get("stonith-enabled") != fencing:
        wrong[f"stonith-enabled={fencing}"] = f"stonith-enabled is not {fencing}"
    if wrong:
        yield "; ".join(wrong.values()), (("property", "set", *wrong),)


def _fencing(
    cluster: ClusterSpec, cib: Cib | None, secret_files: Mapping[str, str]
) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    if cluster.fencing is None:
        return
    there = {primitive.id for primitive in cib.primitives} if cib else set()
    for device, targets, options in fence_devices(cluster):
        if device in there:
            continue
        words = [_fence_option(name, value, secret_files) for name, value in options.items()]
        yield (
            f"the fence device `{device}` is missing",
            (("stonith", "create", device, cluster.fencing.agent, *words, f"pcmk_host_list={','.join(targets)}"),),
        )


def fence_devices(cluster: ClusterSpec) -> tuple[tuple[str, tuple[str, ...], dict[str, str]], ...]:
    """Return each fence device as its id, the nodes it can fence and its options.

    One device for all nodes, or one per node where options differ by node. The first node's device of a two-node
    cluster waits a little before it acts, so that two nodes that lost sight of each other do not fence each other.
    """
    fencing = cluster.fencing
    if fencing is None:
        return ()
    names = tuple(node.name for node in cluster.nodes)
    if not fencing.per_node:
        return (("fence-all", names, dict(fencing.options)),)
    devices = []
    for name in names:
        options = {**fencing.options, **fencing.per_node.get(name, {})}
        if name == names[0] and len(names) == 2:  # noqa: PLR2004 - the two-node tie
            options.setdefault("pcmk_delay_base", "5s")
        devices.append((f"fence-{name}", (name,), options))
    return tuple(devices)


def _fence_option(name: str, value: str, secret_files: Mapping[str, str]) -> str:
    if not value.startswith("secret:"):
        return f"{name}={value}"
    # fence agents take a script that prints the password, so that it is in no argv and not in the CIB
    script = {"password": "password_script", "passwd": "passwd_script"}.get(name, f"{name}_script")
    return f"{script}={secret_files[value.removeprefix('secret:')]}"


def _proxy(cib: Cib | None) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    if cib is None or not any(primitive.id == PROXY for primitive in cib.primitives):
        create = ("resource", "create", PROXY, "systemd:haproxy", "op", "monitor", "interval=5s", "timeout=20s")
        yield "HAProxy is not a resource yet", ((*create, "clone"), _INTERLEAVE)
    elif not any(clone.id == CLONE for clone in cib.clones):
        yield "HAProxy does not run on every node yet", (("resource", "clone", PROXY), _INTERLEAVE)


def _vips(cluster: ClusterSpec, cib: Cib | None) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    primitives = {primitive.id for primitive in cib.primitives} if cib else set()
    orders = {(order.first, order.then) for order in cib.orders} if cib else set()
    colocations = {(c.resource, c.with_resource) for c in cib.colocations} if cib else set()
    placed = vips(cluster)
    for number, vip in enumerate(placed):
        if vip.id not in primitives:
            nic = (f"nic={vip.spec.nic}",) if vip.spec.nic else ()
            address = (f"ip={vip.spec.address}", f"cidr_netmask={vip.spec.prefix}")
            words = (
                "resource",
                "create",
                vip.id,
                "ocf:heartbeat:IPaddr2",
                *address,
                *nic,
                "op",
                "monitor",
                "interval=5s",
            )
            yield f"`{vip.id}` ({vip.spec}) is not a resource yet", (words,)
        if (CLONE, vip.id) not in orders:
            yield f"`{vip.id}` does not wait for HAProxy", (("constraint", "order", "start", CLONE, "then", vip.id),)
        if (vip.id, CLONE) not in colocations:
            words = ("constraint", "colocation", "add", vip.id, "with", CLONE, "score=INFINITY")
            yield f"`{vip.id}` is not bound to a node where HAProxy runs", (words,)
        if cluster.failover == "approved":
            yield from _gate(vip, cib)
            continue
        for other in placed[:number]:
            if (vip.id, other.id) not in colocations:
                words = ("constraint", "colocation", "add", vip.id, "with", other.id, "score=-1000")
                yield f"`{vip.id}` and `{other.id}` are not kept apart", (words,)


def _gate(vip: Vip, cib: Cib | None) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    attribute = approval_attribute(vip.id)
    rules = {rule.id for location in cib.locations for rule in location.rules} if cib else set()
    where = ("constraint", "location", vip.id, "rule")
    if f"gate-{vip.id}" not in rules:
        elsewhere = ("#uname", "ne", vip.home, "and", "not_defined", attribute)
        yield f"`{vip.id}` has no gate", ((*where, f"id=gate-{vip.id}", "score=-INFINITY", *elsewhere),)
    if f"away-{vip.id}" not in rules:
        sent = ("score=-INFINITY", attribute, "eq", AWAY)
        yield f"`{vip.id}` cannot be sent away from its home", ((*where, f"id=away-{vip.id}", *sent),)
