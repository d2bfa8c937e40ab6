"""The copy that users take of their data."""

import base64
import json
import tracemalloc
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.db.tables import Table
from chimera.store import deleted_owners, own_data
from models.ids import UserId
from tests.api.accounts import ME, person
from tests.api.conftest import SignUp, new_task
from tests.chimera.store.test_retention import Canary

NOT_EXPORTED = {
    "refresh_tokens": "secrets",
    "password_resets": "secrets",
    "tickets": "secrets",
    "keyed_requests": "copies of responses, kept for a day",
    "identities": "the account at the identity provider",
    "invitations": "secrets",
    "tools": "definitions of servers",
    "groups": "they belong to all their members",
    "group_members": "what managers of groups have noted",
    "shares": "rights of others, without content",
    "approval_votes": "decisions about others' calls",
    "usage_rollups": "sums of what is exported",
    "run_rollups": "sums of what is exported",
    "latencies": "sums of what is exported",
}
"""The tables of users that are left out, each with the reason."""


async def exported(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get(f"{ME}/export")
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_copy_contains_tasks_and_files(app: FastAPI, sign_up: SignUp) -> None:
    carol, dave = await person(sign_up), await person(sign_up)
    canary = f"canary{uuid4().hex}"
    task = (await new_task(carol.client, goal=canary))["id"]
    data = canary.encode() * 50_000
    assert (await carol.client.post("/api/v1/files", files={"file": ("a.txt", data)})).status_code == 201
    rows = await exported(carol.client)
    assert rows[-1] == {"complete": True}
    assert [row["row"]["goal"] for row in rows[:-1] if row["table"] == "tasks"] == [canary]
    assert [row["row"]["id"] for row in rows[:-1] if row["table"] == "runs"] == [task]
    chunks = [row["row"]["data"] for row in rows[:-1] if row["table"] == "file_chunks"]
    assert len(chunks) == 2
    assert b"".join(base64.urlsafe_b64decode(chunk) for chunk in chunks) == data
    assert "password_hash" not in json.dumps(rows)
    assert canary not in json.dumps(await exported(dave.client))


async def test_every_row_of_a_user_is_in_the_copy(database: Database) -> None:
    canary = Canary(database)
    user_id = UserId(await canary.plant())
    found = {name async for name, _ in own_data.rows_of(database.begin, user_id)}
    below = {table.__tablename__ for each in own_data.EXPORTED for table in (each.table, *(t for t, _ in each.below))}
    # A hold is planted only where it is tested.
    assert found == below - {"holds"}


def test_each_table_of_users_is_exported_or_not() -> None:
    of_users = {table.__tablename__ for table in deleted_owners.CONTENT} | deleted_owners.KEPT.keys()
    exported_tables = {each.table.__tablename__ for each in own_data.EXPORTED} - {"users"}
    assert of_users - exported_tables == NOT_EXPORTED.keys()
    assert of_users <= Table.metadata.tables.keys()


LARGE = 20
PLANTED = (
    """
    WITH r AS (INSERT INTO runs (owner_id, kind, status, ended_at, result)
        SELECT :user, 'embeddings', 'completed', now(), repeat('r', 1000000) FROM generate_series(1, :n) RETURNING id)
    INSERT INTO ai_calls (run_id, model, request, result, vectors)
    SELECT id, 'simulator/embedding', '{}', '{}', decode(repeat('ab', 2000000), 'hex') FROM r
    """,
    """
    WITH r AS (INSERT INTO runs (owner_id, kind, status) VALUES (:user, 'task', 'completed') RETURNING id),
     m AS (INSERT INTO messages (run_id, path, purpose, seq, role, content, tokens)
        SELECT id, '', 'work', n, 'tool', repeat('m', 1000000), 0 FROM r, generate_series(1, :n) n)
    INSERT INTO events (run_id, seq, payload)
    SELECT id, n, jsonb_build_object('type', 'plan.created', 'text', repeat('e', 1000000))
      FROM r, generate_series(1, :n) n
    """,
)


async def test_large_rows_are_copied_one_by_one(sign_up: SignUp, database: Database) -> None:
    user_id = UserId((await person(sign_up)).id)
    async with database.begin() as session:
        for statement in PLANTED:
            await session.execute(text(statement), {"user": user_id, "n": LARGE})
    tracemalloc.start()
    try:
        found = [name async for name, _ in own_data.rows_of(database.begin, user_id)]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [found.count(name) for name in ("runs", "ai_calls", "messages", "events")] == [LARGE + 1] + 3 * [LARGE]
    # In pages of rows it is more than 40 MB; coverage adds to what one row needs.
    assert peak_bytes < 25_000_000


async def test_many_small_rows_are_complete(
    sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = UserId((await person(sign_up)).id)
    async with database.begin() as session:
        for statement in PLANTED:
            short = statement.replace("1000000", "10").replace("2000000", "10")
            await session.execute(text(short), {"user": user_id, "n": 41})
    monkeypatch.setattr(own_data, "ROWS_AT_ONCE", 10)
    for most in (2**20, 300, 1):
        monkeypatch.setattr(own_data, "BYTES_AT_ONCE", most)
        rows = [(name, row) async for name, row in own_data.rows_of(database.begin, user_id)]
        assert [row["seq"] for name, row in rows if name == "messages"] == list(range(1, 42))
        assert len({row["id"] for name, row in rows if name == "runs"}) == 42
        assert not {"size", "bytes_before", "rows_found"} & {key for name, row in rows if name == "runs" for key in row}
