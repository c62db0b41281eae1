"""What Pacemaker's configuration should hold, against what recorded clusters hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_args
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.command import Command, Completed
from commands.configuration import (
    DRAFT,
    ORIGINAL,
    SEED_DEADTIME,
    conflicts,
    draft_commands,
    fence_devices,
    missing,
    push_command,
    seed_command,
    vips,
)
from commands.facts.cib import FACT, Cib, parse
from commands.facts.cib_constraints import Expression, Location, Rule
from commands.facts.cib_resources import Primitive
from commands.facts.fact import Known
from commands.facts.pacemaker_xml import INFINITY
from commands.gates import has_away_rule
from commands.snapshot import Snapshot
from config.inventory import ClusterSpec, Failover, FencingSpec, VipSpec, parse_node

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
SEEDED = Cib(0, 1, 0, "", "", "", "seed", properties={"dc-deadtime": SEED_DEADTIME})
NODES = tuple(parse_node(f"n{n}=10.0.0.{n}") for n in range(1, 5))


def recorded(snapshot: Snapshot) -> Cib:
    reading = snapshot.nodes[0].cib
    assert isinstance(reading, Known)
    assert isinstance(reading.value, Cib)
    return reading.value


def sent_away(resource: str) -> Location:
    expression = Expression("expression", f"hacluster-{resource}", "eq", "away")
    return Location(f"l-{resource}", resource, rules=(Rule(f"away-{resource}", -INFINITY, "and", (expression,)),))


def gate(home: str, resource: str) -> tuple[Expression, ...]:
    return (
        Expression("expression", "#uname", "ne", home),
        Expression("expression", f"hacluster-{resource}", "not_defined", ""),
    )


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
    query, copy, create, verify = draft_commands(healthy.cluster, cib, {})
    assert query.argv[-1] == ORIGINAL
    assert copy.argv == ("cp", ORIGINAL, DRAFT)
    assert create.shown() == f"env CIB_file={DRAFT} cibadmin --create --scope constraints --xml-pipe < constraints"
    assert create.stdin is not None
    assert (
        create.stdin.text
        == """<constraints>
  <rsc_location id="location-vip1-away" rsc="vip1">
    <rule id="away-vip1" boolean-op="and" score="-INFINITY">
      <expression id="away-vip1-expr" attribute="hacluster-vip1" operation="eq" value="away" />
    </rule>
  </rsc_location>
  <rsc_location id="location-vip2-away" rsc="vip2">
    <rule id="away-vip2" boolean-op="and" score="-INFINITY">
      <expression id="away-vip2-expr" attribute="hacluster-vip2" operation="eq" value="away" />
    </rule>
  </rsc_location>
</constraints>
"""
    )
    assert verify.argv == ("crm_verify", "--verbose", "--xml-file", DRAFT)


def with_rule(cib: Cib, resource: str, rule: Rule) -> Cib:
    """Put a rule where the resource's gate was."""
    kept = tuple(one for one in cib.locations if not any(r.id == f"gate-{resource}" for r in one.rules))
    return replace(cib, locations=(*kept, Location(f"l-{resource}", resource, rules=(rule,))))


@pytest.mark.parametrize(
    ("rule", "conflict"),
    [
        (Rule("gate-vip1", -INFINITY, "and", gate("n2", "vip1")), "the gate of `vip1` keeps it on n2"),
        (Rule("by-hand", -INFINITY, "and", gate("n2", "vip1")), "the gate of `vip1` keeps it on n2"),
        (Rule("gate-vip1", -1000, "and", gate("n1", "vip1")), "the rule `gate-vip1` is no gate"),
        (Rule("gate-vip1", -INFINITY, "or", gate("n1", "vip1")), "the rule `gate-vip1` is no gate"),
        (Rule("gate-vip1", -INFINITY, "and", gate("n1", "vip2")), "the rule `gate-vip1` is no gate"),
    ],
)
def test_a_gate_that_is_not_the_one_of_its_home_is_missing_and_in_the_way(
    situation: SituationOf, rule: Rule, conflict: str
) -> None:
    healthy = situation("healthy")
    cib = with_rule(recorded(healthy), "vip1", rule)
    assert "`vip1` has no gate at its home n1" in missing(healthy.cluster, cib)
    (told,) = conflicts(healthy.cluster, cib)
    assert conflict in told


def test_a_gate_of_another_name_is_a_gate(situation: SituationOf) -> None:
    healthy = situation("healthy")
    cib = with_rule(recorded(healthy), "vip1", Rule("by-hand", -INFINITY, "and", gate("n1", "vip1")))
    assert not any("gate" in lack for lack in missing(healthy.cluster, cib))
    assert conflicts(healthy.cluster, cib) == ()


def test_a_rule_that_only_claims_to_send_away_is_in_the_way(situation: SituationOf) -> None:
    healthy = situation("healthy")
    cib = only_gates(recorded(healthy))
    wrong = replace(sent_away("vip1"), rules=(replace(sent_away("vip1").rules[0], score=-1),))
    (told,) = conflicts(healthy.cluster, replace(cib, locations=(*cib.locations, wrong)))
    assert "`away-vip1` does not send `vip1` away" in told


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
    assert {"`vip1` has no gate at its home n1", "`vip2` has no gate at its home n2"} <= set(told)


# ---------------------------------------------------------------- what the commands bring about


SEED = f"""<cib validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="d" name="dc-deadtime" value="{SEED_DEADTIME}"/>
</cluster_property_set></crm_config><nodes/><resources/><constraints/></configuration><status/></cib>"""


def read(root: Element) -> Cib:
    cib = parse(Completed("n1", FACT.command, 0, tostring(root, encoding="unicode"), ""))
    assert isinstance(cib, Cib)
    return cib


