"""What the dispatcher says around a plan, as reports: proposal, progress, outcome, refusal. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from commands.checks.phrases import counted
from commands.errors import CommandFailed, HaclusterError, HostKeyUnknown, NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Progress, Refusal, State, StepUnproved
from commands.report import Choice, Finding, Level, Listing, Part, Report, Table, Text
from commands.verbs.verb import DRY_RUN
from commands.verbs.words import folded

CONFIRM, CANCEL, COMMANDS, TRUST = "confirm", "cancel", "commands", "trust"
BAR = 16
"""Characters of the progress bar."""


@dataclass(frozen=True, slots=True)
class StepState:
    """How a step stands: its last state, and the second it was reached."""

    state: State | None = None
    seconds: float = 0.0


def commands_text(plan: Plan) -> str:
    """Return every command of a plan, step by step and node by node, as a person would type them; secrets as labels."""
    lines: list[str] = []
    for number, step in enumerate(plan.steps, start=1):
        lines.append(f"# {number}. {step.title}")
        lines += [f"{lane.node.name}: {command.typed()}" for lane in step.lanes for command in lane.commands]
    return "\n".join(lines)


def proposal(plan: Plan, plan_id: str, *, changed: Iterable[str] = (), more: tuple[Part, ...] = ()) -> Report:
    """Show a plan with all it would run, and ask. `changed` says why an earlier confirmation does not count.

    `more` is what else is known of it.
    """
    worst = _worst(plan, more)
    return Report(
        f"{_headline(plan)}. Do it?",
        Level.WARNING if worst.rank >= Level.WARNING.rank else Level.INFO,
        (*_bullets(changed), *_contents(plan, more)),
        choices=(
            Choice("Confirm", CONFIRM, plan_id, "danger" if worst is Level.CRITICAL else "primary"),
            Choice("Cancel", CANCEL, plan_id),
            Choice("Copy commands", COMMANDS, plan_id),
        ),
    )


def dry_run(plan: Plan, text: str, more: tuple[Part, ...] = ()) -> Report:
    """Show a plan that was asked for to be looked at only: nothing waits for anybody."""
    worst = _worst(plan, more)
    return Report(
        f"{_headline(plan)}. Only shown: nothing was done, and nothing waits",
        Level.WARNING if worst.rank >= Level.WARNING.rank else Level.INFO,
        _contents(plan, more),
        next_step=" ".join(word for word in text.split() if folded(word).lower() != f"--{DRY_RUN.name}"),
    )


def _headline(plan: Plan) -> str:
    steps = counted(len(plan.steps), "step") if plan.steps else "nothing is run on the nodes"
    return f"`{plan.cluster.name}`: {plan.verb} — {steps}"


def _worst(plan: Plan, more: tuple[Part, ...]) -> Level:
    foreseen = (part for part in more if isinstance(part, Finding) and part.level is not Level.UNKNOWN)
    return _worst_of((*plan.risks, *plan.undone, *foreseen), Level.INFO)


def _worst_of(findings: Iterable[Finding], least: Level) -> Level:
    return max((least, *(finding.level for finding in findings)), key=lambda level: level.rank)


def _bullets(changed: Iterable[str]) -> tuple[Text, ...]:
    """Say what is different from an earlier plan: first that this is a new one, then each difference in a line."""
    first, *rest = (*changed, "")
    lines = "".join(f"\n• {line}" for line in rest if line)
    return (Text(f"{first}{lines}"),) if first else ()


def _contents(plan: Plan, more: tuple[Part, ...]) -> tuple[Part, ...]:
    """What a plan is, what is foreseen of it, its risks, its steps, and every command of it; nothing of it twice."""
    foreseen = {part.text for part in more if isinstance(part, Finding)}
    risks = (risk for risk in (*plan.risks, *plan.undone) if risk.text not in foreseen)
    parts: list[Part] = [Text(plan.summary), *more, *risks]
    steps = tuple((str(n), step.title, _where(plan, n - 1)) for n, step in enumerate(plan.steps, start=1))
    if steps:
        parts.append(Table(("#", "Step", "On"), steps))
    if any(step.lanes for step in plan.steps):
        parts.append(Listing("Exactly these commands", commands_text(plan), f"{plan.cluster.name}-{plan.verb}.txt"))
    return tuple(parts)


def _where(plan: Plan, number: int) -> str:
    names = list(dict.fromkeys(lane.node.name for lane in plan.steps[number].lanes))
    return "all nodes" if len(names) == len(plan.cluster.nodes) > 1 else ", ".join(names) or "looks only"


def progress(plan: Plan, states: Mapping[str, StepState], elapsed: float) -> Report:
    """Show a plan under way: a bar, the elapsed time, the steps under way."""
    done = sum(state.state == "done" for state in states.values())
    filled = round(BAR * done / max(1, len(plan.steps)))
    now = [step.title for step in plan.steps if states.get(step.id, StepState()).state == "started"]
    return Report(
        f"`{plan.cluster.name}`: {plan.verb} under way, {done} of {len(plan.steps)} steps, {elapsed:.0f} s",
        Level.INFO,
        (Text(f"{'█' * filled}{'░' * (BAR - filled)}  {'; '.join(now)}"), _steps_table(plan, states)),
    )


_WORDS: Mapping[State | None, str] = {
    "started": "under way",
    "done": "done",
    "failed": "FAILED",
    "not done": "not done",
    None: "waits",
}


def _steps_table(plan: Plan, states: Mapping[str, StepState]) -> Table:
    rows = []
    for number, step in enumerate(plan.steps, start=1):
        state = states.get(step.id, StepState())
        when = f"{state.seconds:.1f} s" if state.state in {"done", "failed"} else ""
        rows.append((str(number), step.title, _WORDS[state.state], when))
    return Table(("#", "Step", "State", "At"), tuple(rows))


def succeeded(plan: Plan, elapsed: float, results: Iterable[Part], people: str = "") -> Report:
    """Say that a plan was carried out and proved, by whose word, what it left undone, and what the cluster now shows.

    A cluster that was to run and does not, for want of quorum, is no success, whatever the steps proved.
    """
    shown = tuple(results)
    wrong = [part for part in shown if isinstance(part, Finding)] if plan.leaves == "running" else []
    not_all = ", but not everywhere" if plan.undone else ""
    return Report(
        f"`{plan.cluster.name}`: {plan.verb} done and verified in {elapsed:.1f} s{not_all}",
        _worst_of((*plan.undone, *wrong), Level.OK),
        (Text(plan.summary), *_said(people), *plan.undone, *shown),
        next_step=f"status {plan.cluster.name}",
    )


def failed(
    plan: Plan,
    states: Mapping[str, StepState],
    elapsed: float,
    problems: Iterable[Progress],
    again: str,
    compared: tuple[Part, ...] = (),
    people: str = "",
) -> Report:
    """Say what failed, in the tool's own words, what stands of what was begun, what was done and not, and how to go on.

    `compared` is how the cluster now is beside what was predicted; `people` by whose word it was done.
    """
    parts: list[Part] = [*_said(people)]
    effective = {step.id for step in plan.steps if states.get(step.id, StepState()).state == "done"}
    done = len(effective)
    for event in problems:
        for problem in event.problems:
            parts.extend(_problem_parts(problem, f"Step “{event.step.title}” failed"))
            if isinstance(problem, StepUnproved):
                effective.add(event.step.id)
    parts += [*_left(plan, states, effective), *compared, _steps_table(plan, states)]
    return Report(
        f"`{plan.cluster.name}`: {plan.verb} stopped after {done} of {len(plan.steps)} steps, {elapsed:.0f} s",
        Level.CRITICAL,
        tuple(parts),
        next_step=again,
    )


def _left(plan: Plan, states: Mapping[str, StepState], effective: Collection[str]) -> Iterable[Finding]:
    """Yield what was begun and not ended. `effective` are the steps whose commands did, or may have done, their work."""
    ends = [
        step for step in plan.steps if step.ends_what_was_begun and states.get(step.id, StepState()).state == "done"
    ]
    ended = {before for step in ends for before in step.after}
    yield from (step.left for step in plan.steps if step.left and step.id in effective and step.id not in ended)


def _said(people: str) -> tuple[Text, ...]:
    return (Text(people),) if people else ()


def _problem_parts(problem: HaclusterError, what: str) -> tuple[Part, ...]:
    """Return a problem as parts: the sentence, the remedy, and the tool's own words where it was a tool that failed."""
    finding = Finding(Level.CRITICAL, f"{what}: {problem.message}", problem.remedy, problem.node)
    if isinstance(problem, CommandFailed) and problem.output:
        return (finding, Listing("The tool's own words", problem.output))
    return (finding,)


