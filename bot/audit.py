"""What the audit keeps: the kinds of entries there are, and of each enough to know later what was done, never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from commands.command import Command, Completed
from commands.plan import Decision, Plan, Progress, Refusal

KEPT = 500
"""Characters of what people typed, or of a problem."""
_TYPED = frozenset({"text", "reason", "why"})
"""What in an entry is people's own words, or repeats them."""
_SECRET = re.compile(r"""([\w:-]*(?:pass|secret|token)[\w:-]*=)(?!secret:)("[^"]*"?|'[^']*'?|\S+)""", re.IGNORECASE)


class Kind(StrEnum):
    """What an entry tells of."""

    ASKED = "asked"
    """Somebody's words, understood and allowed."""
    REFUSED = "refused"
    """Words or a button that led to nothing: not understood, not allowed, too late, or what they asked for failed."""

    PLANNED = "planned"
    """A request to change a cluster became a plan."""
    DECLINED = "declined"
    """The cluster is not in a state for it."""
    NOTHING_TO_DO = "nothing to do"

    REQUESTED = "requested"
    """A plan waits for other people's approval."""
    SHOWN = "shown"
    """They were shown it: where, and as what."""
    APPROVED = "approved"
    DENIED = "denied"
    CANCELLED = "cancelled"
    """Taken back before anything was run."""
    EXPIRED = "expired"
    """Nobody answered in time."""
    VOID = "void"
    """The cluster was no longer what had been shown, so nothing was run."""
    BROKE_GLASS = "broke-glass"
    """One person went ahead alone, with a typed reason."""
    REVIEWED = "reviewed"
    """Somebody looked at it afterwards."""

    CONFIRMED = "confirmed"
    """A plan begins to run."""
    STEP = "step"
    """A step of it began or ended."""
    COMMAND = "command"
    """A command that changes a node is about to be sent. If it died there, this is the last that is known."""
    COMMAND_ENDED = "command ended"
    """Its end was seen, or why it was not."""
    OUTCOME = "outcome"
    """How the plan ended."""
    PREDICTION = "prediction"
    """What had been predicted of it, beside what came of it."""
    INTERRUPTED = "interrupted"
    """The bot died while it ran."""

    TRUSTED = "trusted"
    """A host key."""


def masked(text: str) -> str:
    """Return what was typed as it may be kept: short, without what looks like a secret typed against all advice."""
    return _SECRET.sub(r"\1…", text[:KEPT])


def kept(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an entry's body as it may be kept: people's own words masked."""
    return {key: masked(told) if key in _TYPED and isinstance(told, str) else told for key, told in body.items()}


def of_decision(decision: Decision) -> tuple[Kind, dict[str, Any]]:
    """Return what was decided."""
    if isinstance(decision, Plan):
        return Kind.PLANNED, {"fingerprint": decision.fingerprint, "steps": [step.id for step in decision.steps]}
    if isinstance(decision, Refusal):
        return Kind.DECLINED, {"reasons": [reason.text for reason in decision.reasons]}
    return Kind.NOTHING_TO_DO, {}


def of_step(event: Progress) -> dict[str, Any]:
    """Return which step came into which state. What it ran is told command by command."""
    told: dict[str, Any] = {"step": event.step.id, "state": event.state}
    return {**told, "problem": str(event.problem)} if event.problem else told


def of_command(node: str, command: Command) -> dict[str, Any]:
    """Return a command as its plan shows it: of a standard input that is secret, the label only."""
    told: dict[str, Any] = {"node": node, "argv": list(command.argv)}
    return {**told, "stdin": command.stdin.label} if command.stdin else told


def of_end(begun: int, done: Completed) -> dict[str, Any]:
    """Return how a command ended; `begun` is the number of the entry that tells of its beginning."""
    return {"command": begun, "node": done.node, "status": done.status, "seconds": round(done.seconds, 3)}


def of_lost_end(begun: int, node: str, problem: Exception) -> dict[str, Any]:
    """Return why a command's end was not seen."""
    return {"command": begun, "node": node, "problem": str(problem)[:KEPT]}


def of_outcome(plan: str, state: str, seconds: float, problems: Iterable[object] = ()) -> dict[str, Any]:
    """Return how a plan ended."""
    told: dict[str, Any] = {"plan": plan, "state": state, "seconds": round(seconds, 3)}
    words = [str(problem)[:KEPT] for problem in problems]
    return {**told, "problems": words} if words else told
