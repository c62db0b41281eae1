"""What the door says around a plan: levels that tell the truth, and sentences that end once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import cards
from commands.command import Command, Completed
from commands.errors import CommandFailed, HaclusterError, NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Progress, Refusal, State, Step, StepUnproved
from commands.report import Finding, Level, Listing, Report, Text
from tests.bot.conftest import WEB

LOST = Finding(Level.CRITICAL, "n2 is lost, as n1 sees it")
NOT_STARTED = Finding(Level.WARNING, "n2 does not answer and is not started", "Switch it on.")
PLAN = Plan("start", WEB, "Start `web` on n1.", ())


def findings(report: Report) -> list[Finding]:
    return [part for part in report.parts if isinstance(part, Finding)]


def test_what_was_asked_for_is_done_whatever_else_is_wrong() -> None:
    report = cards.succeeded(PLAN, 1.0, (LOST,))
    assert (report.level, report.headline) == (Level.OK, "`web`: start done and verified in 1.0 s")
    assert findings(report) == [LOST]


def test_what_was_left_undone_is_told_with_the_plan_and_at_its_end_once_each() -> None:
    plan = replace(PLAN, undone=(NOT_STARTED,))
    assert findings(cards.proposal(plan, "id")) == [NOT_STARTED]
    report = cards.succeeded(plan, 1.0, ())
    assert (report.level, findings(report)) == (Level.WARNING, [NOT_STARTED])
    assert report.headline.endswith("but not everywhere")


def test_a_plan_says_what_it_is_before_what_comes_of_it_and_nothing_twice() -> None:
    plan = replace(PLAN, risks=(NOT_STARTED, LOST))
    report = cards.proposal(plan, "id", changed=("This is a new plan.", "No longer so: a."), more=(Text("says:"), LOST))
    assert [part.text for part in report.parts if isinstance(part, Text | Finding)] == [
        "This is a new plan.\n• No longer so: a.",
        "Start `web` on n1.",
        "says:",
        LOST.text,
        NOT_STARTED.text,
    ]


@pytest.mark.parametrize("wrong", [LOST, Finding(Level.CRITICAL, "n1 has no quorum")])
def test_a_cluster_that_was_to_run_and_does_not_is_no_success(wrong: Finding) -> None:
    plan = replace(PLAN, leaves="running")
    assert cards.succeeded(plan, 1.0, (wrong, Text("the membership"))).level is Level.CRITICAL
    assert cards.succeeded(plan, 1.0, (Text("the membership"),)).level is Level.OK


def broken_on(node: str, status: int, words: str) -> CommandFailed:
    install = Command(("install",))
    with pytest.raises(CommandFailed) as failed:
        Completed(node, install, status, "", words).check()
    return failed.value


UPDATED = Completed("n1", Command(("update",)), 0, "", "", seconds=2.0)
ON_BOTH = Progress(
    Step("packages", "Install", ()),
    "failed",
    3.0,
    (broken_on("n1", 100, "no space left"), broken_on("n2", 1, "no such package")),
    (UPDATED,),
)


def test_a_step_that_failed_on_several_nodes_is_told_of_each_in_its_tools_own_words() -> None:
    report = cards.failed(PLAN, {}, 3.0, (ON_BOTH,), "setup web")
    assert [(part.node, part.text) for part in findings(report)] == [
        ("n1", "Step “Install” failed: `install` ended with exit status 100"),
        ("n2", "Step “Install” failed: `install` ended with exit status 1"),
    ]
    assert [part.text for part in report.parts if isinstance(part, Listing)] == ["no space left", "no such package"]


BARRED = Finding(Level.WARNING, "n1 stays barred from `vip1`", "`failback vip1` lets it in again.")
RELEASE = Step("release-n1", "Let n1 give it up", (), left=BARRED)
GATE = Step("gate", "Open the gate", (), ("release-n1",), ends_what_was_begun=True)
SLOW = StepUnproved(RELEASE, ("n1: it still holds 10.0.0.9",))


@pytest.mark.parametrize(
    ("release", "gate", "problem", "stands"),
    [
        ("failed", "not done", SLOW, [BARRED]),
        ("failed", "not done", broken_on("n1", 1, "no such node"), []),
        ("done", "not done", None, [BARRED]),
        ("done", "failed", None, [BARRED]),
        ("done", "done", None, []),
        ("not done", "not done", None, []),
    ],
)
def test_a_failed_change_tells_what_it_leaves_behind_and_the_way_back(
    release: State, gate: State, problem: HaclusterError | None, stands: list[Finding]
) -> None:
    plan = replace(PLAN, steps=(RELEASE, GATE))
    states = {"release-n1": cards.StepState(release), "gate": cards.StepState(gate)}
    problems = (Progress(RELEASE, "failed", 3.0, (problem,)),) if problem else ()
    report = cards.failed(plan, states, 3.0, problems, "failover vip1")
    assert [one for one in findings(report) if not one.text.startswith("Step “")] == stands


def test_the_thread_keeps_what_a_failed_step_ran_and_all_that_went_wrong_in_it() -> None:
    (listing,) = cards.details(PLAN, (ON_BOTH,)).parts
    assert isinstance(listing, Listing)
    assert listing.text.splitlines() == [
        "# Install: failed at 3.0 s",
        "n1: update  (exit 0, 2.0 s)",
        "n1: `install` ended with exit status 100",
        "n2: `install` ended with exit status 1",
    ]


def test_nothing_to_do_is_not_nothing_wrong() -> None:
    assert cards.nothing(NothingToDo("start", "`web` runs on n1 already.")).level is Level.OK
    report = cards.nothing(NothingToDo("start", "`web` runs on n1 already.", (NOT_STARTED, LOST)))
    assert (report.level, findings(report)) == (Level.CRITICAL, [NOT_STARTED, LOST])


def test_a_refusal_about_no_cluster_yet_names_what_it_is_about() -> None:
    reasons = (Finding(Level.CRITICAL, "there is no cluster on that node"),)
    assert cards.refused(Refusal("adopt", reasons, about="10.0.0.1"), "adopting").headline.startswith(
        "`10.0.0.1`: adopt"
    )
    assert cards.refused(Refusal("start", reasons), "web").headline.startswith("`web`: start")


@pytest.mark.parametrize(
    ("error", "headline", "level"),
    [
        (UsageError("there is no verb 'statsu'"), "I cannot make sense of that", Level.WARNING),
        (NotAllowed("`setup` takes the role admin"), "You may not do that here", Level.WARNING),
        (PlanStale("that plan is done already"), "That came too late", Level.WARNING),
        (HaclusterError("the disk is full"), "That did not work", Level.CRITICAL),
    ],
)
def test_what_cannot_be_done_is_headed_by_what_it_is(error: HaclusterError, headline: str, level: Level) -> None:
    report = cards.problem(error)
    assert (report.headline, report.level, report.private) == (headline, level, True)


@pytest.mark.parametrize(
    ("words", "told"), [("no such verb", "no such verb."), ("did you mean `x`?", "did you mean `x`?"), ("No.", "No.")]
)
def test_a_sentence_ends_once(words: str, told: str) -> None:
    assert cards.problem(UsageError(words)).parts[0] == Text(told)
