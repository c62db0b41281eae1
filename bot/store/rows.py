"""The records that the store takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

PlanState = Literal["waiting", "running", "done", "failed", "cancelled", "expired", "interrupted", "stale"]
ENDED: frozenset[PlanState] = frozenset({"done", "failed", "cancelled", "expired", "interrupted", "stale"})
"""States that a plan never leaves."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan that was shown: what was asked, by whom, where it stands. The plan itself is made again when it runs.

    `id` is opaque and all that a button carries. `fingerprint` is what a confirmation is given for.
    """

    id: str
    verb: str
    text: str
    """The request as typed, to be parsed and planned again."""
    cluster: str
    team: str
    user: str
    channel: str
    fingerprint: str
    created: datetime
    expires: datetime
    state: PlanState = "waiting"
    message_ts: str | None = None
    """The message that shows it, once posted."""
    thread_ts: str | None = None
    """The thread it was asked in, if in one."""
    decided_by: str | None = None
    """`team:user` of who confirmed or cancelled it."""
    finished: datetime | None = None
    summary: str = ""
    """How it ended, in a sentence."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A host key that a node offered and nobody has trusted yet: the Trust button carries its id only."""

    id: str
    node: str
    address: str
    port: int
    key: str
    """The public key in OpenSSH's one-line form."""
    fingerprint: str
    offered: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody asked for or that was done for them."""

    number: int
    when: datetime
    actor: str
    """`team:user`."""
    surface: str
    """`slack` or `terminal`."""
    verb: str
    cluster: str | None
    event: str
    detail: Mapping[str, Any] = field(default_factory=dict)
