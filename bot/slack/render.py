"""A `Report` as a Slack message: text, blocks and files. Pure, and always within Slack's limits.

A report that is one sentence becomes one line; one with parts becomes a header with the parts below, then the next
step, then the buttons. What is too long is cut, with a word on how much is missing, and goes as a file beside the
message.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.markup import WORD, clean, without_markup
from bot.slack import limits
from bot.slack.buttons import buttons
from bot.slack.limits import Block
from bot.slack.markup import EMOJI, clip, cut, emoji, escape, rich, rich_text, section
from bot.slack.mentions import mention_block, mentions
from bot.slack.parts import LEAST, draw, note
from bot.slack.plain import plain, told
from commands.report import Choice, Finding, Listing, Part, Picture, Report, Table, Text

COMMAND = "/hacluster"
FULL_REPORT = "report.txt"
_TEXT = 3_000
"""Characters of the text for notifications and screen readers."""
_ROOM = 12_500
"""Characters of all blocks: below Slack's undocumented bound, which is not sharp."""
_NEXT_STEP = 500
_ALT = 1_000
"""Characters of what is told of a picture to those who do not see it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message. `alt` tells what a picture shows."""

    name: str
    title: str
    content: str | bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Slack takes it."""

    text: str
    blocks: list[Block]
    files: tuple[Attachment, ...] = ()


def render(report: Report, *, command: str = COMMAND, attach: bool = True) -> Rendered:
    """Draw a report. Without `attach` (ephemeral messages bear no files) what is cut is gone, and says so."""
    report = _cleaned(report)
    top, bottom = [*mention_block(report.mentions), *_headline(report)], list(_bottom(report, command))
    room = _ROOM - limits.characters([top, bottom])
    middle, files = _middle(report, room, limits.BLOCKS - len(top) - len(bottom) - 1, attach=attach)
    said = plain(replace(report, parts=tuple(part for part in report.parts if not isinstance(part, Listing))))
    return Rendered(_text(report, cut(said, _TEXT)), [*top, *middle, *bottom], files)


def render_simply(report: Report, *, attach: bool = True) -> Rendered:
    """Draw a report with the oldest blocks only, for when Slack refuses what `render` made: text, and the buttons."""
    report = _cleaned(report)
    said = plain(report)
    text = escape(cut(said, _TEXT // 5)) or "…"  # escaping makes five characters of one at most
    blocks: list[Block] = [
        *mention_block(report.mentions),
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
    ]
    actions, _ = buttons(report.choices, report.more, report.headline)
    full = Attachment(FULL_REPORT, clip(without_markup(report.headline), 80), said)
    files = ((full,) if len(said) > len(text) else ()) + _pictures(report)
    return Rendered(
        _text(report, cut(said, _TEXT // 5)), [*blocks, actions] if actions else blocks, files if attach else ()
    )


def _text(report: Report, said: str) -> str:
    """Give the top-level text: who is called, since notifications are made of it, then what is said."""
    return " ".join(filter(None, (mentions(report.mentions), escape(said)))) or "…"


def _headline(report: Report) -> Iterator[Block]:
    if not report.parts and not report.choices and not report.more:
        yield _one_line(report)
        return
    line = f":{EMOJI[report.level]}: {told(report.level, report.headline)}".replace("\n", " ")
    yield {"type": "header", "text": {"type": "plain_text", "text": clip(line, limits.HEADER), "emoji": True}}
    if len(line) > limits.HEADER:
        yield rich_text(section(*rich(cut(report.headline, limits.SECTION))))


def _one_line(report: Report) -> Block:
    word = WORD[report.level]
    status: list[Block] = [{"type": "text", "text": f" {word}", "style": {"bold": True}}] if word else []
    gap: Block = {"type": "text", "text": " · " if word else " "}
    return rich_text(section(emoji(report.level), *status, gap, *rich(cut(report.headline, limits.SECTION))))


def _bottom(report: Report, command: str) -> Iterator[Block]:
    actions, left_out = buttons(report.choices, report.more, report.headline)
    if report.next_step:
        typed = cut(f"{command} {report.next_step}".replace("`", "'"), _NEXT_STEP)
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": f"Next: `{escape(typed)}`"}]}
    if left_out:
        yield note(f"… ({left_out} more {'choice' if left_out == 1 else 'choices'} that cannot be shown here)")
    if actions:
        yield actions


def _middle(report: Report, room: int, slots: int, *, attach: bool) -> tuple[list[Block], tuple[Attachment, ...]]:
    """Draw the parts into what room there is, and collect the files for what was cut."""
    one_table = sum(isinstance(part, Table) for part in report.parts) == 1
    full = Attachment(FULL_REPORT, clip(without_markup(report.headline), 80), plain(report))
    files: list[Attachment] = []
    blocks: list[Block] = []
    for group in _groups(report.parts):
        file = _file(group) or full
        drawn = draw(group, room, native_table=one_table, file=file.name if attach else "") if room >= LEAST else None
        if drawn is None or len(blocks) + len(drawn.blocks) > slots:
            blocks.append(note(f"… (more{f' in {FULL_REPORT}' if attach else ''})"))
            files.append(full)
            break
        blocks += drawn.blocks
        room -= limits.characters(drawn.blocks)
        if drawn.cut:
            files.append(file)
    return blocks, tuple(dict.fromkeys((*files, *_pictures(report)))) if attach else ()


def _groups(parts: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Keep findings that follow each other together: they are one list."""
    groups: list[tuple[Part, ...]] = []
    for is_finding, run in itertools.groupby(parts, key=lambda part: isinstance(part, Finding)):
        together = tuple(run)
        groups += [together] if is_finding else [(part,) for part in together]
    return groups


