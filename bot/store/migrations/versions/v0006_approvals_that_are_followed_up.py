"""Plans know their silent nodes, where their card is and who reviewed them; approvals, by what right and where from."""

from __future__ import annotations

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
