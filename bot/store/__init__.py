"""What the bot must remember.

Clusters made from Slack, trusted host keys, plans, requests seen and the audit; and what watching brings: journal
cursors, conditions, events, incidents, silences, schedules and messages on their way.
"""

from bot.store.rows import (
    AuditEntry,
    ConditionRow,
    CursorRow,
    EventRow,
    IncidentRow,
    Lookout,
    Offer,
    OutgoingRow,
    PlanRow,
    PlanState,
    ScheduleRow,
    SilenceRow,
)
from bot.store.store import Store

__all__ = [
    "AuditEntry",
    "ConditionRow",
    "CursorRow",
    "EventRow",
    "IncidentRow",
    "Lookout",
    "Offer",
    "OutgoingRow",
    "PlanRow",
    "PlanState",
    "ScheduleRow",
    "SilenceRow",
    "Store",
]