def _pictures(report: Report) -> tuple[Attachment, ...]:
    """Give the files of the pictures, whatever room there was to name them. Slack takes no empty file."""
    return tuple(
        Attachment(
            clip(picture.name.strip(), 100) or "picture.png",
            clip(without_markup(picture.title).strip(), 80) or "Picture",
            picture.png,
            clip(without_markup(picture.alt), _ALT),
        )
        for picture in report.parts
        if isinstance(picture, Picture) and picture.png
    )


def _file(group: tuple[Part, ...]) -> Attachment | None:
    """Give the file that a cut listing goes into; for anything else that is the full report."""
    match group:
        case [Listing() as listing]:
            name = clip(listing.name.strip(), 100) or "output.txt"
            return Attachment(name, clip(without_markup(listing.title), 80) or name, listing.text)
        case _:
            return None


def _cleaned(report: Report) -> Report:
    return replace(
        report,
        headline=clean(report.headline),
        parts=tuple(_cleaned_part(part) for part in report.parts),
        next_step=clean(report.next_step),
        choices=tuple(_cleaned_choice(choice) for choice in report.choices),
        more=tuple(_cleaned_choice(choice) for choice in report.more),
        mentions=tuple(clean(mention) for mention in report.mentions),
    )


def _cleaned_part(part: Part) -> Part:
    match part:
        case Text():
            return Text(clean(part.text))
        case Finding():
            node = clean(part.node) if part.node else part.node
            return replace(part, text=clean(part.text), remedy=clean(part.remedy), node=node)
        case Table():
            rows = tuple(tuple(clean(cell) for cell in row) for row in part.rows)
            return Table(tuple(clean(name) for name in part.columns), rows, clean(part.title))
        case Listing():
            return Listing(clean(part.title), clean(part.text), clean(part.name))
        case Picture():
            return replace(part, name=clean(part.name), alt=clean(part.alt), title=clean(part.title))


def _cleaned_choice(choice: Choice) -> Choice:
    return replace(choice, label=clean(choice.label), confirm=clean(choice.confirm))