def details(plan: Plan, events: Iterable[Progress]) -> Report:
    """Return what the thread keeps of a plan that was carried out: every command, where, how it ended, how long."""
    lines: list[str] = []
    for event in events:
        if event.state in {"done", "failed"}:
            lines.append(f"# {event.step.title}: {event.state} at {event.seconds:.1f} s")
            lines += [f"{d.node}: {d.command.shown()}  (exit {d.status}, {d.seconds:.1f} s)" for d in event.ran]
            lines += [str(problem) for problem in event.problems]
    listing = Listing("What was run", "\n".join(lines), f"{plan.cluster.name}-{plan.verb}-log.txt")
    return Report(f"`{plan.cluster.name}`: what {plan.verb} ran", Level.INFO, (listing,))


def refused(refusal: Refusal, cluster: str) -> Report:
    """Show all the reasons why a change is not planned."""
    return Report(
        f"`{refusal.about or cluster}`: {refusal.verb} is not possible: {counted(len(refusal.reasons), 'reason')}",
        Level.CRITICAL,
        refusal.reasons,
    )


def with_keys(report: Report, offers: Iterable[tuple[str, HostKeyUnknown]]) -> Report:
    """Return a report with each host key that nobody trusts yet, by the id it is offered under: a button, and the words."""
    parts, choices = [], []
    for offer, error in offers:
        where = f"{error.node} ({error.address})"
        parts.append(Text(f"{where} offers the host key `{error.fingerprint}`: `/hacluster trust {offer}`"))
        sure = f"Trust {error.fingerprint} for {error.address}?"
        choices.append(Choice(f"Trust {error.node}", TRUST, offer, confirm=sure))
    return replace(report, parts=(*report.parts, *parts), choices=(*report.choices, *choices))