def ids(root: Element) -> list[str]:
    return [one.attrib["id"] for one in root.iter() if "id" in one.attrib]


def carry_out(root: Element, command: Command) -> None:
    """Do to a configuration what a command of a draft does to the one in its file, as far as drafts use it."""
    configuration = root.find("configuration")
    assert configuration is not None
    match command.argv:
        case ("env", where, "crm_attribute", "--type", kind, "--name", name, *words):
            assert where == f"CIB_file={DRAFT}"
            section = configuration.find(kind)
            assert section is not None
            held = section.find("cluster_property_set")
            assert held is not None
            for pair in held.findall(f"nvpair[@name='{name}']"):
                held.remove(pair)
            if words[0] == "--update":
                SubElement(held, "nvpair", id=f"{held.get('id')}-{name}", name=name, value=words[1])
        case ("env", _, "cibadmin", *how, "--scope", scope, "--xml-pipe"):
            assert command.stdin is not None
            made = fromstring(command.stdin.text)
            assert made.tag == scope
            section = configuration.find(scope)
            if section is None:
                assert how == ["--modify", "--allow-create"], "what creates, creates in a section that is there"
                section = SubElement(configuration, scope)
            section.extend(made)
            assert len(set(ids(root))) == len(ids(root)), "every id is there once"
        case ("pcs", "-f", _, "stonith", "create", device, agent, *options):
            resources = configuration.find("resources")
            assert resources is not None
            primitive = SubElement(resources, "primitive", {"id": device, "class": "stonith", "type": agent})
            held = SubElement(primitive, "instance_attributes", id=f"{device}-i")
            for name, _, value in (option.partition("=") for option in options):
                SubElement(held, "nvpair", id=f"{device}-{name}", name=name, value=value)
        case other:
            raise AssertionError(f"no such command is known here: {other}")


def edits(commands: Sequence[Command]) -> Sequence[Command]:
    """Leave out the two that begin a draft and the one that verifies it."""
    return commands[2:-1]


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


@settings(deadline=None)
@given(clusters(), st.integers(0, 60))
def test_once_carried_out_nothing_is_missing_and_half_way_the_rest_is(cluster: ClusterSpec, stop: int) -> None:
    root = fromstring(SEED)
    for command in edits(draft_commands(cluster, None, FILES))[:stop]:
        carry_out(root, command)
    for command in edits(draft_commands(cluster, read(root), FILES)):
        carry_out(root, command)
    assert missing(cluster, read(root)) == ()
    assert edits(draft_commands(cluster, read(root), FILES)) == ()
    assert conflicts(cluster, read(root)) == ()


@settings(deadline=None)
@given(clusters())
def test_what_is_made_says_what_it_was_made_for(cluster: ClusterSpec) -> None:
    root = fromstring(SEED)
    for command in edits(draft_commands(cluster, None, FILES)):
        carry_out(root, command)
    cib = read(root)
    gated = cluster.failover == "approved"
    homes = {vip.id: vip.home for vip in vips(cluster)}
    assert {gate.resource: gate.home for gate in cib.gates} == (homes if gated else {})
    assert all(has_away_rule(cib, vip) is gated for vip in homes)
    assert "dc-deadtime" not in cib.properties
    assert cib.properties["stonith-enabled"] == ("true" if cluster.fencing else "false")
    for vip in vips(cluster):
        made = cib.primitive(vip.id)
        assert made is not None
        nic = {"nic": vip.spec.nic} if vip.spec.nic else {}
        assert made.attributes == {"ip": str(vip.spec.address), "cidr_netmask": str(vip.spec.prefix), **nic}
        assert [(op.name, op.interval) for op in made.operations] == [
            ("monitor", "5s"),
            ("start", "0s"),
            ("stop", "0s"),
        ]
    assert [(clone.meta, clone.primitives) for clone in cib.clones] == [({"interleave": "true"}, ("haproxy",))] * bool(
        homes
    )


def test_a_proxy_that_is_there_uncloned_is_cloned_by_pcs(situation: SituationOf) -> None:
    healthy = situation("healthy")
    cib = replace(recorded(healthy), clones=())
    shown = [command.shown() for command in draft_commands(healthy.cluster, cib, {})]
    assert f"pcs -f {DRAFT} resource clone haproxy" in shown
    assert f"pcs -f {DRAFT} resource meta haproxy-clone interleave=true" in shown


@settings(deadline=None)
@given(clusters())
def test_each_failover_policy_has_its_own_way_to_keep_addresses_apart(cluster: ClusterSpec) -> None:
    drafted = draft_commands(cluster, SEEDED, FILES)
    shown = [line for command in drafted if command.stdin for line in command.stdin.text.splitlines()]
    gated = [line for line in shown if '<rule id="gate-' in line]
    apart = [line for line in shown if 'score="-1000"' in line]
    if cluster.failover == "approved":
        assert (len(gated), apart) == (len(cluster.vips), [])
    else:
        count = len(cluster.vips)
        assert (gated, len(apart)) == ([], count * (count - 1) // 2)
    assert not any('score="-INFINITY"' in line and "<rsc_colocation" in line for line in shown)


def test_a_new_cluster_starts_from_the_seed_and_is_pushed_in_one_piece() -> None:
    cluster = ClusterSpec(name="web", nodes=NODES[:2])
    assert draft_commands(cluster, None, {})[0] == seed_command(ORIGINAL, "root:root")
    *_, original, draft = push_command().argv
    assert (original, draft) == (ORIGINAL, DRAFT)
    assert all(command.changes for command in (*draft_commands(cluster, None, {})[:-1], push_command()))


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
