"""Plans that wait for other people: why they are asked for, how many must approve, and who did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Names, UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is new. Plans from before needed nobody else, and their messages tell all there is to tell."""
    for column in (
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("risk", sa.String(16), nullable=False, server_default="ordinary"),
        sa.Column("approvals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("groups", Names, nullable=False, server_default="[]"),
        sa.Column("incident", sa.String(64)),
        sa.Column("told", sa.Boolean, nullable=False, server_default=sa.true()),
    ):
        op.add_column("plans", column)
    op.create_table(
        "votes",
        sa.Column("plan", sa.String(64), primary_key=True),
        sa.Column("by", sa.String(128), primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
