"""The first tables, and an audit that the database itself keeps append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import UtcTime

revision = "0001"
down_revision = None

_SQLITE = """
CREATE TRIGGER audit_keeps_{what} BEFORE {what} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""
_POSTGRESQL = (
    """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
""",
    """
CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
""",
)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "clusters",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("declared_by", sa.String(128), nullable=False),
        sa.Column("declared_at", UtcTime, nullable=False),
    )
    op.create_table(
        "host_keys",
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("port", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String(128), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("trusted_by", sa.String(128), nullable=False),
        sa.Column("trusted_at", UtcTime, nullable=False),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(128), nullable=False),
        sa.Column("offered", UtcTime, nullable=False),
    )
    _plans()
    op.create_table(
        "seen",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
    )
    op.create_index("ix_seen_at", "seen", ["at"])
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("when", UtcTime, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("surface", sa.String(16), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("cluster", sa.String(32)),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    if op.get_context().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(what=what))
    else:
        for statement in _POSTGRESQL:
            op.execute(statement)


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("expires", UtcTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_ts", sa.String(64)),
        sa.Column("thread_ts", sa.String(64)),
        sa.Column("decided_by", sa.String(128)),
        sa.Column("finished", UtcTime),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index(
        "one_running_plan_per_cluster",
        "plans",
        ["cluster"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index("plans_by_state", "plans", ["state"])
