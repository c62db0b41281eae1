"""Setup of floating IPs of both families: HAProxy must be able to bind them, and to answer at each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commands.errors import UsageError
from commands.facts.fact import Known
from commands.facts.haproxy_config import Bind, HaproxyConfig
from commands.facts.host import Addresses, Interface, InterfaceAddress
from commands.facts.reach import InUse
from commands.plan import Decision, NothingToDo, Plan
from commands.report import Level
from commands.snapshot import FACTS, NodeSnapshot, Snapshot
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.verb import decide
from config.inventory import VipSpec
from tests.commands.verbs.setting_up import (
    ADDRESS,
    NAMES,
    OWN_PROXY_CONFIG,
    REQUEST,
    WORDS,
    bare,
    finished,
    reasons,
    requested,
)

V6 = "2001:db8::10"
BOTH = REQUEST.cluster.model_copy(update={"vips": (VipSpec.parse("10.0.0.10/24"), VipSpec.parse(f"{V6}/64"))})
V4_ONLY = (Bind("*", 80),)
DUAL = (*V4_ONLY, Bind("::", 80))


def told(node: NodeSnapshot, *binds: Bind, unknown: tuple[str, ...] = ()) -> NodeSnapshot:
    """Put a node into both families' subnets, with an haproxy.cfg of its own."""
    held = (
        InterfaceAddress(ADDRESS[node.node.name], 24, secondary=False),
        InterfaceAddress("2001:db8::1", 64, secondary=False),
    )
    config = replace(OWN_PROXY_CONFIG, binds=binds, unknown_binds=unknown)
    return replace(
        node,
        addresses=Known(Addresses((Interface("eth0", up=True, addresses=held),))),
        haproxy_config=Known(config),
        vips_in_use=Known(InUse({"10.0.0.10": None, V6: None})),
    )


def decided(*nodes: NodeSnapshot) -> Decision:
    return decide(SetupRequest(BOTH), Snapshot(BOTH, nodes))


def commands(decision: Decision, step_id: str) -> str:
    assert isinstance(decision, Plan), decision
    (step,) = (step for step in decision.steps if step.id == step_id)
    return "\n".join(command.shown() for lane in step.lanes for command in lane.commands)


def test_a_wildcard_of_ipv4_answers_at_no_address_of_ipv6() -> None:
    why = f"no `bind` that would answer at the floating IP {V6}"
    assert why in reasons(decided(*(told(bare(name), *V4_ONLY) for name in NAMES)))
    for binds in (DUAL, (*V4_ONLY, Bind(V6, 80)), (*V4_ONLY, Bind("web.example.org", 80))):
        assert isinstance(decided(*(told(bare(name), *binds) for name in NAMES)), Plan)
    unclear = (told(bare(name), *V4_ONLY, unknown=("${V6}:80",)) for name in NAMES)
    assert isinstance(decided(*unclear), Plan), "what only the running HAProxy knows is not held against it"


def test_a_bind_that_only_haproxy_can_resolve_is_no_reason_to_refuse_and_said_not_to_be_asked() -> None:
    variable = [told(bare(name), unknown=("${VIP}:80",)) for name in NAMES]
    named = [told(bare(name), Bind("web.example.org", 80)) for name in NAMES]
    for nodes in (variable, named):
        decision = decided(*nodes)
        assert isinstance(decision, Plan)
        assert [finding.level for finding in decision.undone] == [Level.WARNING, Level.WARNING]
        assert f"which port answers at {V6} is not known" in decision.undone[1].text
        assert decision.steps[-1].proof is not None
        assert not decision.steps[-1].proof.facts, "nothing is asked for"
    known = decided(*(told(bare(name), *DUAL, unknown=("${VIP}:443",)) for name in NAMES))
    assert isinstance(known, Plan)
    assert known.undone == ()


def test_what_was_not_asked_is_said_of_a_cluster_that_is_set_up_already_too() -> None:
    named = Known(replace(OWN_PROXY_CONFIG, binds=(Bind("web.example.org", 80),)))
    decision = decide(
        replace(REQUEST, known=REQUEST.cluster),
        Snapshot(REQUEST.cluster, tuple(replace(finished(name), haproxy_config=named) for name in NAMES)),
    )
    assert isinstance(decision, NothingToDo)
    assert [f.text[:33] for f in decision.findings if f.level is Level.WARNING] == [
        "which port answers at 10.0.0.10 i",
        "which port answers at 10.0.0.11 i",
    ]


def test_a_bind_of_another_address_answers_at_none_of_the_floating_ips() -> None:
    elsewhere = tuple(told(bare(name), Bind("10.0.0.77", 80), Bind("::", 80)) for name in NAMES)
    assert "would answer at the floating IP 10.0.0.10" in reasons(decided(*elsewhere))


def test_a_file_that_would_not_answer_is_refused_before_any_node_is_asked() -> None:
    with pytest.raises(UsageError, match=f"no `bind` that would answer at {V6}") as refused:
        requested(f"{WORDS} --vip {V6}/64")
    assert "bind :::80" in refused.value.remedy
    assert list(refused.value.fields) == ["haproxy_cfg"]


def test_each_family_of_floating_ips_may_be_bound_where_it_is_not() -> None:
    lines = "net.ipv4.ip_nonlocal_bind, net.ipv6.ip_nonlocal_bind"
    assert lines in commands(decided(*(told(bare(name), *DUAL) for name in NAMES)), "sysctl")
    assert "net.ipv6" not in commands(
        decide(REQUEST, Snapshot(REQUEST.cluster, tuple(bare(n) for n in NAMES))), "sysctl"
    )


def test_a_kernel_that_lets_bind_one_family_only_is_not_done() -> None:
    four, six = "net.ipv4.ip_nonlocal_bind", "net.ipv6.ip_nonlocal_bind"
    half = [replace(told(bare(name), *DUAL), sysctl=Known({four: "1"})) for name in NAMES]
    assert six in commands(decided(*half), "sysctl")
    decision = decided(*(replace(node, sysctl=Known({four: "1", six: "1"})) for node in half))
    assert isinstance(decision, Plan)
    assert "sysctl" not in [step.id for step in decision.steps]


def test_the_kernel_is_asked_about_the_families_there_are() -> None:
    node = BOTH.nodes[0]
    asked = FACTS["sysctl"](BOTH, node).command.argv
    assert "/proc/sys/net/ipv6/ip_nonlocal_bind" in asked
    assert "/proc/sys/net/ipv6/ip_nonlocal_bind" not in FACTS["sysctl"](REQUEST.cluster, node).command.argv


def test_a_node_without_ipv6_is_told_before_anything_is_done() -> None:
    v4 = [replace(told(bare(name), *DUAL), addresses=bare(name).addresses) for name in NAMES]
    assert "none of its interfaces is in 2001:db8::/64" in reasons(decided(*v4))


def test_what_is_not_known_of_a_configuration_is_not_silence() -> None:
    nothing = HaproxyConfig(True, True, "", (), ("${WEB}",), package_default=False, digest="own")
    assert not nothing.silent_at(V6)
