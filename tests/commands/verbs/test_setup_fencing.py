"""Setup of a cluster that other hands have fenced: their devices are neither switched off, nor doubled, nor forgotten."""

from __future__ import annotations

from dataclasses import replace

from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
from commands.facts.fact import Known, NotRunning
from commands.plan import NothingToDo, Plan, Refusal
from commands.snapshot import Snapshot
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.verb import decide
from config.inventory import ClusterSpec, FencingSpec
from tests.commands.verbs.test_setup import BARE, NAMES, REQUEST, complete_cib, finished, reasons, snapshot

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
