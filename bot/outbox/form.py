"""A `Report` as the store keeps it: JSON, pictures in base64."""

from __future__ import annotations

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
