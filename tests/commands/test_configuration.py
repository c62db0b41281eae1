"""What Pacemaker's configuration should hold, against what recorded clusters hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Command
from commands.configuration import (
    DRAFT,
    ORIGINAL,
    conflicts,
    draft_commands,
    fence_devices,
    missing,
    push_command,
    seed_command,
    vips,
)
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Colocation, Expression, Location, Order, Rule
from commands.facts.cib_resources import Clone, Primitive
from commands.facts.fact import Known
from commands.facts.pacemaker_xml import INFINITY
from commands.snapshot import Snapshot
from config.inventory import ClusterSpec, Failover, FencingSpec, VipSpec, parse_node

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
SEEDED = Cib(0, 1, 0, "", "", "", "seed", properties={"dc-deadtime": "2s"})
NODES = tuple(parse_node(f"n{n}=10.0.0.{n}") for n in range(1, 5))


def recorded(snapshot: Snapshot) -> Cib:
    reading = snapshot.nodes[0].cib
    assert isinstance(reading, Known)
    assert isinstance(reading.value, Cib)
    return reading.value


def sent_away(resource: str) -> Location:
    expression = Expression("expression", f"hacluster-{resource}", "eq", "away")
    return Location(f"l-{resource}", resource, rules=(Rule(f"away-{resource}", -INFINITY, "and", (expression,)),))


def only_gates(cib: Cib) -> Cib:
    kept = tuple(one for one in cib.locations if not any(rule.id.startswith("away-") for rule in one.rules))
    return replace(cib, locations=kept)


@GENERATIONS
def test_a_healthy_cluster_lacks_nothing(situation: SituationOf, debian: int) -> None:
    healthy = situation("healthy", debian)
    cib = only_gates(recorded(healthy))
    rules = (sent_away("vip1"), sent_away("vip2"))
    assert missing(healthy.cluster, replace(cib, locations=(*cib.locations, *rules))) == ()
    assert conflicts(healthy.cluster, cib) == ()


@GENERATIONS
def test_a_cluster_whose_gates_are_older_lacks_the_rules_that_send_away_and_nothing_else(
    situation: SituationOf, debian: int
) -> None:
    healthy = situation("healthy", debian)
    cib = only_gates(recorded(healthy))
    assert missing(healthy.cluster, cib) == tuple(f"`{v}` cannot be sent away from its home" for v in ("vip1", "vip2"))
    drafted = [command.argv for command in draft_commands(healthy.cluster, cib, {})]
    assert drafted[:2] == [("pcs", "cluster", "cib", ORIGINAL), ("cp", ORIGINAL, DRAFT)]
    assert drafted[2:] == [
        ("pcs", "-f", DRAFT, "constraint", "location", v, "rule", f"id=away-{v}", "score=-INFINITY",
         f"hacluster-{v}", "eq", "away")
        for v in ("vip1", "vip2")
    ]  # fmt: skip


@GENERATIONS
def test_a_cluster_in_trouble_lacks_nothing_that_a_healthy_one_has(situation: SituationOf, debian: int) -> None:
    whole = missing(situation("healthy", debian).cluster, recorded(situation("healthy", debian)))
    for name in ("n1-standby", "maintenance", "n2-lost", "n2-lost-failover-approved", "split", "haproxy-failed-start"):
        assert missing(situation("healthy", debian).cluster, recorded(situation(name, debian))) == whole, name


@GENERATIONS
def test_an_empty_cluster_gets_everything(situation: SituationOf, debian: int) -> None:
    empty = situation("empty", debian)
    told = missing(empty.cluster, recorded(empty))
    assert "HAProxy is not a resource yet" in told
    assert {f"`{v}` has no gate" for v in ("vip1", "vip2")} <= set(told)


# ---------------------------------------------------------------- what the commands bring about


KIND = {"systemd:haproxy": ("systemd", "", "haproxy"), "ocf:heartbeat:IPaddr2": ("ocf", "heartbeat", "IPaddr2")}


def effect(cib: Cib, command: Command) -> Cib:  # noqa: PLR0911 - one way per pcs command that is used
    """Return the configuration after a `pcs -f` command: a model of pcs, as far as the drafts use it."""
    match command.argv[3:]:
        case ("property", "set", *pairs):
            properties = {**cib.properties, **dict(pair.split("=", 1) for pair in pairs)}
            return replace(cib, properties={name: value for name, value in properties.items() if value})
        case ("resource", "defaults", "update", pair):
            name, _, value = pair.partition("=")
            return replace(cib, resource_defaults={**cib.resource_defaults, name: value})
        case ("resource" | "stonith", "create", made, agent, *words):
            plain = words[: words.index("op")] if "op" in words else words
            attributes = dict(word.split("=", 1) for word in plain)
            cloned = (Clone(f"{made}-clone", {}, (made,)),) if words[-1:] == ["clone"] else ()
            primitive = Primitive(made, *KIND.get(agent, ("stonith", "", agent)), attributes)
            return replace(cib, primitives=(*cib.primitives, primitive), clones=(*cib.clones, *cloned))
        case ("resource", "clone", inside):
            return replace(cib, clones=(*cib.clones, Clone(f"{inside}-clone", {}, (inside,))))
        case ("resource", "meta", *_):
            return cib
        case ("constraint", "order", "start", first, "then", then):
            return replace(cib, orders=(*cib.orders, Order("", first, then)))
        case ("constraint", "colocation", "add", one, "with", other, _):
            return replace(cib, colocations=(*cib.colocations, Colocation("", one, other, 0)))
        case ("constraint", "location", resource, "rule", rule, *_):
            made_rule = Rule(rule.removeprefix("id="), -INFINITY, "and", ())
            return replace(cib, locations=(*cib.locations, Location("", resource, rules=(made_rule,))))
        case other:
            raise AssertionError(f"no such command is known here: {other}")


@st.composite
def clusters(draw: st.DrawFn) -> ClusterSpec:
    """Clusters as they may be declared."""
    nodes = NODES[: draw(st.integers(2, 4))]
    floating = [
        VipSpec.parse(f"10.0.0.{number}/24") for number in draw(st.lists(st.integers(10, 20), unique=True, max_size=4))
    ]
    fencing = draw(
        st.sampled_from([
            None,
            FencingSpec(agent="fence_x", options={"password": "secret:ipmi"}),
            FencingSpec(agent="fence_x", per_node={"n1": {"ip": "10.9.0.1"}}),
        ])
    )  # fmt: skip
    failover: Failover = draw(st.sampled_from(get_args(Failover)))
    return ClusterSpec(name="web", nodes=nodes, vips=tuple(floating), fencing=fencing, failover=failover)


FILES = {"ipmi": "/etc/hacluster/ipmi.sh"}


@given(clusters(), st.integers(0, 60))
def test_once_carried_out_nothing_is_missing_and_half_way_the_rest_is(cluster: ClusterSpec, stop: int) -> None:
    drafted = draft_commands(cluster, SEEDED, FILES)[2:]
    cib = SEEDED
    for command in drafted[:stop]:
        cib = effect(cib, command)
    for command in draft_commands(cluster, cib, FILES)[2:]:
        cib = effect(cib, command)
    assert missing(cluster, cib) == ()
    assert draft_commands(cluster, cib, FILES)[2:] == ()
    assert conflicts(cluster, cib) == ()


@given(clusters())
def test_each_failover_policy_has_its_own_way_to_keep_addresses_apart(cluster: ClusterSpec) -> None:
    shown = [command.shown() for command in draft_commands(cluster, SEEDED, FILES)]
    gated = [line for line in shown if "id=gate-" in line]
    apart = [line for line in shown if "score=-1000" in line]
    if cluster.failover == "approved":
        assert (len(gated), apart) == (len(cluster.vips), [])
    else:
        count = len(cluster.vips)
        assert (gated, len(apart)) == ([], count * (count - 1) // 2)
    assert not any("-INFINITY" in line and "colocation" in line for line in shown)


def test_a_new_cluster_starts_from_the_seed_and_is_pushed_in_one_piece() -> None:
    cluster = ClusterSpec(name="web", nodes=NODES[:2])
    assert draft_commands(cluster, None, {})[0] == seed_command(ORIGINAL, "root:root")
    assert push_command().shown() == f"pcs cluster cib-push {DRAFT} diff-against={ORIGINAL}"
    assert all(command.changes for command in (*draft_commands(cluster, None, {}), push_command()))


def test_homes_are_spread_over_the_nodes_in_turn() -> None:
    floating = tuple(VipSpec.parse(f"10.0.0.{n}/24") for n in (10, 11, 12))
    placed = vips(ClusterSpec(name="web", nodes=NODES[:2], vips=floating))
    assert [(vip.id, vip.home) for vip in placed] == [("vip1", "n1"), ("vip2", "n2"), ("vip3", "n1")]


def test_two_nodes_that_lost_each_other_do_not_fence_each_other_at_once() -> None:
    fencing = FencingSpec(agent="fence_x", per_node={"n1": {"ip": "10.9.0.1"}, "n2": {"ip": "10.9.0.2"}})
    first, second = fence_devices(ClusterSpec(name="web", nodes=NODES[:2], fencing=fencing))
    assert first == ("fence-n1", ("n1",), {"ip": "10.9.0.1", "pcmk_delay_base": "5s"})
    assert second == ("fence-n2", ("n2",), {"ip": "10.9.0.2"})
    assert all("pcmk_delay_base" not in o for *_, o in fence_devices(ClusterSpec(name="web", nodes=NODES[:3], fencing=fencing)))  # fmt: skip


def test_a_secret_of_fencing_is_a_file_on_the_node_never_a_word() -> None:
    fencing = FencingSpec(agent="fence_x", options={"password": "secret:ipmi"})
    shown = "\n".join(
        c.shown() for c in draft_commands(ClusterSpec(name="web", nodes=NODES[:2], fencing=fencing), SEEDED, FILES)
    )
    assert "password_script=/etc/hacluster/ipmi.sh" in shown
    assert "secret:" not in shown


def test_what_stands_in_the_way_is_named() -> None:
    cluster = ClusterSpec(name="web", nodes=NODES[:2], vips=(VipSpec.parse("10.0.0.10/24"),))
    theirs = replace(
        SEEDED,
        primitives=(
            Primitive("vip1", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.99"}),
            Primitive("front", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.10"}),
            Primitive("haproxy", "ocf", "heartbeat", "haproxy"),
        ),
    )
    other_address, other_name, other_proxy = conflicts(cluster, theirs)
    assert "10.0.0.99" in other_address
    assert "`front`" in other_name
    assert "not the haproxy service" in other_proxy
