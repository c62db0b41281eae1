"""A report as plain text: what notifications and screen readers get, and what goes into a file when much is cut."""

from __future__ import annotations

from collections.abc import Sequence

from bot.markup import WORD, without_markup
from bot.slack.markup import clip
from commands.report import Finding, Level, Listing, Part, Picture, Report, Table, Text

_EMPTY = "\N{EN DASH}"
CELL = 120
"""Characters of a cell in a fixed-width table, at most."""


def plain(report: Report) -> str:
    """Write the whole report, its longest listing included."""
    paragraphs = [told(report.level, report.headline), *(plain_part(part) for part in report.parts)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph.strip())


def plain_part(part: Part) -> str:
    """Write one part."""
    match part:
        case Text():
            return without_markup(part.text)
        case Finding():
            remedy = f"\n  → {without_markup(part.remedy)}" if part.remedy else ""
            where = part.where
            return told(part.level, where + part.text) + remedy
        case Table():
            return titled(part.title, "\n".join(fixed_width(part)))
        case Listing():
            return titled(part.title, part.text)
        case Picture():
            return titled(part.title, f"{without_markup(part.alt)} ({part.name})")


def told(level: Level, text: str) -> str:
    """Put the status word before a sentence."""
    word = WORD[level]
    return f"{word} · {without_markup(text)}" if word else without_markup(text)


def titled(title: str, text: str) -> str:
    """Put a title above a text, where there is one."""
    return f"{without_markup(title)}\n{text}" if title else text


def fixed_width(table: Table) -> list[str]:
    """Draw a table in lines: the columns' names, a rule, the rows."""
    rows = [cells(table.columns), *(cells(row) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("─" * width for width in widths), *lines[1:]]


def cells(row: Sequence[str]) -> list[str]:
    """Make cells fit for one line each. An empty one gets a dash, so that it reads as empty and not as forgotten."""
    return [clip(" ".join(without_markup(cell).split()), CELL) or _EMPTY for cell in row]
