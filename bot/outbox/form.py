"""A `Report` as the store keeps it: JSON, pictures in base64."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from commands.report import Report


class _Stored(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    report: Report


def to_json(report: Report) -> str:
    """Return all of a report as text."""
    return _Stored(report=report).model_dump_json()


def from_json(text: str) -> Report:
    """Read what `to_json` wrote. Raises ValueError for anything else."""
    return _Stored.model_validate_json(text).report


def unseen(before: str, now: str) -> str:
    """Return what a card is to say where nobody has seen what it was to say before: who is called stays called."""
    mentions, report = from_json(before).mentions, from_json(now)
    called = tuple(dict.fromkeys((*mentions, *report.mentions)))
    return now if called == report.mentions else to_json(replace(report, mentions=called))
