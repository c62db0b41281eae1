"""What is read from the CIB of three generations."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import cib
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Colocation, Expression, Gate, Location, Order, Rule, gate_of
from commands.facts.cib_resources import Clone, Operation
from commands.facts.fact import NotRunning
from commands.facts.pacemaker_xml import INFINITY

Recorded = Callable[[str], Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def read(done: Completed) -> Cib:
    record = cib.parse(done)
    assert isinstance(record, Cib)
    return record


@pytest.fixture
def many_kinds(recorded: Recorded) -> Completed:
    return recorded("by-hand/debian12/many-kinds/cibadmin.n1")


def test_a_healthy_cluster(recorded: Recorded) -> None:
    healthy = read(recorded("by-hand/debian12/healthy/cibadmin.n1"))

    assert (healthy.admin_epoch, healthy.epoch, healthy.num_updates) == (0, 8, 25)
    assert (healthy.update_client, healthy.update_user, healthy.update_origin) == ("crmd", "hacluster", "n2")
    assert healthy.nodes == {"1": "n1", "2": "n2"}
    assert healthy.properties["stonith-enabled"] == "false"
    assert healthy.properties["cluster-name"] == "hacluster01"
    vip1 = healthy.primitive("vip1")
    assert vip1 is not None
    assert (vip1.cls, vip1.provider, vip1.type, vip1.clone) == ("ocf", "heartbeat", "IPaddr2", None)
    assert vip1.attributes == {"cidr_netmask": "24", "ip": "10.77.0.101", "nic": "host0"}
    assert vip1.operations[0] == Operation("monitor", "10s")
    assert healthy.primitive("vip9") is None
    assert healthy.clones == (Clone("haproxy-clone", {"interleave": "true"}, ("haproxy",)),)
    assert healthy.orders[0] == Order("order-haproxy-clone-vip1-mandatory", "haproxy-clone", "vip1")
    assert healthy.colocations[1:] == (
        Colocation("colocation-vip2-haproxy-clone-INFINITY", "vip2", "haproxy-clone", INFINITY),
        Colocation("colocation-vip2-vip1--1000", "vip2", "vip1", -1000),
    )
    assert healthy.locations[0] == Location("location-vip1-n1-50", "vip1", "n1", 50)
    assert (healthy.gates, healthy.leftover_moves) == ((), ())


def test_a_cluster_without_resources(recorded: Recorded) -> None:
    empty = read(recorded("by-hand/debian12/empty/cibadmin.n1"))
    assert (empty.primitives, empty.clones, empty.resource_defaults) == ((), (), {})
    assert empty.transient_attributes == {"n1": {"#feature-set": "3.16.1"}, "n2": {"#feature-set": "3.16.1"}}


@GENERATIONS
def test_gates_leftovers_and_attributes(recorded: Recorded, debian: int) -> None:
    configured = read(recorded(f"by-hand/debian{debian}/many-kinds/cibadmin.n1"))

    assert configured.gates == (
        Gate("location-vip2", "vip2", "n2", "gate-vip2"),
        Gate("location-vip1", "vip1", "n1", "gate-vip1"),
    )
    assert configured.leftover_moves == (Location("cli-ban-vip1-on-n2", "vip1", "n2", -INFINITY),)
    assert configured.node_attributes == {"n1": {"rack": "a1"}, "n2": {"standby": "on"}}
    assert configured.transient_attributes["n1"]["hacluster-vip2"] == "yes"
    assert configured.resource_defaults == {"resource-stickiness": "100"}


def test_every_kind_of_resource(many_kinds: Completed) -> None:
    configured = read(many_kinds)

    assert [(one.id, one.clone, one.group) for one in configured.primitives] == [
        ("vip3", None, None),
        ("approval", None, None),
        ("haproxy", "haproxy-clone", None),
        ("vip1", None, None),
        ("vip2", None, None),
        ("web1", None, "web"),
        ("web2", None, "web"),
        ("inner", "many-clone", "many"),
        ("db", "db-clone", None),
    ]
    assert [(one.id, one.primitives) for one in configured.clones] == [
        ("haproxy-clone", ("haproxy",)),
        ("many-clone", ("inner",)),
        ("db-clone", ("db",)),
        ("boxes", ()),
    ]
    db = configured.primitive("db")
    assert db is not None
    assert db.meta == {"is-managed": "false"}
    assert [op for op in db.operations if op.name == "monitor"] == [
        Operation("monitor", "11s", role="Promoted"),
        Operation("monitor", "12s", role="Unpromoted"),
    ]


def test_a_template_gives_what_its_primitive_does_not_say_and_a_guarded_set_gives_nothing(
    many_kinds: Completed,
) -> None:
    vip3 = read(many_kinds).primitive("vip3")
    assert vip3 is not None
    assert (vip3.cls, vip3.provider, vip3.type) == ("ocf", "heartbeat", "IPaddr2")
    assert vip3.attributes == {"ip": "10.61.0.103", "nic": "eth0", "cidr_netmask": "24"}
    assert vip3.operations == (Operation("monitor", "7s", "9s"),)


def test_constraints_over_sets_and_patterns(many_kinds: Completed) -> None:
    configured = read(many_kinds)
    assert configured.orders[-1] == Order(
        "order_set_w1w2v1", "", "", kind="Optional", sets=(("web1", "web2"), ("vip1",))
    )
    assert configured.colocations[-1] == Colocation("colocation_set_wbv1v2", "", "", 200, (("web", "vip1"), ("vip2",)))
    assert configured.locations[-1] == Location("location-web.-n2--5", "", "n2", -5, pattern="web.*")


def test_a_colocation_without_a_score_binds_nothing(many_kinds: Completed) -> None:
    bare = replace(many_kinds, stdout=many_kinds.stdout.replace(' score="-1000" id="colocation', ' id="colocation'))
    assert {one.score for one in read(bare).colocations if one.resource == "vip2"} == {0, INFINITY}


def test_of_several_sets_the_bootstrap_options_win_and_then_the_higher_score(said: Callable[..., Completed]) -> None:
    def pairs(*values: str) -> str:
        return "".join(f'<nvpair id="{value}" name="{value[0]}" value="{value}"/>' for value in values)

    configured = read(
        said(
            cib.FACT,
            '<cib admin_epoch="0" epoch="0" num_updates="0"><configuration><crm_config>'
            f'<cluster_property_set id="none">{pairs("a0", "b0", "c0", "d0")}</cluster_property_set>'
            f'<cluster_property_set id="low" score="1">{pairs("a1", "b1", "c1")}</cluster_property_set>'
            f'<cluster_property_set id="high" score="INFINITY">{pairs("a2", "b2")}</cluster_property_set>'
            f'<cluster_property_set id="cib-bootstrap-options">{pairs("a3")}<nvpair id="u" name="c"/>'
            "</cluster_property_set></crm_config><resources/><constraints/></configuration></cib>",
        )
    )
    assert configured.properties == {"a": "a3", "b": "b2", "c": "c1", "d": "d0"}
    assert (configured.nodes, configured.transient_attributes) == ({}, {})


def test_a_nodes_state_without_its_name_is_known_by_the_configured_one(many_kinds: Completed) -> None:
    nameless = replace(
        many_kinds, stdout=many_kinds.stdout.replace('<node_state id="1" uname="n1"', '<node_state id="1"')
    )
    assert list(read(nameless).transient_attributes) == ["n1"]
    stray = nameless.stdout.replace('<node_state id="1"', '<node_state id="7"')
    assert list(read(replace(many_kinds, stdout=stray)).transient_attributes) == ["7"]
    named = nameless.stdout.replace('<node_state id="1"', '<node_state id="7" uname="n7"')
    assert list(read(replace(many_kinds, stdout=named)).transient_attributes) == ["n7"]


def test_what_a_fencing_device_is_told_is_not_printed(many_kinds: Completed) -> None:
    configured = read(replace(many_kinds, stdout=many_kinds.stdout.replace('value="n1 n2"', 'value="canary-secret"')))
    approval = configured.primitive("approval")
    assert approval is not None
    assert approval.attributes["pcmk_host_list"] == "canary-secret"
    assert "canary-secret" not in repr(configured)


@GENERATIONS
def test_no_daemon_is_an_answer(recorded: Recorded, debian: int) -> None:
    answer = cib.parse(recorded(f"by-hand/debian{debian}/never-started/cibadmin.n1"))
    assert isinstance(answer, NotRunning)
    assert "Could not connect to the CIB" in answer.why


@pytest.mark.parametrize(
    ("stdout", "exit_status", "told"),
    [
        ("", 0, "not XML"),
        ("<crm_mon/>", 0, "root is <crm_mon>"),
        ("<cib/>", 0, "no <configuration>"),
        ("who are you", 1, "exit status 1 (it begins: who are you)"),
    ],
)
def test_anything_else_is_unreadable(said: Callable[..., Completed], stdout: str, exit_status: int, told: str) -> None:
    with pytest.raises(UnreadableOutput, match=re.escape(told)):
        cib.parse(said(cib.FACT, stdout, exit_status))


@pytest.mark.parametrize("attribute", ["admin_epoch", "epoch", "num_updates"])
def test_its_version_must_be_there(many_kinds: Completed, attribute: str) -> None:
    with pytest.raises(UnreadableOutput, match=f"has no {attribute}"):
        cib.parse(replace(many_kinds, stdout=many_kinds.stdout.replace(f' {attribute}="', ' was="', 1)))


HOME = Expression("expression", "#uname", "ne", "n2")
APPROVED = Expression("expression", "hacluster-vip2", "not_defined")
GATE = Location("location-vip2", "vip2", rules=(Rule("gate-vip2", -INFINITY, "and", (HOME, APPROVED)),))


def with_rule(rule: Rule) -> Location:
    return replace(GATE, rules=(rule,))


def test_a_gate_is_known_in_either_order() -> None:
    gate = Gate("location-vip2", "vip2", "n2", "gate-vip2")
    assert gate_of(GATE) == gate
    assert gate_of(with_rule(replace(GATE.rules[0], expressions=(APPROVED, HOME)))) == gate


@pytest.mark.parametrize(
    "other",
    [
        replace(GATE, resource="vip1"),
        replace(GATE, resource=""),
        replace(GATE, node="n1"),
        replace(GATE, rules=()),
        replace(GATE, rules=GATE.rules * 2),
        with_rule(replace(GATE.rules[0], score=-1000)),
        with_rule(replace(GATE.rules[0], score=None)),
        with_rule(replace(GATE.rules[0], boolean_op="or")),
        with_rule(replace(GATE.rules[0], expressions=(HOME,))),
        with_rule(replace(GATE.rules[0], expressions=(HOME, APPROVED, APPROVED))),
        with_rule(replace(GATE.rules[0], expressions=(replace(HOME, operation="eq"), APPROVED))),
        with_rule(replace(GATE.rules[0], expressions=(replace(HOME, attribute="rack"), APPROVED))),
        with_rule(replace(GATE.rules[0], expressions=(replace(HOME, value=""), APPROVED))),
        with_rule(replace(GATE.rules[0], expressions=(HOME, replace(APPROVED, operation="defined")))),
        with_rule(replace(GATE.rules[0], expressions=(HOME, replace(APPROVED, kind="date_expression")))),
    ],
)
def test_anything_more_or_less_is_no_gate(other: Location) -> None:
    assert gate_of(other) is None


CONFIGURATION = re.compile(r"<configuration>.*</configuration>", re.DOTALL)


def test_the_digest_is_of_the_configuration_alone(many_kinds: Completed) -> None:
    same = many_kinds.stdout
    same = same.replace('epoch="6"', 'epoch="7"').replace('name="hacluster-vip2" value="yes"', 'name="x" value="y"')
    same = same.replace('id="web1" class="ocf"', 'class="ocf" id="web1"').replace("<constraints>", "<constraints>\n  ")
    refreshed = '<nvpair id="r" name="last-lrm-refresh" value="1795414503"/></cluster_property_set>'
    same = same.replace("</cluster_property_set>", refreshed)
    assert same != many_kinds.stdout
    assert read(replace(many_kinds, stdout=same)).digest == read(many_kinds).digest


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(data=st.data())
def test_the_digest_tells_every_value_of_the_configuration(recorded: Recorded, data: st.DataObject) -> None:
    done = recorded("by-hand/debian12/many-kinds/cibadmin.n1")
    section = CONFIGURATION.search(done.stdout)
    assert section is not None
    values = [match.span(1) for match in re.finditer(r' (?:value|timeout|interval|node)="([^"]*)"', section[0])]
    begin, end = data.draw(st.sampled_from(values))
    other = section[0][:begin] + section[0][begin:end] + "0" + section[0][end:]
    changed = done.stdout.replace(section[0], other)
    assert read(replace(done, stdout=changed)).digest != read(done).digest


def test_the_digest_tells_where_an_element_is(many_kinds: Completed) -> None:
    group, moved = '<group id="web">', '</group>\n      <group id="later">'
    first, second = '<primitive id="web1"', '<primitive id="web2"'
    assert group in many_kinds.stdout
    split = many_kinds.stdout.replace(second, moved + second)
    joined = many_kinds.stdout.replace(group, '<group id="later"/>' + group)
    assert first in split
    digests = {read(replace(many_kinds, stdout=text)).digest for text in (many_kinds.stdout, split, joined)}
    assert len(digests) == 3
