"""Draw timelines with matplotlib: the one place that knows it. Run as a program, in a process of its own.

    python -m bot.reports.draw < timelines.json > pictures.json

Standard input is a JSON list of timelines, standard output one of PNGs in base64. It opens no display and reads nothing
else. The same timeline gives the same bytes.

The colours are Okabe and Ito's, which people tell apart who see red and green alike. None stands alone: each state has
a pattern and each bar its word where there is room, and the legend has both.
"""

from __future__ import annotations

import base64
import io
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from pydantic import TypeAdapter

from bot.reports.timeline import Bar, Look, Row, Timeline

TIMELINES = TypeAdapter(list[Timeline])

WIDTH, DPI = 8.0, 200
"""Inches and dots: 1600 pixels, which Slack shows at about half of that, sharp on fine screens too."""
_TOP, _ROW, _CLOCK, _LEGEND = 0.46, 0.36, 0.3, 0.22
"""Inches of height: the title, a row, the clock below the rows, a line of the legend."""
_LEFT, _RIGHT = 1.25, 0.95
_HALF, _APART = 0.34, 0.4
"""Half of a bar, and what is between nodes and floating IPs, in rows."""
_LEGEND_COLUMNS = 4
_PAPER, _INK, _FAINT = "#FBFBF9", "#1F2328", "#5B636C"
_DAY = 24 * 60
_STEPS = (1, 2, 5, 10, 30, 60, 120, 180, 360, 720, _DAY, 2 * _DAY, 7 * _DAY, 28 * _DAY)
"""Minutes between two marks of the clock."""
_MARKS = 9
_LEAST = 0.004
"""The share of the width that what is short has at least: an outage of a minute must be seen in a week."""
_CHARACTER = 0.0105
"""The share of the width that a character of a label takes."""


@dataclass(frozen=True, slots=True)
class _Style:
    fill: str
    hatch: str = ""
    edge: str = "#FFFFFF"
    ink: str = _INK


_NODES = (
    _Style("#56B4E9"),
    _Style("#009E73", "\\\\\\", "#2FB892", "#FFFFFF"),
    _Style("#CC79A7", "oo", "#B85F92"),
    _Style("#F0E442", "*", "#CFC42B"),
    _Style("#0072B2", "||", "#2C8CC4", "#FFFFFF"),
    _Style("#E69F00", "O", "#B97F00"),
)
_STATES = {
    Look.UP: _Style("#B8C4CE"),
    Look.ASIDE: _Style("#FFFFFF", "....", "#6B7280"),
    Look.STOPPED: _Style("#6B7280", "---", "#9AA1AB", "#FFFFFF"),
    Look.GONE: _Style("#D55E00", "xxx", "#8F3F00", "#FFFFFF"),
    Look.TORN: _Style("#7A1F5C", "+++", "#C065A3", "#FFFFFF"),
    Look.UNKNOWN: _Style("#E3E5E8", "////", "#A3A9B2"),
}
_WORDS = {
    Look.ASIDE: "standby, maintenance",
    Look.STOPPED: "stopped by somebody",
    Look.GONE: "lost, or held nowhere",
    Look.TORN: "held twice, or disputed",
    Look.UNKNOWN: "unknown: nobody could look",
}


