"""The tables. A change here needs a migration in `migrations/versions`; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)
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


class Names(TypeDecorator[tuple[str, ...]]):
    """A few names, as a JSON array."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else list(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        del dialect
        return None if value is None else tuple(value)

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        raise NotImplementedError("names travel as bound parameters only")


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
    Column("started", UtcTime),
    Column("reason", Text, nullable=False, server_default=""),
    Column("risk", String(16), nullable=False, server_default="ordinary"),
    Column("approvals", Integer, nullable=False, server_default="0"),
    Column("groups", Names, nullable=False, server_default="[]"),
    Column("incident", String(64)),
    Column("told", Boolean, nullable=False, server_default=true()),
    Column("silent", Names, nullable=False, server_default="[]"),
    Column("message_channel", String(64)),
    Column("alone", Boolean, nullable=False, server_default=false()),
    Column("review_asked", UtcTime),
    Column("reviewed_by", String(128)),
)

votes = Table(
    "votes",
    metadata,
    Column("plan", String(64), primary_key=True),
    Column("by", String(128), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("groups", Names, nullable=False, server_default="[]"),
    Column("place", String(64), nullable=False, server_default=""),
)

Index(
    "one_running_plan_per_cluster",
    plans.c.cluster,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)
Index("plans_by_state", plans.c.state)
Index("plans_by_cluster", plans.c.cluster, plans.c.created)

seen = Table(
    "seen",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    # text throughout: the hash is over exactly what lies here, and no type in between can make two things one
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False, index=True),
    Column("who", String(128), nullable=False),
    Column("name", String(128), nullable=False),
    Column("surface", String(16), nullable=False),
    Column("place", String(64), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("cluster", String(32)),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
)

outgoing = Table(
    "outgoing",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("channel", String(64), nullable=False),
    Column("card", String(255), unique=True),
    Column("key", String(255), unique=True),
    Column("parent", String(255)),
    Column("urgency", Integer, nullable=False),
    Column("report", Text, nullable=False),  # `Report` as JSON
    Column("version", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("sent", UtcTime),
    Column("ts", String(64)),
    Column("maybe_repeat", Boolean, nullable=False),
    Column("why", Text, nullable=False),
)
Index(
    "outgoing_not_yet_shown",
    outgoing.c.number,
    sqlite_where=text("state IN ('waiting', 'sending') OR (state = 'sent' AND shown < version)"),
    postgresql_where=text("state IN ('waiting', 'sending') OR (state = 'sent' AND shown < version)"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("node_address", String(255), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("boot", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
)

conditions = Table(
    "conditions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("cluster", String(32), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("json", Text, nullable=False),  # `Condition` as JSON
)
Index("conditions_by_cluster", conditions.c.cluster, conditions.c.at)

lookouts = Table(
    "lookouts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("cluster", String(32), nullable=False),
    Column("begun", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)
Index("lookouts_by_cluster", lookouts.c.cluster, lookouts.c.until)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("cluster", String(32), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("nodes", Names, nullable=False),
    Column("witnesses", Names, nullable=False),
    Column("incident", String(64)),
    Column("own", Text, nullable=False),
)
Index("events_by_cluster", events.c.cluster, events.c.at)
Index("events_by_time", events.c.at)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cluster", String(32), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("opened", UtcTime, nullable=False),
    Column("changed", UtcTime, nullable=False),
    Column("closed", UtcTime),
    Column("json", Text, nullable=False),  # `Incident` as JSON
)
Index("incidents_by_time", incidents.c.opened)
Index(
    "incidents_not_closed",
    incidents.c.cluster,
    sqlite_where=text("closed IS NULL"),
    postgresql_where=text("closed IS NULL"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cluster", String(32), nullable=False),
    Column("node", String(255), nullable=False),
    Column("incident", String(64), nullable=False),
    Column("until", UtcTime, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("by", String(128), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("ended", UtcTime),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("cron", String(255), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("clusters", Names, nullable=False),
    Column("by", String(128), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("last_due", UtcTime),
    Column("source", String(16), nullable=False),
)

duties = Table(
    "duties",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(255), nullable=False),
    Column("beat", Integer, nullable=False),
)
