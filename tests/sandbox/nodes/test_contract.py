"""Simulated nodes say what real ones say: everything the bot reads of them is readable, and means the same.

What they are held to is `tests/captures/debian12`, recorded on real nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from commands.errors import Unreachable
from commands.facts.cib import Cib
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_link import LinkStatus
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.haproxy_stat import ProxyStatus
from commands.facts.host import Addresses
from commands.gates import gate_state
from commands.snapshot import FACTS, NodeSnapshot, Snapshot, fields_read, gather
from config.inventory import ClusterSpec
from tests.commands.conftest import CAPTURES, RecordedNodes
from tests.sandbox.nodes.conftest import Played

RECORDED = ClusterSpec.model_validate(
    {
        "name": "web",
        "nodes": [{"name": "n1", "addresses": ["10.213.2.11"]}, {"name": "n2", "addresses": ["10.213.2.12"]}],
        "vips": [{"address": "10.213.2.101", "prefix": 24}, {"address": "10.213.2.102", "prefix": 24}],
    }
)
"""The cluster that was recorded."""
APART = ("constraint", "colocation", "add", "vip2", "with", "vip1", "score=-1000")
"""What its configuration had that the bot's has not: stronger than stickiness, it sends vip2 home by itself."""
BOTH, SURVIVOR = ("n1", "n2"), ("n1",)
FIELDS = ("addresses", "cib", "cmap", "haproxy", "links", "quorum", "status")
SITUATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # recorded before the first election had ended, which a model that elects within a second never shows
    "fresh": (BOTH, ("cmap", "links", "quorum")),
    "empty": (BOTH, FIELDS),
    "healthy": (BOTH, FIELDS),
    "stopped": (BOTH, FIELDS),
    "n2-stopped": (BOTH, FIELDS),
    "n2-lost": (SURVIVOR, FIELDS),
    "n2-lost-failover-approved": (SURVIVOR, FIELDS),
    "n2-back-before-failback": (BOTH, FIELDS),
    "split": (BOTH, FIELDS),
    "n1-standby": (BOTH, FIELDS),
    "maintenance": (BOTH, FIELDS),
    "fencing-without-device": (BOTH, FIELDS),
    "n2-lost-unclean": (SURVIVOR, FIELDS),
}
"""What the situations are held to: the nodes that answer, and the facts compared."""


@pytest.mark.parametrize(("situation", "nodes", "fields"), [(name, *held) for name, held in SITUATIONS.items()])
async def test_every_fact_is_read_and_means_what_real_nodes_said(
    played: Played, situation: str, nodes: tuple[str, ...], fields: tuple[str, ...]
) -> None:
    await played.reach(situation, APART)

    snapshot = await played.read(FACTS, nodes)
    recorded = await gather(RECORDED, RecordedNodes(CAPTURES / "debian12" / situation, together=1), fields, nodes)

    for name in nodes:
        assert _unread(snapshot, snapshot.node(name)) == {}
        simulated, real = _meanings(snapshot.node(name), fields), _meanings(recorded.node(name), fields)
        for field in fields:
            assert simulated[field] == real[field], f"{field} of {name}"


async def test_a_bare_server_has_no_cluster_and_a_setup_can_begin(played: Played) -> None:
    snapshot = await played.read(FACTS)

    for node in snapshot.nodes:
        assert _unread(snapshot, node) == {}
        assert _value(node, "packages").versions == {}
        assert isinstance(_value(node, "disk_cib"), NotRunning)
        assert _value(node, "os").pretty == "Debian GNU/Linux 12 (bookworm)"
        assert list(_value(node, "peer_ports").ports.values()) == ["refused"]
        assert set(_value(node, "vips_in_use").addresses.values()) == {None}
    assert _value(snapshot.node("n1"), "resolution").addresses == {"n2": ("10.77.0.12",)}


async def test_a_machine_without_power_is_silent_and_comes_back_with_its_own_key(played: Played) -> None:
    await played.reach("healthy")
    await played.lose("n2")
    impatient = played.connect()
    try:
        with pytest.raises(Unreachable, match="no answer within"):
            await impatient.run(played.node("n2"), FACTS["clock"](played.cluster, played.node("n2")).command)
    finally:
        await impatient.close()

    await played.regain("n2")
    await played.runner.close()
    played.runner = played.connect()

    assert isinstance((await played.read(("clock",), ("n2",))).node("n2").clock, Known)


