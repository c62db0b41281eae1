"""What people do to an incident. It is told with the next step, which `unsaid` is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.incidents.state import Incident, Line


def acknowledge(incident: Incident, who: str, at: datetime) -> Incident:
    """Note that somebody attends to it: nobody is mentioned for it again, unless it gets worse. `who` is `team:user`."""
    if incident.acknowledged:
        return incident
    text = f"acknowledged by {name_of(who)}"
    return replace(
        incident,
        acknowledged=who,
        changed=at,
        lines=(*incident.lines, Line(at, text)),
        unsaid=(*incident.unsaid, text),
    )


def name_of(who: str) -> str:
    """Return the name to show of `team:user`: a person of Slack in the markup of reports, anybody else as they are."""
    team, _, user = who.rpartition(":")
    slack = team.startswith(("T", "E")) and user.startswith(("U", "W")) and user.isalnum() and user.isupper()
    return f"<@{user}>" if slack else user or who
