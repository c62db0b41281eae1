"""Whatever a tool prints, its parser returns a record or raises `UnreadableOutput`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import (
    cib,
    corosync_cmap,
    corosync_conf,
    corosync_link,
    corosync_quorum,
    crm_mon,
    disk_cib,
    fence_agents,
    under_way,
)
from commands.facts.fact import Fact

FACTS: dict[str, Fact[Any]] = {
    "by-hand/debian12/vip2-banned/crm_mon.n1": crm_mon.FACT,
    "by-hand/debian13/many-kinds/crm_mon.n1": crm_mon.FACT,
    "by-hand/debian11/never-started/crm_mon.n1": crm_mon.FACT,
    "by-hand/debian12/many-kinds/cibadmin.n1": cib.FACT,
    "by-hand/debian12/healthy/corosync-cmapctl.n1": corosync_cmap.FACT,
    "by-hand/debian12/healthy/corosync-quorumtool.n1": corosync_quorum.FACT,
    "by-hand/debian12/alone-of-three/corosync-cfgtool-links.n1": corosync_link.FACT,
    "by-hand/debian12/two-links/cat-corosync-conf.n1": corosync_conf.FACT,
}
EACH = pytest.mark.parametrize("recording", FACTS)

anything = st.text(max_size=300)
markup = st.lists(
    st.sampled_from(
        ["<cib", "<crm_mon", "<pacemaker-result", "/>", ">", "</", ' code="102"', ' epoch="1"', "<status", "\n"]
    ),
    max_size=12,
).map("".join)
lines = st.lists(
    st.sampled_from(
        ["LINK ID 0", "\taddr\t= ", "Local node ID 1", "Nodeid Votes", " 1 1 n1", "Quorate: Yes", "a {", "}"]
    )
    | st.text(max_size=20),
    max_size=12,
).map("\n".join)

programs = st.lists(
    st.sampled_from(
        ["fence_ipmilan", "fence_", "change timeout -k 5 30 setsid sudo -n -- pcs", "change ", "change", "end"]
    )
    | st.text(max_size=20),
    max_size=12,
).map("\n".join)


@EACH
@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(stdout=anything | markup | lines, stderr=anything, status=st.integers(-9, 255))
def test_of_any_text(recording: str, stdout: str, stderr: str, status: int) -> None:
    fact = FACTS[recording]
    with suppress(UnreadableOutput):
        fact.parse(Completed("n1", fact.command, status, stdout, stderr))


@pytest.mark.parametrize("fact", [disk_cib.FACT, fence_agents.FACT, under_way.FACT], ids=lambda f: f.command.argv[0])
@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(
    stdout=anything | markup | programs | st.binary(max_size=300).map(lambda raw: raw.decode(errors="replace")),
    stderr=anything | st.just("cat: /var/lib/pacemaker/cib/cib.xml: No such file or directory"),
    status=st.integers(-9, 255),
)
def test_of_any_bytes_where_no_tool_of_the_cluster_was_asked(
    fact: Fact[Any], stdout: str, stderr: str, status: int
) -> None:
    with suppress(UnreadableOutput):
        fact.parse(Completed("n1", fact.command, status, stdout, stderr))


@EACH
@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(data=st.data())
def test_of_a_real_output_with_pieces_cut_doubled_or_replaced(
    recorded: Callable[[str], Completed], recording: str, data: st.DataObject
) -> None:
    done = recorded(recording)
    text = done.stdout
    for _ in range(data.draw(st.integers(1, 4))):
        # pieces a tool's output is made of: attributes, elements, words, lines
        pieces = [m.span() for m in re.finditer(r' [\w-]+="[^"]*"|"[^"]*"|<[^>]*>|\w+|[^\n]*\n', text)]
        begin, end = data.draw(st.sampled_from(pieces or [(0, 0)]))
        by = data.draw(
            st.sampled_from(["", text[begin:end] * 2, '"-1"', "9" * 5000, "\0", "\ud800", "INFINITY"]) | anything
        )
        text = text[:begin] + by + text[end:]
    with suppress(UnreadableOutput):
        FACTS[recording].parse(Completed("n1", done.command, done.status, text, done.stderr))


@pytest.mark.parametrize("recording", [name for name, fact in FACTS.items() if fact in (crm_mon.FACT, cib.FACT)])
@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(data=st.data())
def test_xml_cut_short_is_never_read_as_less(
    recorded: Callable[[str], Completed], recording: str, data: st.DataObject
) -> None:
    done = recorded(recording)
    end = data.draw(st.integers(1, len(done.stdout.rstrip()) - 1))
    with pytest.raises(UnreadableOutput):
        FACTS[recording].parse(Completed("n1", done.command, 0, done.stdout[:end], ""))


@pytest.mark.parametrize("fact", [crm_mon.FACT, cib.FACT])
@pytest.mark.parametrize("inside", ["pacemaker-result", "crm_mon", "cib"])
def test_of_elements_nested_without_end(fact: Fact[Any], inside: str) -> None:
    depth = 50_000
    text = f"<{inside}>{'<configuration>' * depth}{'</configuration>' * depth}</{inside}>"
    with pytest.raises(UnreadableOutput):
        fact.parse(Completed("n1", fact.command, 0, text, ""))


@pytest.mark.parametrize("fact", [crm_mon.FACT, cib.FACT])
def test_of_entities_that_unfold(fact: Fact[Any]) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><cib>&b;</cib>'
    with pytest.raises(UnreadableOutput, match="not XML"):
        fact.parse(Completed("n1", fact.command, 0, bomb, ""))
