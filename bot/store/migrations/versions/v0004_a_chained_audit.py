"""The audit becomes a chain: each entry sealed over the one before. What was written before this is chained as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.chain import GENESIS, canonical, moment, seal
from bot.store.tables import UtcTime

revision = "0004"
down_revision = "0003"

_SQLITE = (
    """
CREATE TRIGGER audit_keeps_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
""",
    """
CREATE TRIGGER audit_keeps_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
""",
    # INSERT OR REPLACE removes a row without asking the trigger on DELETE
    """
CREATE TRIGGER audit_keeps_insert BEFORE INSERT ON audit
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)
OR NEW.previous IS NOT (SELECT hash FROM audit WHERE number = NEW.number - 1
  UNION ALL SELECT hex(zeroblob(32)) WHERE NEW.number = 1)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
""",
)
_POSTGRESQL = (
    # its function came with the first tables; the trigger went with the table it was on
    """
CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
""",
)
_COLUMNS = (
    "number", "at", "who", "name", "surface", "place", "verb", "cluster", "kind", "body", "previous", "hash",
)  # fmt: skip
_OLD = sa.table(
    "audit_unchained",
    sa.column("number", sa.Integer),
    sa.column("when", UtcTime),
    sa.column("actor", sa.String),
    sa.column("surface", sa.String),
    sa.column("verb", sa.String),
    sa.column("cluster", sa.String),
    sa.column("event", sa.String),
    sa.column("detail", sa.JSON),
)
_PAGE = 500


def upgrade() -> None:
    """Make the chain of what is there, in its order, and put it in the old table's place."""
    op.rename_table("audit", "audit_unchained")
    new = op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("surface", sa.String(16), nullable=False),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("cluster", sa.String(32)),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    previous = GENESIS
    for number, old in enumerate(_old_entries(), start=1):
        said = (
            number, moment(old["when"]), old["actor"], "", old["surface"], "", old["verb"], old["cluster"],
            old["event"], canonical(old["detail"]), previous,
        )  # fmt: skip
        previous = seal(*said)
        op.get_bind().execute(sa.insert(new).values(dict(zip(_COLUMNS, (*said, previous), strict=True))))
    op.drop_table("audit_unchained")
    for statement in _SQLITE if op.get_context().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _old_entries() -> Iterator[Any]:
    after = 0
    while True:
        page = sa.select(_OLD).where(_OLD.c.number > after).order_by(_OLD.c.number).limit(_PAGE)
        rows = op.get_bind().execute(page).mappings().all()
        if not rows:
            return
        yield from rows
        after = rows[-1]["number"]
