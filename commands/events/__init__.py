"""What happened between two conditions of a cluster."""

from __future__ import annotations

from commands.events.record import Event, Kind

__all__ = ["Event", "Kind"]
