"""Carrying a plan out: order, proofs, failures, lost ends; and what a confirmation is given for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Command, Completed, Stdin, Stream
from commands.errors import CommandFailed, HaclusterError, OutcomeUnknown
from commands.facts.fact import Fact
from commands.facts.reach import Reach
from commands.plan import Lane, Plan, Progress, Proof, Step, StepUnproved, apply
from commands.snapshot import Snapshot
from config.inventory import ClusterSpec, NodeSpec, parse_node

N1, N2 = parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")
CLUSTER = ClusterSpec(name="web", nodes=(N1, N2))
Answer = int | HaclusterError


class Scripted:
    """A runner that knows how each command ends, and remembers what ran where."""

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = answers or {}
        self.ran: list[tuple[str, str]] = []

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        await asyncio.sleep(0)
        self.ran.append((node.name, command.argv[0]))
        answer = self.answers.get(command.argv[0], 0)
        if isinstance(answer, HaclusterError):
            raise answer
        return Completed(node.name, command, answer, "", "what the tool says" if answer else "")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError((node, command))


def step(
    name: str, *words: str, after: tuple[str, ...] = (), proof: Callable[[Snapshot], tuple[str, ...]] | None = None
) -> Step:
    commands = tuple(Command((word,), changes=True) for word in words or (name,))
    proved = Proof((), proof, patience=0.0) if proof else None
    return Step(name, f"Do {name}", (Lane(N1, commands),), after, proved)


def on_both(first: tuple[str, ...], second: tuple[str, ...], proof: Proof | None = None) -> Step:
    lanes = tuple(
        Lane(node, tuple(Command((word,), changes=True) for word in words))
        for node, words in ((N1, first), (N2, second))
    )
    return Step("both", "Do it on both", lanes, proof=proof)


def ended(event: Progress) -> list[tuple[str, str, int]]:
    return [(done.node, done.command.argv[0], done.status) for done in event.ran]


def plan(*steps: Step) -> Plan:
    return Plan("test", CLUSTER, "a test", steps)


async def carried_out(steps: tuple[Step, ...], runner: Scripted) -> list[Progress]:
    events: AsyncIterator[Progress] = apply(plan(*steps), runner)
    return [event async for event in events]


async def test_steps_wait_for_those_they_come_after_and_for_no_others() -> None:
    runner = Scripted()
    events = await carried_out((step("a"), step("b", after=("a",)), step("c"), step("d", after=("b", "c"))), runner)
    order = [(event.step.id, event.state) for event in events]
    assert order[:2] == [("a", "started"), ("c", "started")]
    assert order.index(("a", "done")) < order.index(("b", "started"))
    assert order[-2:] == [("d", "started"), ("d", "done")]


async def test_a_step_is_told_before_its_first_command_goes_out() -> None:
    runner = Scripted()
    async for event in apply(plan(step("a"), step("b", after=("a",))), runner):
        if event.state == "started":
            await asyncio.sleep(0.01)  # as long as it takes to write it down
            assert ("n1", event.step.id) not in runner.ran


async def test_a_failure_starts_nothing_more_and_tells_what_was_not_done() -> None:
    runner = Scripted({"b": 1})
    events = await carried_out((step("a"), step("b", after=("a",)), step("c", after=("b",))), runner)
    assert [(e.step.id, e.state) for e in events if e.state != "started"] == [
        ("a", "done"),
        ("b", "failed"),
        ("c", "not done"),
    ]
    problem = next(e.problem for e in events if e.state == "failed")
    assert isinstance(problem, CommandFailed)
    assert problem.output == "what the tool says"
    assert ("n1", "c") not in runner.ran


def released(vip: str) -> tuple[Step, Step]:
    """Return the steps that move an address: what bars it from one node, and what lets it in on another."""
    gate = replace(step(f"gate-{vip}", after=(f"release-{vip}",)), ends_what_was_begun=True)
    return step(f"release-{vip}"), gate


async def test_what_was_let_go_of_is_let_in_elsewhere_though_something_else_failed() -> None:
    steps = (*released("vip1"), *released("vip2"), step("standby", after=("gate-vip1", "gate-vip2")))
    runner = Scripted({"release-vip1": 1})
    events = await carried_out(steps, runner)
    assert {e.step.id: e.state for e in events if e.state != "started"} == {
        "release-vip1": "failed",
        "release-vip2": "done",
        "gate-vip2": "done",
        "gate-vip1": "not done",
        "standby": "not done",
    }


async def test_nobody_is_let_in_where_one_of_those_that_were_to_let_go_has_not() -> None:
    gate = replace(step("gate", after=("release-n1", "release-n3")), ends_what_was_begun=True)
    runner = Scripted({"release-n3": 1})
    events = await carried_out((step("release-n1"), step("release-n3"), gate), runner)
    assert events[-1].step.id == "gate"
    assert events[-1].state == "not done"
    assert ("n1", "gate") not in runner.ran


async def test_what_runs_beside_a_failure_ends_in_its_own_time() -> None:
    runner = Scripted({"bad": 1})
    long = step("long", "one", "two", "three")
    events = await carried_out((step("bad"), long), runner)
    assert [word for _, word in runner.ran if word in {"one", "two", "three"}] == ["one", "two", "three"]
    assert ("long", "done") in [(e.step.id, e.state) for e in events]


async def test_the_rest_of_a_lane_is_not_run_after_a_failure_in_it() -> None:
    runner = Scripted({"one": 1})
    await carried_out((step("lane", "one", "two"),), runner)
    assert runner.ran == [("n1", "one")]


async def test_a_lost_end_is_judged_by_the_fact_and_never_by_running_it_again() -> None:
    lost = OutcomeUnknown("connection lost", node="n1")
    held = Scripted({"a": lost})
    assert [e.state for e in await carried_out((step("a", proof=lambda _: ()),), held)] == ["started", "done"]
    assert held.ran == [("n1", "a")]
    missing = Scripted({"a": lost})
    events = await carried_out((step("a", proof=lambda _: ("it is not so",)),), missing)
    assert isinstance(events[-1].problem, StepUnproved)
    assert missing.ran == [("n1", "a")]


async def test_a_lost_end_without_a_fact_is_a_failure() -> None:
    events = await carried_out((step("a"),), Scripted({"a": OutcomeUnknown("connection lost", node="n1")}))
    assert isinstance(events[-1].problem, OutcomeUnknown)


async def test_a_step_whose_fact_does_not_come_true_says_what_is_missing_and_what_it_ran() -> None:
    events = await carried_out((step("a", proof=lambda _: ("n2: not online",)),), Scripted())
    assert events[-1].state == "failed"
    assert str(events[-1].problem) == "the commands ended, but 0 s later still: n2: not online"
    assert ended(events[-1]) == [("n1", "a", 0)]


async def test_a_lost_end_whose_fact_does_not_come_true_is_told_as_lost_not_as_ended() -> None:
    late = OutcomeUnknown("`install` did not end within 900 s; how much of it was done is not known", node="n1")
    lost = OutcomeUnknown("`unpack`: the connection broke; whether it was done is not known", node="n2")
    both = on_both(("update", "install"), ("unpack",), Proof((), lambda _: ("n1: pcs not installed",), patience=0.0))
    events = await carried_out((both,), Scripted({"install": late, "unpack": lost}))
    told = str(events[-1].problem)
    assert "commands ended" not in told
    assert told == f"{late}; {lost}, and 0 s later still: n1: pcs not installed"
    assert ended(events[-1]) == [("n1", "update", 0)], "what did end is kept"


async def test_every_node_on_which_a_step_failed_is_told_with_its_own_words() -> None:
    runner = Scripted({"one": 1, "two": 2})
    events = await carried_out((on_both(("one",), ("two",)),), runner)
    failed = [problem for problem in events[-1].problems if isinstance(problem, CommandFailed)]
    assert [(p.node, p.argv, p.status, p.output) for p in failed] == [
        ("n1", ("one",), 1, "what the tool says"),
        ("n2", ("two",), 2, "what the tool says"),
    ]


async def test_an_exit_status_goes_before_a_lost_end_and_hides_it_not() -> None:
    lost = OutcomeUnknown("connection lost", node="n1")
    proof = Proof((), lambda _: (), patience=0.0)
    events = await carried_out((on_both(("one",), ("two",), proof),), Scripted({"one": lost, "two": 1}))
    assert [type(problem) for problem in events[-1].problems] == [CommandFailed, OutcomeUnknown]


async def test_a_failed_step_tells_all_that_it_ran_on_whichever_node_it_failed() -> None:
    runner = Scripted({"bad": 1})
    events = await carried_out((on_both(("one", "bad", "never"), ("two", "three")),), runner)
    assert events[-1].state == "failed"
    assert ended(events[-1]) == [("n1", "one", 0), ("n1", "bad", 1), ("n2", "two", 0), ("n2", "three", 0)]


async def test_a_defect_of_ours_is_not_hidden_by_a_command_that_failed_beside_it() -> None:
    class Broken(Scripted):
        async def run(self, node: NodeSpec, command: Command) -> Completed:
            if node is N2:
                raise ZeroDivisionError
            return await super().run(node, command)

    with pytest.raises(ZeroDivisionError):
        await carried_out((on_both(("bad",), ("two",)),), Broken({"bad": 1}))


async def test_a_defect_of_ours_is_raised_not_told_as_a_failed_step() -> None:
    def broken(_: Snapshot) -> tuple[str, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await carried_out((step("a", proof=broken),), Scripted())


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Step, ...]:
    """Return steps that wait for some of those before them, and of which some end what was begun."""
    made: list[Step] = []
    for number in range(draw(st.integers(1, 6))):
        after = draw(st.sets(st.sampled_from([one.id for one in made]))) if made else set()
        made.append(replace(step(f"s{number}", after=tuple(after)), ends_what_was_begun=draw(st.booleans())))
    return tuple(made)


@given(graphs(), st.data())
def test_whatever_fails_each_step_has_one_end_none_begins_too_early_and_none_but_an_ending_one_after_a_failure(
    steps: tuple[Step, ...], data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.sampled_from([one.id for one in steps])))
    events = asyncio.run(carried_out(steps, Scripted(dict.fromkeys(bad, 1))))
    done: set[str] = set()
    failed = False
    for event in events:
        if event.state == "started":
            assert done.issuperset(event.step.after)
            assert event.step.ends_what_was_begun or not failed
        elif event.state == "not done":
            assert failed
            assert not (event.step.ends_what_was_begun and done.issuperset(event.step.after))
        else:
            failed = failed or event.state == "failed"
            done |= {event.step.id} if event.state == "done" else set()
    assert sorted(e.step.id for e in events if e.state != "started") == sorted(one.id for one in steps)


@pytest.mark.parametrize(
    "steps", [(step("a"), step("a")), (step("a", after=("a",)),), (step("a", after=("b",)), step("b"))]
)
def test_a_plan_that_could_not_be_carried_out_cannot_be_made(steps: tuple[Step, ...]) -> None:
    with pytest.raises(ValueError, match="doubled, or waits"):
        plan(*steps)


def _one(command: Command, node: NodeSpec = N1, guards: tuple[str, ...] = ()) -> Plan:
    return Plan("test", CLUSTER, "", (Step("s", "t", (Lane(node, (command,)),)),), guards=guards)


def test_a_confirmation_is_for_exactly_these_commands_on_these_nodes_under_these_facts() -> None:
    command = Command(("pcs", "cluster", "start"), stdin=Stdin("text", "a file"))
    prints = [
        _one(command).fingerprint,
        _one(replace(command, argv=("pcs", "cluster", "stop"))).fingerprint,
        _one(replace(command, argv=("pcs", "cluster start"))).fingerprint,
        _one(replace(command, stdin=Stdin("other", "a file"))).fingerprint,
        _one(command, N2).fingerprint,
        _one(command, parse_node("n1=10.0.0.9")).fingerprint,
        _one(command, guards=("n2 lost",)).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert _one(command).fingerprint == _one(replace(command, timeout=99)).fingerprint


def test_a_new_password_is_no_other_plan() -> None:
    first = Command(("chpasswd",), stdin=Stdin("hacluster:canary-1", "the password", secret=True))
    second = Command(("chpasswd",), stdin=Stdin("hacluster:canary-2", "the password", secret=True))
    assert _one(first).fingerprint == _one(second).fingerprint


@given(st.lists(st.tuples(st.text(min_size=1, max_size=3), st.booleans()), min_size=2, max_size=2, unique=True))
def test_different_words_never_share_a_fingerprint(words: list[tuple[str, bool]]) -> None:
    made = [_one(Command((word.replace("\0", "0"), "x" if more else "y"))) for word, more in words]
    for one, other in pairwise(made):
        same = one.steps[0].lanes == other.steps[0].lanes
        assert (one.fingerprint == other.fingerprint) is same


def test_secrets_show_nowhere() -> None:
    secret = Command(("chpasswd",), stdin=Stdin("hacluster:canary", "the hacluster password", secret=True))
    assert "canary" not in repr(_one(secret)) + secret.shown() + str(Completed("n1", secret, 1, "", ""))
    with pytest.raises(CommandFailed) as failed:
        Completed("n1", secret, 1, "", "no").check()
    assert "canary" not in str(failed.value)


def test_input_that_is_no_secret_can_be_read_and_copied_with_its_command() -> None:
    plain = Command(("install", "/dev/stdin", "/a b"), stdin=Stdin("one\nEND\ntwo\n", "a file"))
    assert plain.typed() == "install /dev/stdin '/a b' <<'END_'\none\nEND\ntwo\nEND_"
    secret = Command(("chpasswd",), stdin=Stdin("hacluster:canary\n", "the password", secret=True))
    assert secret.typed() == "chpasswd < the password"
    assert Command(("true",)).typed() == "true"


async def test_what_takes_long_to_ask_is_asked_once_nothing_else_is_missing() -> None:
    asked = Fact(Command(("ports",)), lambda _: Reach({}))
    looks = iter([("not up",), (), ()])
    proof = Proof((), lambda _: next(looks), patience=5.0, facts={"vip_ports": asked})
    runner = Scripted()
    events = await carried_out((Step("serving", "Look", (), proof=proof),), runner)
    assert [event.state for event in events] == ["started", "done"]
    assert runner.ran == [("n1", "ports"), ("n2", "ports")], "once on each node, at the second look"
