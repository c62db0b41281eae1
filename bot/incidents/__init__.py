"""Incidents: one cause, one card. Pure: what was seen and heard in, what is to be told out.

An incident begins early, by a stream's word alone; a look confirms it or takes it back; when nothing of it is seen any
more it is recovering, and after a while without any it is resolved. What comes and goes is one incident that flaps.
"""

from __future__ import annotations

from bot.incidents.early import WORDS
from bot.incidents.people import acknowledge
from bot.incidents.state import Act, Incident, Line, OwnChange, Phase, Rules, Seen, Silence
from bot.incidents.step import step
from bot.incidents.stored import from_json, of_row, row_of, to_json

__all__ = [
    "WORDS",
    "Act",
    "Incident",
    "Line",
    "OwnChange",
    "Phase",
    "Rules",
    "Seen",
    "Silence",
    "acknowledge",
    "from_json",
    "of_row",
    "row_of",
    "step",
    "to_json",
]