def nothing(decision: NothingToDo) -> Report:
    """Say that the cluster already is what was asked for, and what is wrong with it all the same."""
    return Report(decision.summary, _worst_of(decision.findings, Level.OK), decision.findings)


def ended(cluster: str, verb: str, how: str, level: Level = Level.INFO) -> Report:
    """Say what became of a plan that did not run."""
    return Report(f"`{cluster}`: {verb} {how}", level)


def problem(error: HaclusterError) -> Report:
    """Answer one person whose request cannot be met."""
    titles: Mapping[type[Exception], str] = {
        UsageError: "I cannot make sense of that",
        NotAllowed: "You may not do that here",
        PlanStale: "That came too late",
    }
    title = next((words for kind, words in titles.items() if isinstance(error, kind)), "That did not work")
    level = Level.WARNING if isinstance(error, UsageError | NotAllowed | PlanStale) else Level.CRITICAL
    words = [Text(sentence(str(error)))]
    if error.remedy:
        words.append(Text(error.remedy))
    output = (Listing("The tool's own words", error.output),) if isinstance(error, CommandFailed) else ()
    return Report(title, level, (*words, *output), private=True)


def sentence(words: str) -> str:
    """End words with a full stop, unless they end with their own mark."""
    return words if words.endswith((".", "?", "!")) else f"{words}."


def store_failed(reason: str) -> Report:
    """Answer where the bot's own store could not be read or written, so that nothing was begun."""
    return Report(
        "My store does not work, so nothing was started",
        Level.CRITICAL,
        (
            Text(f"What you asked for has to be written down first, and that failed: {reason}."),
            Text(_STORE_REMEDY),
        ),
        private=True,
    )


def store_failed_under_way(cluster: str, verb: str, reason: str, again: str, *, started: bool) -> Report:
    """Say that a change ended because the bot's own store failed: what cannot be written down is not run."""
    how = "was cut short: my store does not work" if started else "was not started: my store does not work"
    done = (
        "What was done until then stays done. Nothing further was sent; of the last command the end may not be known."
        if started
        else "No command was sent to any node."
    )
    return Report(
        f"`{cluster}`: {verb} {how}",
        Level.CRITICAL,
        (Text(f"It could not be written down: {reason}. {done}"), Text(_STORE_REMEDY)),
        next_step=again,
    )


_STORE_REMEDY = (
    "Look at the disk and the database that `store.url` names (full, read-only, away?), then ask again. "
    "What only looks, as `/hacluster status`, is answered for as long as the store can be read."
)


def unexpected(reference: str) -> Report:
    """Answer for a defect of ours: a reference into the log, nothing else."""
    return Report(
        "Something went wrong on my side",
        Level.CRITICAL,
        (Text(f"It is in my log under `{reference}`. Nothing more was done."),),
        private=True,
    )


def copied(plan: Plan) -> Report:
    """Return a plan's commands alone, to be copied."""
    listing = Listing("", commands_text(plan), f"{plan.cluster.name}-{plan.verb}.txt")
    return Report(f"`{plan.cluster.name}`: the commands of this {plan.verb}", Level.INFO, (listing,), private=True)
