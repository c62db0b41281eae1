"""`fence`, `confirm-down` and `unblock`: what takes a machine for dead; decided on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.errors import HostKeyMismatch, UsageError
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.crm_mon import ClusterStatus, FenceEvent
from commands.facts.fact import Known, Unknown
from commands.facts.pcs import PcsVersion
from commands.facts.reach import InUse
from commands.report import Level
from commands.snapshot import NodeSnapshot, Snapshot
from tests.commands.verbs.deciding import (
    each,
    lacking,
    lines,
    nothing,
    planned,
    refused,
    said,
    with_cib,
    with_status,
    with_votes,
)

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
MAC = "52:54:00:aa:bb:cc"


# ---------------------------------------------------------------- fence


@GENERATIONS
def test_without_a_device_it_is_said_what_a_person_can_do(situation: SituationOf, debian: int) -> None:
    told = refused("fence n2", situation("healthy", debian))
    assert "no fencing device" in told
    assert "`confirm-down n2 --reason" in told


@GENERATIONS
def test_the_device_cuts_its_power_and_its_word_since_proves_it(situation: SituationOf, debian: int) -> None:
    whole = situation("fence-device", debian)
    plan = planned("fence n2", whole)
    assert lines(plan) == ["n1: pcs stonith fence n2"]
    assert plan.risk == "dangerous"
    assert "`vip2`" in said(plan)
    assert "waits at its gate" in said(plan)
    assert lacking(plan, "fence", whole) == ("no fencing of n2 is known to have succeeded",)
    assert lacking(plan, "fence", situation("n2-fenced", debian)) == ()
    assert "was fenced" in nothing("fence n2", situation("n2-fenced", debian))
    assert lines(planned("fence n2 --off", whole)) == ["n1: pcs stonith fence n2 --off"]


def test_an_old_fencing_proves_nothing(situation: SituationOf) -> None:
    old = FenceEvent("reboot", "n2", "success", "2026-11-22 10:00:00Z")

    def fenced_before(status: ClusterStatus) -> ClusterStatus:
        return replace(status, fence_events=(old,))

    before = with_status(situation("fence-device"), fenced_before)
    assert lacking(planned("fence n2", before), "fence", before) != ()


def test_a_device_for_others_is_none(situation: SituationOf) -> None:
    assert "no fencing device is for n1" in refused("fence n1", situation("fence-device"))


def test_the_last_node_in_service_is_not_fenced(situation: SituationOf) -> None:
    def resting(status: ClusterStatus) -> ClusterStatus:
        return replace(status, nodes=tuple(replace(node, standby=node.name == "n1") for node in status.nodes))

    assert "last node in service" in refused("fence n2", with_status(situation("fence-device"), resting))


def test_who_takes_quorum_along_is_not_fenced(situation: SituationOf) -> None:
    device = next(iter(situation("fence-device").running("cib")))[1].primitives[-1]
    armed = with_cib(situation("three-nodes"), lambda cib: replace(cib, primitives=(*cib.primitives, device)))
    two_left = with_votes(armed, lambda count: replace(count, total_votes=2, nodes=count.nodes[:2]))
    assert "quorum takes 2" in refused("fence n2", two_left)


# ---------------------------------------------------------------- confirm-down


def heard(snapshot: Snapshot, *answering: str, vip: str | None = None) -> Snapshot:
    """Let those who answer have asked their subnet: these addresses of nodes answer, and no other that should not."""

    def ask(node: NodeSnapshot) -> NodeSnapshot:
        if isinstance(node.status, Unknown):
            return node
        own = {str(a): MAC if str(a) in answering else None for n in snapshot.cluster.nodes for a in n.addresses}
        vips = {str(v.address): MAC if str(v.address) == vip else None for v in snapshot.cluster.vips}
        return replace(node, node_addresses_in_use=Known(InUse(own)), vips_in_use=Known(InUse(vips)))

    return each(snapshot, ask)


@GENERATIONS
def test_a_silent_machine_is_confirmed_with_all_that_was_looked_at(situation: SituationOf, debian: int) -> None:
    unclean = heard(situation("n2-lost-unclean", debian))
    plan = planned("confirm-down n2", unclean)
    assert lines(plan) == ["n1: stonith_admin --confirm n2"]
    assert plan.risk == "dangerous"
    assert plan.risks[0].level is Level.CRITICAL
    assert "asked from n1, no address of its" in said(plan)
    assert lacking(plan, "confirm", unclean) == ("n2 is still unclean",)
    assert lacking(plan, "confirm", situation("n2-lost", debian)) == ()
    assert "takes it for down already" in nothing("confirm-down n2", heard(situation("n2-lost", debian)))


def test_each_sign_of_life_is_a_reason_not_to(situation: SituationOf) -> None:
    unclean = situation("n2-lost-unclean")
    n2 = str(unclean.cluster.nodes[1].address)
    assert f"its address {n2} answers ({MAC}, asked from n1)" in refused("confirm-down n2", heard(unclean, n2))
    vip = str(unclean.cluster.vips[1].address)
    assert "no node that can be asked holds it" in refused("confirm-down n2", heard(unclean, vip=vip))
    told = refused("confirm-down n2", heard(situation("healthy")))
    assert "it answers on SSH" in told
    assert "corosync on n1 counts it as a member" in told
    assert "corosync on n1 has link 0 to it" in told
    assert "it is online" in told


def test_another_host_key_is_somebody_who_answers(situation: SituationOf) -> None:
    error = HostKeyMismatch("it offers another key", node="n2")

    def changed(node: NodeSnapshot) -> NodeSnapshot:
        return replace(node, addresses=Unknown(str(error), error)) if node.node.name == "n2" else node

    told = refused("confirm-down n2", each(heard(situation("n2-lost-unclean")), changed))
    assert "something answers on SSH: it offers another key" in told


def test_what_nobody_could_find_out_is_said(situation: SituationOf) -> None:
    plan = planned("confirm-down n2", situation("n2-lost-unclean"))
    assert any(risk.level is Level.CRITICAL and "nobody could ask" in risk.text for risk in plan.risks)


# ---------------------------------------------------------------- unblock


def without_quorum(snapshot: Snapshot, *here: str, flags: str = "") -> Snapshot:
    """Leave these nodes, without quorum; of the others nothing is heard."""
    dark = Unknown("no answer")

    def change(node: NodeSnapshot) -> NodeSnapshot:
        if node.node.name not in here:
            return NodeSnapshot(node.node, status=dark, addresses=dark)
        assert isinstance(node.cmap, Known)
        assert isinstance(node.cmap.value, CorosyncMap)
        members = tuple(
            replace(member, joined=member.node_id in {int(name[1:]) for name in here})
            for member in node.cmap.value.members
        )
        return replace(
            node,
            cmap=Known(replace(node.cmap.value, members=members)),
            links=Unknown("not asked"),
            pcs_version=Known(PcsVersion(0, 11, 5)),
        )

    left = with_votes(
        each(snapshot, change),
        lambda count: replace(
            count,
            quorate=False,
            total_votes=len(here),
            flags=frozenset(flags.split()),
            nodes=tuple(voter for voter in count.nodes if voter.name in here),
        ),
    )
    return heard(left)


def test_those_who_are_left_are_told_to_expect_no_more(situation: SituationOf) -> None:
    alone = without_quorum(situation("three-nodes"), "n1")
    plan = planned("unblock", alone)
    assert lines(plan) == ["n1: corosync-quorumtool -e 1"]
    assert plan.summary == "Let n1 decide without n2 and n3."
    assert plan.risk == "dangerous"
    assert "fencing is off" in said(plan)
    assert lacking(plan, "unblock", alone) == ("n1: it has no quorum",)
    assert lacking(plan, "unblock", situation("three-nodes")) == ()


@pytest.mark.parametrize(("version", "word"), [((0, 10, 8), "--force"), ((0, 11, 5), "--force"), ((0, 12, 0), "--yes")])
def test_one_of_two_that_waits_for_the_other_waits_no_longer(
    situation: SituationOf, version: tuple[int, int, int], word: str
) -> None:
    waiting = without_quorum(situation("healthy"), "n1", flags="2Node WaitForAll")
    waiting = each(waiting, lambda node: replace(node, pcs_version=Known(PcsVersion(*version))))
    assert lines(planned("unblock", waiting)) == [f"n1: pcs quorum unblock {word}"]


def test_whoever_is_missing_and_lives_is_to_be_brought_back(situation: SituationOf) -> None:
    n2 = str(situation("three-nodes").cluster.nodes[1].address)
    told = refused("unblock", heard(without_quorum(situation("three-nodes"), "n1"), n2))
    assert f"its address {n2} answers" in told
    assert "has quorum already" in nothing("unblock", situation("n2-lost"))
    assert "corosync runs on no node" in refused("unblock", situation("stopped"))


@pytest.mark.parametrize("words", ["fence", "fence n9", "confirm-down", "unblock n1 n2"])
def test_what_makes_no_sense_is_said(situation: SituationOf, words: str) -> None:
    with pytest.raises(UsageError):
        planned(words, situation("healthy"))
