"""What the audit keeps of a request, a decision and a step: enough to know later what was done, and never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from commands.plan import Decision, Plan, Progress, Refusal

KEPT = 500
"""Characters of a request."""
_SECRET = re.compile(r"""([\w:-]*(?:pass|secret|token)[\w:-]*=)(?!secret:)("[^"]*"?|'[^']*'?|\S+)""", re.IGNORECASE)


def masked(text: str) -> str:
    """Return what was typed as it may be kept: short, without what looks like a secret typed against all advice."""
    return _SECRET.sub(r"\1…", text[:KEPT])


def of_decision(decision: Decision) -> dict[str, Any]:
    """Return what was decided."""
    if isinstance(decision, Plan):
        return {"fingerprint": decision.fingerprint, "steps": [step.id for step in decision.steps]}
    if isinstance(decision, Refusal):
        return {"reasons": [reason.text for reason in decision.reasons]}
    return {}


def of_step(event: Progress) -> dict[str, Any]:
    """Return what a step ran, where, and how each command ended. Secrets are on standard input, so in no argv."""
    ran: Iterable[Any] = ([d.node, list(d.command.argv), d.status, round(d.seconds, 3)] for d in event.ran)
    detail: dict[str, Any] = {"step": event.step.id, "state": event.state, "ran": list(ran)}
    return {**detail, "problem": str(event.problem)} if event.problem else detail
