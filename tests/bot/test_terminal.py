"""The same reports on a terminal: redrawn in place on a real one, line by line elsewhere, and never a control sequence."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.cards import with_keys
from bot.conversation import FORM_ACTION
from bot.terminal import TerminalSurface, draw
from commands.errors import HostKeyUnknown
from commands.report import Choice, Finding, Level, Listing, Picture, Report, Table, Text

CONFIRM, CANCEL = Choice("Confirm", "confirm", "1"), Choice("Cancel", "cancel", "1")
PLAN = Report(
    "`web`: stop",
    Level.WARNING,
    (
        Text("Stops `web` on all nodes."),
        Finding(Level.WARNING, "the floating IPs go", "Tell your users", node="n1"),
        Table(("#", "step"), (("1", "pcs cluster stop"),), "Steps"),
        Listing("Exactly these commands", "n1: pcs cluster stop --all"),
    ),
    next_step="start web",
    choices=(CONFIRM, CANCEL),
)


def _console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=100, highlight=False, force_terminal=terminal, color_system=None)


def _written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _typing(lines: Iterable[str | None]) -> tuple[TerminalSurface, list[str]]:
    """A surface in front of somebody who types these lines, and the questions they are asked."""
    answers, questions = iter(lines), []

    async def ask(question: str) -> str | None:
        questions.append(question)
        return next(answers)

    return TerminalSurface(_console(), ask), questions


def test_a_host_key_comes_with_the_command_that_trusts_it_from_here() -> None:
    console = _console()
    stranger = HostKeyUnknown(
        "it is not trusted yet", node="n1", address="10.0.0.1", port=22, key="ssh-ed25519 AAAA", fingerprint="SHA256:x"
    )
    console.print(draw(with_keys(Report("`web`: n1 cannot be asked"), (("Xy3kPq81_aZbNc4d", stranger),))))
    assert "n1 (10.0.0.1) offers the host key SHA256:x: hacluster run trust Xy3kPq81_aZbNc4d" in _written(console)


def test_a_report_is_drawn_with_all_its_parts() -> None:
    console = _console()
    console.print(draw(PLAN))

    lines = [line.rstrip() for line in _written(console).splitlines()]
    assert lines == [
        "! Warning web: stop",
        "  Stops web on all nodes.",
        "  ! Warning n1: the floating IPs go",
        "    → Tell your users",
        "  Steps",
        "",
        "    #   step",
        "   ──────────────────────",
        "    1   pcs cluster stop",
        "",
        "  Exactly these commands",
        "    n1: pcs cluster stop --all",
        "Next: hacluster run start web",
    ]


@given(
    st.builds(Listing, st.text(), st.text())
    | st.builds(Text, st.text())
    | st.builds(Finding, st.just(Level.OK), st.text())
    | st.builds(Picture, st.just(b""), st.text(), st.text(), st.text()),
    st.text(),
)
def test_no_output_of_a_tool_moves_the_cursor_or_is_taken_for_styling(
    part: Listing | Text | Finding | Picture, called: str
) -> None:
    console = _console()
    console.print(draw(Report("web", parts=(part,), mentions=(called,))))

    assert all(
        character.isprintable() or character in "\n\t\u2028\u2029" or ord(character) > 0x9F
        for character in _written(console)
    )


def test_a_picture_is_told_in_words_and_those_who_are_called_are_named() -> None:
    console = _console()
    picture = Picture(b"PNG", "web.png", "n2 was away on Monday", "The week of `web`")
    console.print(draw(Report("n2 is lost", Level.CRITICAL, (picture,), mentions=("here", "U0000000ADA"))))

    assert [line.rstrip() for line in _written(console).splitlines()] == [
        "✘ Critical n2 is lost",
        "  For @here, @U0000000ADA",
        "  The week of web (web.png)",
        "  n2 was away on Monday",
    ]


async def test_what_is_asked_for_less_often_is_offered_after_the_rest() -> None:
    surface, _ = _typing(["3"])
    more = Choice("Who was it", "audit", "1")

    assert await surface.choose(replace(PLAN, more=(more,))) == more


@pytest.mark.parametrize(
    ("told", "here"),
    [
        ("did you mean `/hacluster status`?", "did you mean hacluster run status?"),
        ("type `/hacluster` first", "type hacluster run first"),
        ("`/hacluster-old status` is none of ours", "/hacluster-old status is none of ours"),
        ("a path: /hacluster status", "a path: /hacluster status"),
    ],
)
def test_a_command_is_told_as_it_is_typed_in_a_terminal(told: str, here: str) -> None:
    console = _console()
    console.print(draw(Report("x", parts=(Text(told),))))

    assert _written(console).splitlines()[1].strip() == here


def test_square_brackets_are_no_styling() -> None:
    console = _console()
    console.print(draw(Report("[bold]web[/bold] [/]")))

    assert "[bold]web[/bold] [/]" in _written(console)


async def test_without_a_terminal_only_new_headlines_and_the_end_are_printed() -> None:
    console = _console()
    with TerminalSurface(console) as surface:
        ref = await surface.post(Report("web: stop, 0 of 2"))
        await surface.edit(ref, Report("web: stop, 0 of 2", parts=(Text("bar"),)))
        await surface.edit(ref, Report("web: stop, 1 of 2", parts=(Text("bar"),)))
        await surface.edit(ref, Report("web: stopped", Level.OK, (Text("2 of 2"),)), final=True)

    assert _written(console).splitlines() == [
        "● web: stop, 0 of 2",
        "● web: stop, 1 of 2",
        "✔ OK web: stopped",
        "  2 of 2",
    ]
    assert surface.last is not None
    assert surface.last[1].level is Level.OK


async def test_on_a_terminal_the_report_is_redrawn_and_details_stay_above_it() -> None:
    console = _console(terminal=True)
    with TerminalSurface(console) as surface:
        ref = await surface.post(Report("web: stop, 0 of 2"))
        await surface.post(Report("step 1", Level.OK), under=ref)
        await surface.edit(ref, Report("web: stopped", Level.OK), final=True)

    written = _written(console)
    assert written.count("step 1") == 1
    assert written.index("step 1") < written.rindex("web: stopped")
    assert "\x1b[2K" in written  # the line was taken back to be drawn again


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("1", CONFIRM), ("2", CANCEL), ("can", CANCEL), ("C", None), ("", None), ("3", None), ("x", None), (None, None)],
)
async def test_a_choice_is_a_number_or_the_beginning_of_one_label(typed: str | None, chosen: Choice | None) -> None:
    surface, _ = _typing([typed])

    assert await surface.choose(PLAN) == chosen


@pytest.mark.parametrize(("typed", "sure"), [("yes", True), ("YES ", True), ("y", False), ("", False), (None, False)])
async def test_what_destroys_asks_again(typed: str | None, sure: bool) -> None:  # noqa: FBT001
    danger = Choice("Destroy", "destroy", "1", confirm="All of n1 goes.")
    surface, questions = _typing(["1", typed])

    assert (await surface.choose(Report("?", choices=(danger,))) == danger) is sure
    assert "All of n1 goes." in questions[1]


async def test_a_form_is_no_choice_here() -> None:
    surface, questions = _typing([])

    assert await surface.choose(Report("?", choices=(Choice("Fill in", FORM_ACTION, "setup"),))) is None
    assert questions == []


async def test_where_nobody_can_choose_it_is_said_that_nothing_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    async def nobody(_: str) -> str | None:
        return None

    with TerminalSurface(Console(width=100), nobody) as surface:
        assert await surface.choose(PLAN) is None
    assert "nothing was done; --yes confirms a plan" in capsys.readouterr().out
