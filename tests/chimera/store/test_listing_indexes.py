"""Lists are read from an index, newest first, however many rows there are; and so is what has expired."""

import re

import pytest
from sqlalchemy import ForeignKey, PrimaryKeyConstraint, UniqueConstraint, text

from chimera.db.engine import Database
from chimera.db.tables import Table

IS_AI_CALL = "kind IN ('embeddings', 'images', 'transcriptions')"
NEWEST = "ORDER BY created_at DESC, id DESC LIMIT 21"
LAST_USED = "ORDER BY coalesce(last_message_at, created_at) DESC, id DESC LIMIT 21"
OTHERS = "INSERT INTO users (email) SELECT gen_random_uuid() FROM generate_series(1, 20) RETURNING id"
ROWS = {
    "files": "(owner_id, name, media_type, size_bytes, sha256) SELECT id, 'a', 'text/plain', 1, ''",
    "runs": (
        "(owner_id, kind, status) SELECT id, (ARRAY['task', 'reply', 'images', 'embeddings'])[n % 4 + 1], 'completed'"
    ),
    "chat_sessions": "(owner_id) SELECT id",
}
"""For each table, what inserts rows of many owners."""
KEPT_ROWS = {"users": "the row of a deleted account stays, because what was paid refers to it"}
"""Tables whose rows are never deleted, each with the reason."""
KEY_CONSTRAINTS = (PrimaryKeyConstraint, UniqueConstraint)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (f"SELECT id FROM files {NEWEST}", "files_created"),
        (f"SELECT id FROM files WHERE owner_id = :owner {NEWEST}", "files_owner_created"),
        (f"SELECT id FROM runs WHERE {IS_AI_CALL} {NEWEST}", "runs_calls"),
        (f"SELECT id FROM runs WHERE {IS_AI_CALL} AND owner_id = :owner {NEWEST}", "runs_owner_calls"),
        (
            f"SELECT id FROM runs WHERE owner_id = :owner AND kind = 'images' {NEWEST}",
            "runs_owner_(?:calls|created)",
        ),
        (f"SELECT id FROM runs WHERE schedule_id = :owner AND kind = 'task' {NEWEST}", "runs_schedule"),
        (f"SELECT id FROM chat_sessions {NEWEST}", "chat_sessions_created"),
        (f"SELECT id FROM chat_sessions WHERE owner_id = :owner {NEWEST}", "chat_sessions_owner"),
        (f"SELECT id FROM chat_sessions {LAST_USED}", "chat_sessions_used"),
        (f"SELECT id FROM chat_sessions WHERE owner_id = :owner {LAST_USED}", "chat_sessions_owner_used"),
    ],
)
async def test_a_list_has_its_index(database: Database, query: str, index: str) -> None:
    async with database.begin() as session:
        # In a nearly empty table, every index is equally cheap.
        owners = [str(each) for each in await session.scalars(text(OTHERS))]
        for table, row in ROWS.items():
            many = f"INSERT INTO {table} {row} FROM unnest(CAST(:owners AS uuid[])) AS id, generate_series(1, 200) AS n"
            await session.execute(text(many), {"owners": owners})
            await session.execute(text(f"ANALYZE {table}"))
        await session.execute(text("SET LOCAL enable_sort = off"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {query}"), {"owner": owners[0]}))
        await session.rollback()
    assert re.search(f"using {index} ", plan), plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("table", "condition", "index"),
    [
        ("refresh_tokens", "expires_at < now() AND address IS NULL AND client IS NULL", "refresh_tokens_expires"),
        (
            "refresh_tokens",
            "created_at < now() AND (address IS NOT NULL OR client IS NOT NULL)",
            "refresh_tokens_began",
        ),
        ("tickets", "expires_at < now()", "tickets_expires"),
        ("password_resets", "expires_at < now()", "password_resets_expires"),
        ("invitations", "expires_at < now()", "invitations_expires"),
    ],
)
async def test_what_expires_has_its_index(database: Database, table: str, condition: str, index: str) -> None:
    async with database.begin() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN SELECT 1 FROM {table} WHERE {condition} LIMIT 5000")))
    assert f"using {index} " in plan, plan


def test_deletions_find_what_refers_to_a_row() -> None:
    """Without an index that begins with a foreign key, each deletion of what it refers to reads the whole table."""
    slow = {
        f"{table.name}.{key.parent.name}"
        for table in Table.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name not in KEPT_ROWS and not _begins_an_index(key)
    }
    assert slow == set()


def _begins_an_index(key: ForeignKey) -> bool:
    table = key.parent.table
    keys = [constraint for constraint in table.constraints if isinstance(constraint, KEY_CONSTRAINTS)]
    firsts: set[object] = {next(iter(each.columns), None) for each in keys}
    firsts |= {next(iter(index.expressions)) for index in table.indexes}
    assert key.constraint is not None
    return any(column in firsts for column in key.constraint.columns)
