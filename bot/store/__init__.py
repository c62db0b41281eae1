"""What the bot must remember: clusters made from Slack, trusted host keys, plans, requests seen, the audit."""

from bot.store.rows import AuditEntry, Offer, PlanRow, PlanState
from bot.store.store import Store

__all__ = ["AuditEntry", "Offer", "PlanRow", "PlanState", "Store"]
