"""The tables. A change here needs a migration in `migrations/versions`; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """A moment, in UTC. SQLite keeps no time zone, so it is put back on reading; a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        raise NotImplementedError("moments travel as bound parameters only")


clusters = Table(
    "clusters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("spec", Text, nullable=False),  # `ClusterSpec` as JSON
    Column("declared_by", String(128), nullable=False),
    Column("declared_at", UtcTime, nullable=False),
)

host_keys = Table(
    "host_keys",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("port", Integer, primary_key=True),
    Column("fingerprint", String(128), primary_key=True),
    Column("key", Text, nullable=False),
    Column("trusted_by", String(128), nullable=False),
    Column("trusted_at", UtcTime, nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("node", String(255), nullable=False),
    Column("address", String(64), nullable=False),
    Column("port", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", String(128), nullable=False),
    Column("offered", UtcTime, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("verb", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("cluster", String(32), nullable=False),
    Column("team", String(64), nullable=False),
    Column("user", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("message_ts", String(64)),
    Column("thread_ts", String(64)),
    Column("decided_by", String(128)),
    Column("finished", UtcTime),
    Column("summary", Text, nullable=False),
)

Index(
    "one_running_plan_per_cluster",
    plans.c.cluster,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)
Index("plans_by_state", plans.c.state)

seen = Table(
    "seen",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("when", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("surface", String(16), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("cluster", String(32)),
    Column("event", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
)
