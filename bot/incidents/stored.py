"""Incidents as the store keeps them: JSON, and beside it what they are looked up by."""

from __future__ import annotations

from pydantic import TypeAdapter

from bot.incidents.state import Incident
from bot.store.rows import IncidentRow

_FORM = TypeAdapter(Incident)


def to_json(incident: Incident) -> str:
    """Return all of an incident as text."""
    return _FORM.dump_json(incident).decode()


def from_json(text: str) -> Incident:
    """Read what `to_json` wrote. Raises ValueError for anything else."""
    return _FORM.validate_json(text)


def row_of(incident: Incident) -> IncidentRow:
    """Return an incident as the store takes it."""
    return IncidentRow(
        id=incident.id,
        cluster=incident.cluster,
        phase=incident.phase.value,
        severity=int(incident.severity),
        opened=incident.opened,
        changed=incident.changed,
        closed=incident.closed,
        json=to_json(incident),
    )


def of_row(row: IncidentRow) -> Incident:
    """Return the incident of a row. Raises ValueError for one that this version cannot read."""
    return from_json(row.json)
