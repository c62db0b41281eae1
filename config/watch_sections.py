"""Settings of watching: how often to look, what is a flap, whom to tell, when to report, how long to remember."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from config.inventory import ClusterName
from config.sections import Seconds, Section
from config.slack_ids import ChannelId

Consequence = Literal["warning", "redundancy", "service"]
_MENTION = re.compile(r"[UWS][A-Z0-9]{6,20}|here|channel", re.ASCII)


def _mention(value: str) -> str:
    if not _MENTION.fullmatch(value):
        raise ValueError(
            f"{value[:40]!r} is nobody to mention: write an id (U…, or S… for a user group), here or channel"
        )
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value[:40]!r} is not a time zone, as in Europe/Berlin or UTC") from None
    return value


Mention = Annotated[str, AfterValidator(_mention)]
TimeZone = Annotated[str, AfterValidator(_zone)]


class WatchSettings(Section):
    """What the bot watches, and when it calls for people. All times are in seconds."""

    enabled: bool = True
    sweep: Annotated[float, Field(ge=5, le=3600)] = 30.0
    """Between two looks at everything: finds what no stream told."""
    hold_down: Seconds = 20.0
    """How long a trouble must be gone before its incident is resolved."""
    flap_count: Annotated[int, Field(ge=2, le=100)] = 3
    """Returns of a trouble within `flap_window` that make it flapping ..."""
    flap_window: Seconds = 600.0
    flap_quiet: Seconds = 120.0
    """... and how long a flapping one must be quiet to be resolved."""
    escalate_after: Seconds = 600.0
    """An incident that nobody has acknowledged for so long mentions people again."""
    channel: ChannelId | None = None
    """Where alerts of clusters without a channel of their own go."""
    mentions: dict[Consequence, tuple[Mention, ...]] = Field(default_factory=dict)
    """Who is mentioned, by severity: `service` lost, `redundancy` lost, or a `warning`."""


class ReportSchedule(Section):
    """A health report that comes by itself."""

    channel: ChannelId
    at: str
    """`every weekday 09:00`, `every monday 08:30`, `every day 07:00`, or the five fields of cron."""
    timezone: TimeZone = "UTC"
    clusters: tuple[ClusterName, ...] = ()
    """Which; empty for all."""


class HistorySettings(Section):
    """What is remembered of the past."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 90