async def test_an_address_stays_where_it_was_let_go_until_somebody_brings_it_home(played: Played) -> None:
    await played.reach("n2-back-before-failback")
    back = await played.read(("addresses",))
    assert _value(back.node("n1"), "addresses").holds("10.77.0.102") == "eth0"

    await played.withdraw()

    snapshot = await played.read(("addresses", "vips_in_use"))
    assert _value(snapshot.node("n2"), "addresses").holds("10.77.0.102") == "eth0"
    assert _value(snapshot.node("n1"), "addresses").holds("10.77.0.102") is None
    assert _value(snapshot.node("n2"), "vips_in_use").addresses["10.77.0.102"] == "self"


def _unread(snapshot: Snapshot, node: NodeSnapshot) -> dict[str, Unknown]:
    fields = fields_read(snapshot.cluster, node.node, FACTS)
    return {field: reading for field in fields if isinstance(reading := getattr(node, field), Unknown)}


def _value(node: NodeSnapshot, field: str) -> Any:
    reading = getattr(node, field)
    assert isinstance(reading, Known), reading
    return reading.value


def _meanings(node: NodeSnapshot, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return what the readings say that does not depend on the moment, the addresses, or who happens to be the DC."""
    found = {field: _value(node, field) for field in fields}
    return {
        field: NotRunning if isinstance(said, NotRunning) else MEANING[field](said) for field, said in found.items()
    }


def _addresses(said: Addresses) -> object:
    return {
        (interface.name, interface.up, one.address.rpartition(".")[2], one.prefix, one.secondary)
        for interface in said.interfaces
        for one in interface.addresses
        if "." in one.address
    }


def _cib(said: Cib) -> object:
    transient = {
        node: {name: value for name, value in held.items() if not name.startswith("#")}
        for node, held in said.transient_attributes.items()
    }
    return {
        "primitives": [(one.id, one.cls, one.provider, one.type, one.clone) for one in said.primitives],
        "operations": {(one.id, op.name, op.interval) for one in said.primitives for op in one.operations},
        "clones": said.clones,
        "orders": said.orders,
        "with HAProxy": {one for one in said.colocations if one.with_resource == "haproxy-clone"},
        "gates": [(gate.resource, gate.home, gate.rule_id) for gate in said.gates],
        "gate states": [gate_state(said, one.id) for one in said.primitives],
        "nodes": said.nodes,
        "defaults": said.resource_defaults,
        "fencing": said.properties.get("stonith-enabled"),
        "transient": {node: held for node, held in transient.items() if held},
    }


def _cmap(said: CorosyncMap) -> object:
    names = {node.node_id: node.name for node in said.nodelist}
    return {
        "cluster": said.cluster_name,
        "me": said.this_node,
        "nodes": names,
        "members": {names[member.node_id]: member.status for member in said.members},
        "timeouts": (said.token_ms, said.consensus_ms),
        "two_node": said.two_node,
    }


def _haproxy(said: ProxyStatus) -> object:
    servers = {(one.proxy, one.name, one.up, one.check) for one in said.servers}
    return {
        "version": said.version,
        "frontends": {(one.name, one.status) for one in said.frontends},
        "servers": servers,
    }


def _links(said: LinkStatus) -> object:
    return [(link.id, link.peers) for link in said.links]


def _quorum(said: QuorumStatus) -> object:
    votes = (said.quorate, said.expected_votes, said.total_votes, said.quorum)
    return votes, said.flags, said.nodes


def _status(said: ClusterStatus) -> object:
    flags = ("online", "standby", "maintenance", "pending", "unclean", "shutdown", "expected_up", "resources_running")
    return {
        "version": said.version,
        "has a DC": said.dc is not None and sum(node.is_dc for node in said.nodes) == 1,
        "options": (said.quorate, said.fencing_enabled, said.maintenance, said.no_quorum_policy, said.daemon_state),
        "nodes": {node.name: [getattr(node, flag) for flag in flags] for node in said.nodes},
        "resources": sorted(map(repr, said.resources)),
        "bans": {(ban.id, ban.resource, ban.node, ban.weight) for ban in said.bans},
        "failures": (said.failures, said.fence_events),
    }


MEANING: Mapping[str, Callable[[Any], object]] = {
    "addresses": _addresses,
    "cib": _cib,
    "cmap": _cmap,
    "haproxy": _haproxy,
    "links": _links,
    "quorum": _quorum,
    "status": _status,
}
