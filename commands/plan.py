"""A change as data: steps with the exact commands, what proves each, and the one function that carries them out.

A plan is made by a pure function from a request and a snapshot. Its steps form a small graph (`after`); steps that do
not wait for each other run at the same time. What is done already is left out of a plan, so planning again after an
interruption is how a change resumes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from commands.command import Command, Completed, Runner
from commands.errors import CommandFailed, CommandTimedOut, HaclusterError, OutcomeUnknown
from commands.facts.fact import Fact
from commands.report import Finding
from commands.snapshot import NodeSnapshot, Snapshot, gather
from config.inventory import ClusterSpec, NodeSpec

POLL = 0.25
"""Seconds between two looks at a proof that does not hold yet."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The fact that shows a step is done. `missing` returns what is not so yet: an empty tuple means it holds.

    After a step's commands it is asked every quarter of a second, for at most `patience` seconds. Planning asks it too,
    to leave out what is done already.
    """

    reads: tuple[str, ...]
    """Names of the `NodeSnapshot` fields that it looks at."""
    missing: Callable[[Snapshot], tuple[str, ...]]
    patience: float = 10.0
    nodes: tuple[str, ...] | None = None
    """Node names to read; None for all."""
    facts: Mapping[str, Fact[Any]] = field(default_factory=dict)
    """Fields that need more than the cluster to be read, each with how.

    They are read once nothing else is missing: asking an address that is not up yet for its ports takes seconds.
    """


def on_each(
    nodes: Iterable[str], reads: tuple[str, ...], lacks: Callable[[NodeSnapshot], str | None], patience: float = 10.0
) -> Proof:
    """Make a proof that must hold on each named node. `lacks` is asked only where all fields were read."""
    names = tuple(nodes)

    def missing(snapshot: Snapshot) -> tuple[str, ...]:
        found = []
        for name in names:
            node = snapshot.node(name)
            unread = node.unknown(*reads)
            why = unread.why.removeprefix(f"{name}: ") if unread else lacks(node)
            if why:
                found.append(f"{name}: {why}")
        return tuple(found)

    return Proof(reads, missing, patience, names)


@dataclass(frozen=True, slots=True)
class Lane:
    """Commands that run one after the other on one node."""

    node: NodeSpec
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan: its lanes run at the same time, then its proof must hold."""

    id: str
    title: str
    lanes: tuple[Lane, ...]
    after: tuple[str, ...] = ()
    """Ids of steps that must be done before; ids that are not in the plan count as done."""
    proof: Proof | None = None
    ends_what_was_begun: bool = False
    """Whether it is carried out after a failure elsewhere too, once all that it waits for is done: half is worse."""
    left: Finding | None = None
    """What it leaves behind until a step that ends what was begun is done after it, and the way back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, in words and in commands. `risks` are what a person must have read before confirming."""

    verb: str
    cluster: ClusterSpec
    summary: str
    steps: tuple[Step, ...]
    risks: tuple[Finding, ...] = ()
    guards: tuple[str, ...] = ()
    """The facts the decision rested on, as text, part of the fingerprint: a change of them voids a confirmation."""
    declares: ClusterSpec | None = None
    """The cluster to remember from the moment the plan is carried out, where the plan makes or adopts one."""
    risk: Literal["ordinary", "dangerous"] = "ordinary"
    """Dangerous is what can cost data if whoever asks is mistaken: a policy may want more people for it."""
    undone: tuple[Finding, ...] = ()
    """What is not as it was asked for though every step succeeds: told beside the risks, and again at the end."""
    leaves: Literal["", "running", "stopped"] = ""
    """What the cluster is to be afterwards. What is wrong with one that is to run is part of how the change ended."""

    def __post_init__(self) -> None:
        ids = [step.id for step in self.steps]
        for place, step in enumerate(self.steps):
            if ids.count(step.id) > 1 or not set(step.after).isdisjoint(ids[place:]):
                raise ValueError(f"step {step.id} is doubled, or waits for itself or for a later one")

    @property
    def fingerprint(self) -> str:
        """A hash over every argv per node, non-secret input and the guards: what a confirmation is given for."""
        doing = [
            [
                step.id,
                [
                    [lane.node.name, [str(a) for a in lane.node.addresses], [_identity(c) for c in lane.commands]]
                    for lane in step.lanes
                ],
            ]
            for step in self.steps
        ]
        text = json.dumps([self.verb, self.cluster.name, self.risk, doing, list(self.guards)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change is not planned: all the reasons at once, each with what to do."""

    verb: str
    reasons: tuple[Finding, ...]
    about: str = ""
    """What it is about, where that is no cluster that has a name yet."""


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """The cluster already is what was asked for. `findings` are what is wrong, or not as asked for, all the same."""

    verb: str
    summary: str
    findings: tuple[Finding, ...] = ()


Decision = Plan | Refusal | NothingToDo


def _identity(command: Command) -> list[str]:
    stdin = command.stdin
    shown = "" if stdin is None else stdin.label if stdin.secret else stdin.text
    return [*command.argv, "<", shown]


State = Literal["started", "done", "failed", "not done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A step changed its state. `seconds` counts from the plan's start."""

    step: Step
    state: State
    seconds: float
    problems: tuple[HaclusterError, ...] = ()
    """What went wrong in it: each of its lanes can fail, in its own way."""
    ran: tuple[Completed, ...] = field(default=(), repr=False)
    """Its commands whose end was seen, node by node, those of a failed step too."""

    @property
    def problem(self) -> HaclusterError | None:
        """The first of its problems, where a line is enough."""
        return next(iter(self.problems), None)


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a step ended; it is done where there are no problems."""

    ran: tuple[Completed, ...]
    problems: tuple[HaclusterError, ...] = ()


async def apply(plan: Plan, runner: Runner, clock: Callable[[], float] = time.monotonic) -> AsyncGenerator[Progress]:
    """Carry a plan out, yielding each change of a step's state.

    The first failure starts no further step but those that end what was begun, lets those under way end (a change cut
    short is worse than one that ended), and is followed by a "not done" for each step that was never begun.
    """
    begun = clock()
    waiting = {step.id: step for step in plan.steps}
    undone = set(waiting)
    running: dict[asyncio.Task[_Ended], Step] = {}
    failed = False
    try:
        while True:
            ready = [s for s in waiting.values() if undone.isdisjoint(s.after)]
            for step in [s for s in ready if s.ends_what_was_begun or not failed]:
                # told before its first command goes out, so that whoever writes it down has it written if we die
                yield Progress(step, "started", clock() - begun)
                del waiting[step.id]
                running[asyncio.create_task(_carry_out(step, plan.cluster, runner, clock))] = step
            if not running:
                break
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                step, how = running.pop(task), task.result()
                if how.problems:
                    failed = True
                else:
                    undone.discard(step.id)
                yield Progress(step, "failed" if how.problems else "done", clock() - begun, how.problems, how.ran)
    finally:
        for task in running:
            task.cancel()
    for step in waiting.values():
        yield Progress(step, "not done", clock() - begun)


async def _carry_out(step: Step, cluster: ClusterSpec, runner: Runner, clock: Callable[[], float]) -> _Ended:
    by_lane: list[list[Completed]] = [[] for _ in step.lanes]
    lanes = zip(step.lanes, by_lane, strict=True)
    ends = await asyncio.gather(*(_run_lane(lane, runner, ran) for lane, ran in lanes), return_exceptions=True)
    ran = tuple(completed for lane in by_lane for completed in lane)
    problems: list[HaclusterError] = []
    for end in ends:
        if isinstance(end, HaclusterError):
            problems.append(end)
        elif end is not None:
            raise end
    unseen = tuple(p for p in problems if isinstance(p, OutcomeUnknown | CommandTimedOut))
    if step.proof is None or len(unseen) < len(problems):
        return _Ended(ran, tuple(sorted(problems, key=lambda p: not isinstance(p, CommandFailed))))
    try:
        # a lost end is not a failure: the fact decides
        await _await_proof(step, step.proof, unseen, cluster, runner, clock)
    except HaclusterError as error:
        return _Ended(ran, (error,))
    return _Ended(ran)


async def _run_lane(lane: Lane, runner: Runner, ran: list[Completed]) -> None:
    """Run a lane up to its first failure. `ran` gets each command that ended, the failed one too."""
    for command in lane.commands:
        ran.append(await runner.run(lane.node, command))
        ran[-1].check()


async def _await_proof(
    step: Step,
    proof: Proof,
    unseen: tuple[HaclusterError, ...],
    cluster: ClusterSpec,
    runner: Runner,
    clock: Callable[[], float],
) -> None:
    deadline = clock() + proof.patience
    while True:
        missing = proof.missing(await gather(cluster, runner, proof.reads, proof.nodes))
        if not missing and proof.facts:
            missing = proof.missing(await gather(cluster, runner, proof.reads, proof.nodes, proof.facts))
        if not missing:
            return
        if clock() >= deadline:
            raise StepUnproved(step, missing, unseen)
        await asyncio.sleep(POLL)


class StepUnproved(HaclusterError):
    """Within its time the cluster did not show what a step's commands are for.

    `unseen` are the commands whose end was not seen: they are told in their own words, as they did not end for us.
    """

    def __init__(self, step: Step, missing: tuple[str, ...], unseen: tuple[HaclusterError, ...] = ()) -> None:
        patience = step.proof.patience if step.proof else 0
        how = f"{'; '.join(map(str, unseen))}, and" if unseen else "the commands ended, but"
        super().__init__(
            f"{how} {patience:.0f} s later still: " + "; ".join(missing),
            remedy="Look at `status`; running the same request again resumes here.",
        )
        self.missing = missing
