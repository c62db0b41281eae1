"""Setup and HAProxy: its configuration is its user's, and a running one is taken over without a gap."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from commands.facts.fact import Known
from commands.plan import Plan
from commands.verbs.setup.verb import decide
from tests.commands.verbs.setting_up import (
    BARE,
    FILES,
    NAMES,
    OWN_PROXY_CONFIG,
    REQUEST,
    WORDS,
    bare,
    finished,
    requested,
    snapshot,
    units,
)


def test_a_running_haproxy_is_handed_over_without_being_stopped() -> None:
    running = snapshot(*(replace(finished(n), units=units(pcsd=True, boot=True, haproxy=True)) for n in NAMES))
    decision = decide(REQUEST, running)
    assert isinstance(decision, Plan)
    argvs = [c.argv for step in decision.steps for lane in step.lanes for c in lane.commands]
    assert [argv[3:] for argv in argvs] == [
        ("disable", "--no-reload", "haproxy"),
        ("enable", "corosync", "pacemaker", "pcsd"),
    ] * 2


def test_a_given_haproxy_configuration_that_was_put_there_and_not_loaded_is_loaded() -> None:
    digest = hashlib.sha256(FILES["haproxy.cfg"].encode()).hexdigest()
    given = Known(replace(OWN_PROXY_CONFIG, digest=digest))
    cut = snapshot(
        *(replace(finished(n), units=units(pcsd=True, boot=True, haproxy=True), haproxy_config=given) for n in NAMES)
    )
    decision = decide(REQUEST, cut)
    assert isinstance(decision, Plan)
    load, hand_over = decision.steps[:2]
    assert [c.argv[-2] for c in load.lanes[0].commands] == ["reset-failed", "try-reload-or-restart"]
    assert [c.argv[-3] for c in hand_over.lanes[0].commands[:1]] == ["disable"]
    assert load.id in hand_over.after, "once it is handed over, nobody would know that it has to be loaded"
    assert not any("is kept" in risk.text for risk in decision.risks)


def test_an_own_haproxy_configuration_is_never_written_over() -> None:
    decision = decide(REQUEST, snapshot(*(replace(bare(n), haproxy_config=Known(OWN_PROXY_CONFIG)) for n in NAMES)))
    assert isinstance(decision, Plan)
    shown = [c.shown() for step in decision.steps for lane in step.lanes for c in lane.commands]
    assert not any("haproxy.cfg" in line for line in shown)
    assert any("is kept" in risk.text for risk in decision.risks)


def test_without_a_configuration_for_haproxy_it_is_asked_for() -> None:
    without = requested(WORDS.replace(" --haproxy-cfg haproxy.cfg", ""))
    assert "--haproxy-cfg FILE" in str(decide(without, BARE))
