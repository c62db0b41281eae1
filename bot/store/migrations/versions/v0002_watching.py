"""What watching brings, messages on their way, and when a plan began to run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Names, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new. Of plans that ran before this, nobody knows any more when they began."""
    op.add_column("plans", sa.Column("started", UtcTime))
    op.create_index("plans_by_cluster", "plans", ["cluster", "created"])
    _outgoing()
    _watched()
    op.create_table(
        "silences",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("incident", sa.String(64), nullable=False),
        sa.Column("until", UtcTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("ended", UtcTime),
    )
    op.create_index("ix_silences_until", "silences", ["until"])
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("cron", sa.String(255), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("clusters", Names, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("last_due", UtcTime),
        sa.Column("source", sa.String(16), nullable=False),
    )


def _outgoing() -> None:
    op.create_table(
        "outgoing",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("card", sa.String(255), unique=True),
        sa.Column("key", sa.String(255), unique=True),
        sa.Column("parent", sa.String(255)),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("shown", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("sent", UtcTime),
        sa.Column("ts", sa.String(64)),
        sa.Column("maybe_repeat", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    not_yet = sa.text("state IN ('waiting', 'sending') OR (state = 'sent' AND shown < version)")
    op.create_index("outgoing_not_yet_shown", "outgoing", ["number"], sqlite_where=not_yet, postgresql_where=not_yet)


def _watched() -> None:
    op.create_table(
        "cursors",
        sa.Column("node_address", sa.String(255), primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
    )
    op.create_table(
        "conditions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("json", sa.Text, nullable=False),
    )
    op.create_index("conditions_by_cluster", "conditions", ["cluster", "at"])
    op.create_table(
        "lookouts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("begun", UtcTime, nullable=False),
        sa.Column("until", UtcTime, nullable=False),
    )
    op.create_index("lookouts_by_cluster", "lookouts", ["cluster", "until"])
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("nodes", Names, nullable=False),
        sa.Column("witnesses", Names, nullable=False),
        sa.Column("incident", sa.String(64)),
        sa.Column("own", sa.Text, nullable=False),
    )
    op.create_index("events_by_cluster", "events", ["cluster", "at"])
    op.create_index("events_by_time", "events", ["at"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("opened", UtcTime, nullable=False),
        sa.Column("changed", UtcTime, nullable=False),
        sa.Column("closed", UtcTime),
        sa.Column("json", sa.Text, nullable=False),
    )
    op.create_index("incidents_by_time", "incidents", ["opened"])
    not_closed = sa.text("closed IS NULL")
    op.create_index(
        "incidents_not_closed", "incidents", ["cluster"], sqlite_where=not_closed, postgresql_where=not_closed
    )
