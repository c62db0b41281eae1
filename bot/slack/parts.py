"""The parts of a report as blocks: paragraphs, findings, tables and listings, each in the room it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.markup import WORD, without_markup
from bot.slack import limits
from bot.slack.limits import Block
from bot.slack.markup import clip, cut, emoji, preformatted, rich, rich_text, section
from bot.slack.plain import cells, fixed_width
from commands.report import Finding, Listing, Part, Picture, Table, Text

LEAST = 300
"""Characters below which a part is not begun."""
_PARAGRAPH = 3_000
_FINDING = 800
_FINDINGS = 5_000
_TABLE = 5_000
_LISTING = 1_500
_PICTURE = 1_000
_LISTING_LINES = 12
"""A listing longer than that hides the buttons below it: its head is shown, all of it is in the file."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Blocks, and whether something was cut from what they show."""

    blocks: list[Block]
    cut: bool = False


Missing = Callable[[int, str], str]
"""Says how much is missing: `… (3 more lines in output.txt)`."""


def draw(group: Sequence[Part], room: int, *, native_table: bool, file: str) -> Drawn:
    """Draw one part, or findings in a row, in `room` characters (at least `LEAST`).

    `file` names where what is cut can be read; empty if nowhere.
    """

    def missing(count: int, what: str) -> str:
        place = f" in {file}" if file else ""
        return f"… ({count} more {what}{'' if count == 1 else 's'}{place})"

    match group:
        case [Text() as text]:
            return _paragraph(text, room)
        case [Table() as table] if native_table:
            return _native_table(table, room, missing)
        case [Table() as table]:
            return _code_table(table, room, missing)
        case [Listing() as listing]:
            return _listing(listing, room, missing, file=file)
        case [Picture() as picture]:
            return _picture(picture, room, file=file)
        case _:
            return _findings([part for part in group if isinstance(part, Finding)], room, missing)


def note(text: str) -> Block:
    """Give a small line of plain text."""
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": True}]}


def _paragraph(part: Text, room: int) -> Drawn:
    if not part.text.strip():
        return Drawn([])
    text = cut(part.text, min(room, _PARAGRAPH))
    return Drawn([rich_text(section(*rich(text)))], cut=text != part.text)


def _findings(findings: Sequence[Finding], room: int, missing: Missing) -> Drawn:
    sections: list[Block] = []
    room = min(room, _FINDINGS) - len(missing(len(findings), "finding"))
    whole = True
    for position, finding in enumerate(findings):
        lines, complete = _finding(finding)
        needed = limits.characters(lines)
        if needed > room:
            sections.append(section({"type": "text", "text": missing(len(findings) - position, "finding")}))
            return Drawn([rich_text(*sections)], cut=True)
        sections += lines
        room -= needed
        whole = whole and complete
    return Drawn([rich_text(*sections)], cut=not whole)


def _finding(finding: Finding) -> tuple[list[Block], bool]:
    where = finding.where
    said, remedy = cut(where + finding.text, _FINDING), cut(finding.remedy, _FINDING)
    word = WORD[finding.level]
    status = [{"type": "text", "text": f" {word}", "style": {"bold": True}}] if word else []
    lines = [section(emoji(finding.level), *status, {"type": "text", "text": "  "}, *rich(said))]
    if remedy:
        lines.append(section({"type": "text", "text": "      → "}, *rich(remedy)))
    return lines, said == where + finding.text and remedy == finding.remedy


def _native_table(table: Table, room: int, missing: Missing) -> Drawn:
    """Draw Slack's own table: it scrolls on a phone. A message may have one."""
    if not 0 < len(table.columns) <= limits.TABLE_COLUMNS:
        return _code_table(table, room, missing)
    rows = [cells(table.columns), *(cells(row) for row in table.rows)]
    left = min(room, _TABLE) - len(table.title) - len(missing(len(rows), "row"))
    fitting = _fitting([sum(map(len, row)) for row in rows], left)
    shown = rows[: min(fitting, limits.TABLE_ROWS)]
    if not shown:
        return _code_table(table, room, missing)
    blocks = [*_title(table.title), _table_block(shown)]
    if len(shown) < len(rows):
        blocks.append(note(missing(len(rows) - len(shown), "row")))
    return Drawn(blocks, cut=len(shown) < len(rows))


def _table_block(rows: Sequence[Sequence[str]]) -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]}


def _code_table(table: Table, room: int, missing: Missing) -> Drawn:
    """Draw a table of fixed width, for a message that has several."""
    if not table.columns:
        return Drawn([])
    lines = fixed_width(table)
    return _code(table.title, lines, min(room, _TABLE), len(lines), lambda count: missing(count, "row"))


def _listing(listing: Listing, room: int, missing: Missing, *, file: str) -> Drawn:
    """Draw a listing: its head where a file has the rest, as much as there is room for where none does."""
    lines = listing.text.expandtabs().rstrip("\n").split("\n")
    room, most = (min(room, _LISTING), _LISTING_LINES) if file else (room, len(lines))
    return _code(listing.title, lines, room, most, lambda count: missing(count, "line"))


def _picture(picture: Picture, room: int, *, file: str) -> Drawn:
    """Say where the picture is; where no file goes with the message, what it shows."""
    title = without_markup(picture.title).strip() or picture.name.strip() or "Picture"
    said = f"{title}: picture in the thread" if file and picture.png else f"{title}: {without_markup(picture.alt)}"
    return Drawn([note(clip(f":frame_with_picture: {said}", min(room, _PICTURE)))])


def _code(title: str, lines: Sequence[str], room: int, most: int, missing: Callable[[int], str]) -> Drawn:
    """Draw as many lines as there is room for, in a code block under a title."""
    title = cut(title, 150)
    left = room - len(title) - len(missing(len(lines)))
    shown = list(lines[: min(_fitting([len(line) + 1 for line in lines], left), most)])
    whole = len(shown) == len(lines)
    if not shown:  # not even the first line fits
        shown = [cut(lines[0], left)]
    text = "\n".join(shown)
    body = [preformatted(text)] if text.strip() else []
    rest = [] if len(shown) == len(lines) else [section({"type": "text", "text": missing(len(lines) - len(shown))})]
    heading = [section(*rich(title, bold=True))] if title.strip() else []
    return Drawn([rich_text(*heading, *body, *rest)] if body or rest else [], cut=not whole)


def _title(title: str) -> list[Block]:
    return [rich_text(section(*rich(cut(title, 150), bold=True)))] if title.strip() else []


def _fitting(sizes: Sequence[int], room: int) -> int:
    """Count how many from the front fit."""
    for count, size in enumerate(sizes):
        room -= size
        if room < 0:
            return count
    return len(sizes)
