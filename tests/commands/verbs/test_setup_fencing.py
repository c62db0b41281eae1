"""Setup and fencing: its secrets stay out of sight, and devices of other hands are neither switched off nor doubled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.host import OperatingSystem
from commands.plan import NothingToDo, Plan, Refusal
from commands.snapshot import Snapshot
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.verb import ask, decide
from config.inventory import ClusterSpec, FencingSpec
from tests.commands.verbs.setting_up import (
    BARE,
    NAMES,
    REQUEST,
    bare,
    complete_cib,
    finished,
    reasons,
    requested,
    snapshot,
)

KEPT = REQUEST.cluster.model_copy(update={"fencing": FencingSpec(agent="fence_ipmilan", kept=("ipmi",))})


def by_name(cluster: ClusterSpec) -> SetupRequest:
    """Ask for the cluster as the bot knows it."""
    return SetupRequest(cluster, known=cluster)


def test_fencing_of_other_hands_is_left_alone_and_that_is_all_there_is_to_do() -> None:
    whole = complete_cib()
    there = replace(
        whole,
        primitives=(*whole.primitives, Primitive("ipmi", "stonith", "", "fence_ipmilan", {"password": "c4n4ry"})),
        properties={**whole.properties, "stonith-enabled": "true"},
    )
    running = snapshot(*(replace(finished(n), cib=Known(there)) for n in NAMES))
    decision = decide(by_name(KEPT), running)
    assert isinstance(decision, NothingToDo), decision
    other = by_name(KEPT.model_copy(update={"fencing": FencingSpec(agent="fence_ipmilan", options={"ip": "10.9.0.1"})}))
    refusal = decide(other, running)
    assert "fenced by devices of its own (ipmi); others would be put beside them" in reasons(refusal)
    assert isinstance(refusal, Refusal)
    assert "`adopt 10.0.0.1`" in refusal.reasons[0].remedy


def test_fencing_that_is_to_be_kept_must_be_there() -> None:
    for there in (BARE, snapshot(*(finished(n) for n in NAMES))):
        assert "ipmi is to be kept for fencing and not in the cluster" in reasons(decide(by_name(KEPT), there))


def test_devices_of_a_cluster_that_is_stopped_count_too() -> None:
    whole = complete_cib()
    fenced = replace(whole, primitives=(*whole.primitives, Primitive("ipmi", "stonith", "", "fence_ipmilan")))
    on = replace(fenced, properties={**whole.properties, "stonith-enabled": "true"})
    off = replace(fenced, properties={**whole.properties, "stonith-enabled": "false"})

    def stopped(cib: Cib) -> Snapshot:
        rest = Known(NotRunning("stopped"))
        return snapshot(*(replace(finished(n), cib=rest, status=rest, cmap=rest, disk_cib=Known(cib)) for n in NAMES))

    assert "is fenced (ipmi)" in reasons(decide(REQUEST, stopped(on)))
    assert isinstance(decide(REQUEST, stopped(off)), Plan), "what is off is not switched off in passing"


def test_fencing_that_is_there_is_not_switched_off_in_passing() -> None:
    whole = complete_cib()
    devices = (*whole.primitives, Primitive("ipmi", "stonith", "", "fence_ipmilan"))
    fenced = replace(whole, primitives=devices, properties={"stonith-enabled": "true"})
    running = snapshot(*(replace(finished(n), cib=Known(fenced)) for n in NAMES))
    assert "is fenced (ipmi)" in reasons(decide(REQUEST, running))


@pytest.mark.parametrize(("debian", "package"), [(12, "fence-agents"), (13, "fence-agents-ipmilan")])
def test_a_cluster_that_fences_gets_its_agent_and_no_other_where_that_can_be_had(debian: int, package: str) -> None:
    words = "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --haproxy-cfg haproxy.cfg --fencing fence_ipmilan"
    where = Known(OperatingSystem("debian", str(debian), f"Debian {debian}", "apt", debian))
    decision = decide(requested(words), snapshot(*(replace(node, os=where) for node in BARE.nodes)))
    assert isinstance(decision, Plan)
    install = next(step for step in decision.steps if step.id == "packages").lanes[0].commands[-1]
    assert [word for word in install.argv if word.startswith("fence-")] == [package]


def test_fencing_keeps_its_secret_out_of_sight_and_defaults_to_automatic_failover() -> None:
    words = "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --haproxy-cfg haproxy.cfg --fencing fence_ipmilan --fence-option username=u --fence-option password=secret:ipmi --fence-option n1:ip=10.0.9.1 --fence-option n2:ip=10.0.9.2"
    asked = requested(words, {"ipmi": "canary'secret"})
    assert asked.cluster.failover == "automatic"
    nodes = (replace(node, packages=finished(node.node.name).packages) for node in BARE.nodes)
    decision = decide(asked, Snapshot(asked.cluster, tuple(nodes)))
    assert isinstance(decision, Plan)
    shown = "\n".join(c.shown() for step in decision.steps for lane in step.lanes for c in lane.commands)
    assert (
        "stonith create fence-n1 fence_ipmilan username=u password_script=/etc/hacluster/ipmi.sh ip=10.0.9.1 pcmk_delay_base=5s pcmk_host_list=n1"
        in shown
    )
    assert "canary" not in shown + repr(decision) + repr(asked)
    assert "--name stonith-enabled --update true" in shown
    assert 'id="gate-' not in "".join(
        c.stdin.text for step in decision.steps for lane in step.lanes for c in lane.commands if c.stdin
    )


OWN_AGENT = "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --haproxy-cfg haproxy.cfg --fencing fence_ipmlan"


def with_agents(*found: frozenset[str]) -> Snapshot:
    """Bare servers, each with these agents."""
    asked = requested(OWN_AGENT)
    nodes = (replace(bare(name), fence_agents=Known(agents)) for name, agents in zip(NAMES, found, strict=True))
    return Snapshot(asked.cluster, tuple(nodes))


def test_a_misspelt_agent_is_told_before_anything_is_installed_with_the_one_that_was_meant() -> None:
    misspelt = requested(OWN_AGENT)
    assert set(ask(misspelt, BARE)) == {"fence_agents"}
    decision = decide(misspelt, with_agents(frozenset(), frozenset({"fence_dummy"})))
    assert "no package brings a fence agent `fence_ipmlan`, and it is not on n1 and n2" in reasons(decision)
    assert isinstance(decision, Refusal)
    assert "Did you mean `fence_ipmilan`?" in decision.reasons[0].remedy


def test_an_agent_of_ones_own_must_be_on_every_node() -> None:
    own = frozenset({"fence_ipmlan"})
    assert isinstance(decide(requested(OWN_AGENT), with_agents(own, own)), Plan)
    half = decide(requested(OWN_AGENT), with_agents(own, frozenset()))
    assert "it is not on n2" in reasons(half)
    unseen = snapshot(replace(bare("n1"), fence_agents=Known(own)), replace(bare("n2"), fence_agents=Unknown("broken")))
    assert "n2: broken" in reasons(decide(requested(OWN_AGENT), unseen))


def test_agents_that_packages_bring_and_those_that_are_kept_are_not_looked_for() -> None:
    assert ask(REQUEST, BARE) == {}
    assert ask(requested(OWN_AGENT.replace("ipmlan", "ipmilan")), BARE) == {}
    assert (
        ask(by_name(KEPT.model_copy(update={"fencing": FencingSpec(agent="fence_mine", kept=("ipmi",))})), BARE) == {}
    )
