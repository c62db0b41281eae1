"""Fencing, gates, and what past actions left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.checks import fencing
from commands.facts.cib import Cib
from commands.facts.crm_mon import FenceEvent
from commands.facts.fact import Known
from commands.report import Finding, Level
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]
Altered = Callable[..., Snapshot]


def test_fencing_without_a_device_is_critical(situation: SituationOf, told: Told) -> None:
    assert told(situation("fencing-without-device"), "no fence device", level=Level.CRITICAL)
    assert not told(situation("fence-device"), "fence device")


def test_neither_fencing_nor_gates_is_a_split_brain_risk(situation: SituationOf, altered: Altered, told: Told) -> None:
    assert not told(situation("healthy"), "split brain")
    open_to_all = altered(situation("healthy"), None, "cib", locations=())
    (finding,) = told(open_to_all, "split brain risk", "vip1 and vip2 have no gate")
    assert finding.level is Level.CRITICAL
    assert "/hacluster setup web" in finding.remedy


def test_what_other_hands_have_made_is_not_sent_to_setup(situation: SituationOf, altered: Altered, told: Told) -> None:
    healthy = situation("healthy")
    cib = healthy.nodes[0].cib
    assert isinstance(cib, Known)
    assert isinstance(cib.value, Cib)
    renamed = tuple(replace(one, id=one.id.replace("vip1", "ip-front")) for one in cib.value.primitives)
    (finding,) = told(altered(healthy, None, "cib", locations=(), primitives=renamed), "split brain risk", "ip-front")
    assert "/hacluster setup" not in finding.remedy
    assert "/hacluster failover-mode approved web" in finding.remedy
    assert "pcs stonith create" in finding.remedy


def test_a_watchdog_is_a_device(situation: SituationOf, altered: Altered, told: Told) -> None:
    watchdog = {"stonith-enabled": "true", "stonith-watchdog-timeout": "10s"}
    assert not told(altered(situation("healthy"), None, "cib", properties=watchdog), "fence device")
    none = {"stonith-enabled": "true", "stonith-watchdog-timeout": "0s"}
    assert told(altered(situation("healthy"), None, "cib", properties=none), "fence device")


@pytest.mark.parametrize(
    ("events", "told_of"),
    [
        ((FenceEvent("reboot", "n2", "failed", "2026-11-23 08:00:00Z"),), ["failed at 2026-11-23 08:00:00 UTC"]),
        ((FenceEvent("reboot", "n2", "pending", ""),), ["n2 is being fenced"]),
        (
            (
                FenceEvent("reboot", "n2", "success", "2026-11-23 08:05:00Z"),
                FenceEvent("reboot", "n2", "failed", "2026-11-23 08:00:00Z"),
            ),
            [],
        ),
    ],
)
def test_only_the_last_fencing_of_a_node_counts(
    situation: SituationOf, altered: Altered, told: Told, events: tuple[FenceEvent, ...], told_of: list[str]
) -> None:
    found = told(altered(situation("fence-device"), None, "status", fence_events=events), "fenc")
    assert len(found) == len(told_of)
    assert all(words in finding.text for words, finding in zip(told_of, found, strict=True))


def test_the_policy_is_what_is_configured_not_what_is_declared(situation: SituationOf, altered: Altered) -> None:
    assert fencing.policy(situation("healthy")) == "Fencing: off. Failover: waits for a person's approval."
    assert "on (fence-n2)" in fencing.policy(situation("fence-device"))
    assert "automatic" in fencing.policy(altered(situation("healthy"), None, "cib", locations=()))
    assert "unknown" in fencing.policy(situation("stopped"))


def test_a_ban_left_behind_is_told_with_how_to_clear_it(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("vip1-banned"), "cli-ban-vip1-on-n1", "off n1")
    assert (finding.level, finding.remedy) == (Level.WARNING, "`clear vip1` removes it.")


def test_a_setup_that_did_not_end_is_told(situation: SituationOf, told: Told) -> None:
    assert told(situation("empty"), "a setup did not end", level=Level.WARNING)
    assert not told(situation("healthy"), "setup")
