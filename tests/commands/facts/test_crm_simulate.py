"""What the scheduler says is read the same from every generation, and from nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import CommandFailed, UnreadableOutput
from commands.facts import crm_simulate
from commands.facts.crm_simulate import Action, Simulation, actions_of
from commands.facts.fact import Fact, NotRunning

CAPTURES = Path(__file__).parents[2] / "captures"
GENERATIONS = ("debian11", "debian12", "debian13")
SCRIPT: Fact[Simulation | NotRunning] = crm_simulate.fact("<cib/>")
Recorded = Callable[[str], Completed]


def _names() -> set[str]:
    folders = [CAPTURES / "by-hand" / debian / "predicted" for debian in GENERATIONS]
    return {
        path.name.removesuffix(".n1.json")
        for folder in folders
        for path in folder.iterdir()
        if json.loads(path.read_text())["argv"][0] == "sh"
    }


PREDICTED = sorted(_names() - {"refused"})


def _played(recorded: Recorded, debian: str, name: str) -> Simulation:
    done = replace(recorded(f"by-hand/{debian}/predicted/{name}.n1"), command=SCRIPT.command)
    said = SCRIPT.parse(done.check())
    assert isinstance(said, Simulation)
    return said


@pytest.mark.parametrize("name", PREDICTED)
def test_every_generation_predicts_the_same(recorded: Recorded, name: str) -> None:
    told = [_played(recorded, debian, name) for debian in GENERATIONS]
    # 2.0.5 has no agent that can be migrated, and counts a group's instances otherwise
    done = [
        {replace(action, kind="move") if action.kind == "migrate" else action for action in said.actions}
        for said in told
    ]
    assert done[0] == done[1] == done[2]


def test_a_move_names_both_nodes(recorded: Recorded) -> None:
    assert _played(recorded, "debian11", "vip2-sent-to-n1").actions == (Action("move", "vip2", "n2", "n1"),)


def test_the_instances_of_a_clone_have_no_number(recorded: Recorded) -> None:
    done = _played(recorded, "debian12", "without-quorum").actions
    assert set(done) == {
        Action("stop", "haproxy", "n1"),
        Action("stop", "haproxy", "n2"),
        Action("stop", "vip1", "n1"),
        Action("stop", "vip2", "n2"),
    }


def test_fencing_is_an_action_of_the_node(recorded: Recorded) -> None:
    assert Action("fence", "", target="n2") in _played(recorded, "debian13", "many-n2-lost").actions


def test_roles_are_no_nodes(recorded: Recorded) -> None:
    assert Action("promote", "st", "n2", "n2") in _played(recorded, "debian13", "many-n1-standby").actions


@pytest.mark.parametrize(
    ("line", "action"),
    [
        # as the scheduler's own regression tests have them (cts/scheduler/summary)
        (" * Promote    st:0          ( Slave -> Master n1 )", Action("promote", "st", "n1", "n1")),
        (" * Demote     st:1          ( Promoted -> Unpromoted n2 )", Action("demote", "st", "n2", "n2")),
        (" * Restart    vip2    (    n2 )  ", Action("restart", "vip2", "n2", "n2")),
        (" * Recover    vip1    ( n1 -> n2 )", Action("recover", "vip1", "n1", "n2")),
        (
            " * Start      vip1    ( n1 )  due to unrunnable f_start_0 (blocked)".replace("(blocked)", "blocked"),
            Action("start", "vip1", "", "n1", blocked=True),
        ),
        (" * Stop       st:0    (  Slave n2 )   due to node availability", Action("stop", "st", "n2", "")),
        (" * Fence (off) n3 'peer is no longer part of the cluster'", Action("fence", "", "", "n3")),
        (" * Shutdown n1", Action("shutdown", "", "", "n1")),
        ("  * Move       u:1           (  n1 -> n2 )  ", Action("move", "u", "n1", "n2")),
    ],
)
def test_every_kind_of_line(line: str, action: Action) -> None:
    assert actions_of(["Transition Summary:", line, "", "Executing Cluster Transition:"]) == (action,)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Executing cluster transition:"],
        ["Transition Summary:", " * Start vip1 ( n1 )"],
        ["Transition Summary:", " * vip1 does something", "Revised cluster status:"],
    ],
)
def test_a_summary_that_is_not_whole_is_none(lines: list[str]) -> None:
    with pytest.raises(UnreadableOutput):
        actions_of(lines)


def test_a_node_without_the_tool_says_so() -> None:
    done = Completed("n1", SCRIPT.command, 0, "absent\nend\n", "")
    assert SCRIPT.parse(done) == NotRunning("crm_simulate is not installed")


@pytest.mark.parametrize("debian", GENERATIONS)
def test_what_pacemaker_would_refuse_fails_in_its_own_words(recorded: Recorded, debian: str) -> None:
    done = replace(recorded(f"by-hand/{debian}/predicted/refused.n1"), command=SCRIPT.command)
    with pytest.raises(CommandFailed) as failed:
        done.check()
    assert 'unknown ID "nobody"' in failed.value.output


def test_the_copy_is_treated_as_a_secret() -> None:
    command = crm_simulate.fact("<cib password='canary'/>", ("--node-fail=n2",)).command
    assert "canary" not in f"{command!r} {command.shown()} {command.typed()}"
    assert command.argv[-1] == "--node-fail=n2"
    assert not command.changes


SAMPLE = "by-hand/debian11/predicted/many-n1-standby.n1"


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(stdout=st.text(max_size=300), status=st.integers(-9, 255))
def test_of_any_text(stdout: str, status: int) -> None:
    with suppress(UnreadableOutput):
        SCRIPT.parse(Completed("n1", SCRIPT.command, status, stdout, ""))


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(lines=st.lists(st.text(max_size=40) | st.sampled_from(["Transition Summary:", " * Move a ( b -> c )"])))
def test_of_any_lines(lines: list[str]) -> None:
    with suppress(UnreadableOutput):
        actions_of([*lines, "Revised cluster status:"])


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(data=st.data())
def test_of_a_real_output_with_pieces_cut_doubled_or_replaced(recorded: Recorded, data: st.DataObject) -> None:
    done = recorded(SAMPLE)
    text = done.stdout
    for _ in range(data.draw(st.integers(1, 4))):
        pieces = [m.span() for m in re.finditer(r' [\w-]+="[^"]*"|"[^"]*"|<[^>]*>|\w+|[^\n]*\n', text)]
        begin, end = data.draw(st.sampled_from(pieces or [(0, 0)]))
        by = data.draw(
            st.sampled_from(["", text[begin:end] * 2, '"-1"', "9" * 5000, "\0", "\ud800", "(", ")"])
            | st.text(max_size=300)
        )
        text = text[:begin] + by + text[end:]
    with suppress(UnreadableOutput):
        SCRIPT.parse(replace(done, stdout=text))


@settings(deadline=None, suppress_health_check=(HealthCheck.too_slow,))  # the machine may be busy
@given(data=st.data())
def test_an_output_cut_short_is_never_read_as_less(recorded: Recorded, data: st.DataObject) -> None:
    done = recorded(SAMPLE)
    end = data.draw(st.integers(0, len(done.stdout.rstrip()) - 1))
    with pytest.raises(UnreadableOutput):
        SCRIPT.parse(replace(done, stdout=done.stdout[:end]))