def draw(timeline: Timeline) -> bytes:
    """Return one timeline as a PNG."""
    legend = list(_legend(timeline))
    below = _CLOCK + _LEGEND * math.ceil(len(legend) / _LEGEND_COLUMNS)
    rows = _ROW * _height(timeline)
    height = _TOP + rows + below
    with mpl.rc_context({"font.family": "DejaVu Sans", "hatch.linewidth": 0.7, "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=_PAPER, edgecolor="#D5D9DE", linewidth=1.5)
        FigureCanvasAgg(figure)
        place = (_LEFT / WIDTH, below / height, (WIDTH - _LEFT - _RIGHT) / WIDTH, rows / height)
        axes = figure.add_axes(place, facecolor=_PAPER)
        title = 1 - 0.24 / height
        figure.text(0.12 / WIDTH, title, timeline.title, size=11, weight="bold", color=_INK, va="center")
        figure.text(1 - 0.12 / WIDTH, title, _span(timeline), size=8.5, color=_FAINT, ha="right", va="center")
        for line, row in _lines(timeline):
            _row(axes, line, row, timeline)
        _clock(axes, timeline)
        figure.legend(
            handles=legend,
            loc="lower left",
            bbox_to_anchor=(0.04 / WIDTH, 0.02 / height),
            ncols=_LEGEND_COLUMNS,
            frameon=False,
            fontsize=8,
            labelcolor=_INK,
            handlelength=2.2,
            handleheight=1.1,
            columnspacing=1.6,
            borderpad=0.2,
        )
        out = io.BytesIO()
        figure.savefig(out, format="png", edgecolor=figure.get_edgecolor(), metadata={"Software": None})
        return out.getvalue()


def _lines(timeline: Timeline) -> Iterator[tuple[float, Row]]:
    """Give each row its place from the top; floating IPs stand a little apart from the nodes."""
    apart = 0.0
    for number, row in enumerate(timeline.rows):
        if number and row.kind != timeline.rows[number - 1].kind:
            apart += _APART
        yield number + apart, row


def _height(timeline: Timeline) -> float:
    return max((line for line, _ in _lines(timeline)), default=0.0) + 1


def _row(axes: Axes, line: float, row: Row, timeline: Timeline) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(-0.012, line, _short(row.label, 17), size=9, color=_INK, ha="right", va="center", transform=beside)
    axes.text(1.012, line, f"{row.share} up", size=8.5, color=_INK, ha="left", va="center", transform=beside)
    worst_last = sorted(row.bars, key=lambda bar: (bar.look is not Look.UP, bar.look is not Look.UNKNOWN))
    for order, bar in enumerate(worst_last):
        _bar(axes, line, bar, timeline, 2 + order / 1000)


def _bar(axes: Axes, line: float, bar: Bar, timeline: Timeline, order: float) -> None:
    """Draw one bar. What is too short to be seen is widened about its middle, and pointed at where it is an outage."""
    style = _style(bar)
    begun, width = bar.begun / timeline.seconds, (bar.until - bar.begun) / timeline.seconds
    middle = begun + width / 2
    if width < _LEAST:
        begun, width = min(max(0.0, middle - _LEAST / 2), 1 - _LEAST), _LEAST
    axes.add_patch(
        Rectangle(
            (begun, line - _HALF),
            width,
            2 * _HALF,
            facecolor=style.fill,
            edgecolor=style.edge,
            hatch=style.hatch,
            linewidth=0.4,
            zorder=order,
        )
    )
    if len(bar.label) * _CHARACTER < width:
        paper = {"boxstyle": "round,pad=0.18", "facecolor": style.fill, "edgecolor": "none"}
        axes.text(middle, line, bar.label, size=7.5, color=style.ink, ha="center", va="center", zorder=4, bbox=paper)
    elif bar.look in {Look.GONE, Look.TORN}:
        axes.plot([begun + width / 2], [line - _HALF - 0.07], "v", ms=4, color=style.fill, clip_on=False, zorder=4)


def _style(bar: Bar) -> _Style:
    if bar.look is Look.UP and bar.node >= 0:
        return _of_node(bar.node)
    return _STATES[bar.look]


def _of_node(place: int) -> _Style:
    """Return a node's own style. From the seventh on, colours come again with other patterns."""
    again, colour = divmod(place, len(_NODES))
    return replace(_NODES[colour], hatch=_NODES[(colour + again) % len(_NODES)].hatch)


def _clock(axes: Axes, timeline: Timeline) -> None:
    """Set the clock below the rows, in the zone of the report, with a faint line at each of its marks."""
    begun, until = _ends(timeline)
    marks = list(_marks(begun, until))
    words = [f"{at:%a %d}" if at.hour == at.minute == 0 else f"{at:%H:%M}" for at in marks]
    axes.set_xlim(0, 1)
    axes.set_ylim(_height(timeline) - 0.5, -0.5)
    axes.set_yticks([])
    places = [(at.timestamp() - timeline.begun) / timeline.seconds for at in marks]
    axes.set_xticks(places, words, size=8, color=_INK)
    axes.tick_params(axis="x", length=3, color=_FAINT)
    axes.grid(visible=True, axis="x", color="#C9CED4", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)


def _marks(begun: datetime, until: datetime) -> Iterator[datetime]:
    """Give the round times of a period, by its own clock: some five to nine."""
    minutes = (until - begun).total_seconds() / 60
    step = next((step for step in _STEPS if minutes / step <= _MARKS), _STEPS[-1])
    day, apart = begun.date(), max(1, step // _DAY)
    while day <= until.date():
        for minute in range(0, _DAY, min(step, _DAY)):
            at = datetime.combine(day, time(minute // 60, minute % 60), begun.tzinfo)
            # by the moment, not by what the clock shows: on the day it is changed, that is not the same
            if begun.timestamp() <= at.timestamp() <= until.timestamp():
                yield at
        day += timedelta(days=apart)


def _legend(timeline: Timeline) -> Iterator[Patch]:
    """Explain what occurs: the nodes by colour and pattern, then the states."""
    bars = [bar for row in timeline.rows for bar in row.bars]
    for place, name in enumerate(timeline.nodes):
        if any(bar.node == place and bar.look is Look.UP for bar in bars):
            yield _key(_of_node(place), _short(name, 22))
    for look, words in _WORDS.items():
        if any(bar.look is look for bar in bars):
            yield _key(_STATES[look], words)


def _key(style: _Style, words: str) -> Patch:
    return Patch(facecolor=style.fill, edgecolor=style.edge, hatch=style.hatch, label=words, linewidth=0.4)


def _span(timeline: Timeline) -> str:
    begun, until = (f"{end:%a %d %b %H:%M}" for end in _ends(timeline))
    return f"{begun} to {until}  {timeline.zone}"


def _ends(timeline: Timeline) -> tuple[datetime, datetime]:
    zone = ZoneInfo(timeline.zone)
    return datetime.fromtimestamp(timeline.begun, zone), datetime.fromtimestamp(timeline.begun + timeline.seconds, zone)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


if __name__ == "__main__":
    pictures = [draw(timeline) for timeline in TIMELINES.validate_json(sys.stdin.buffer.read())]
    json.dump([base64.b64encode(picture).decode("ascii") for picture in pictures], sys.stdout)
