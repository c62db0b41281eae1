"""Plans know their silent nodes, where their card is and who reviewed them; approvals, by what right and where from."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Names, UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is new. What was asked for in a terminal has no message in Slack, and no longer says that it has."""
    for column in (
        sa.Column("silent", Names, nullable=False, server_default="[]"),
        sa.Column("message_channel", sa.String(64)),
        sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("review_asked", UtcTime),
        sa.Column("reviewed_by", sa.String(128)),
    ):
        op.add_column("plans", column)
    for column in (
        sa.Column("groups", Names, nullable=False, server_default="[]"),
        sa.Column("place", sa.String(64), nullable=False, server_default=""),
    ):
        op.add_column("votes", column)
    plans = sa.table("plans", sa.column("team"), sa.column("message_ts"))
    op.execute(sa.update(plans).where(plans.c.team == "local").values(message_ts=None))
    _follow_up_what_was_done_alone()


def _follow_up_what_was_done_alone() -> None:
    """Let what one person did alone before this wait for its review, unless it had one: only the audit knew."""
    names = ("id", "started", "alone", "review_asked", "reviewed_by")
    plans = sa.table("plans", *(sa.column(name) for name in names))
    audit = sa.table("audit", *(sa.column(name) for name in ("number", "who", "kind", "body")))
    said = sa.select(audit).where(audit.c.kind.in_(("broke-glass", "reviewed"))).order_by(audit.c.number)
    for entry in op.get_bind().execute(said).all():
        mine = sa.update(plans).where(plans.c.id == json.loads(entry.body).get("plan"), plans.c.started.is_not(None))
        if entry.kind == "reviewed":
            op.execute(mine.values(reviewed_by=entry.who))
        else:
            op.execute(mine.values(alone=sa.true(), review_asked=plans.c.started))
