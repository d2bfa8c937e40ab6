"""JSON Schemas of answers: stored with the task, and shown with the result."""

import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from tests.api.conftest import new_task

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
PLAN = [{"key": "a", "instruction": "Count.", "output_schema": SCHEMA}, {"key": "b", "instruction": "Write."}]


async def test_schemas_are_stored_with_the_task(alice: httpx2.AsyncClient, database: Database) -> None:
    task = await new_task(alice, plan=PLAN, output_schema=SCHEMA)
    assert task["output"] is None
    assert await _rows(database, "SELECT output_schema FROM tasks WHERE run_id = :id", task) == [SCHEMA]
    subtasks = await _rows(database, "SELECT output_schema FROM subtasks WHERE run_id = :id ORDER BY key", task)
    assert subtasks == [SCHEMA, None]


@pytest.mark.parametrize("output", [{"n": 4}, [1, 2], "word", 7, False])
async def test_the_output_is_shown_as_json(alice: httpx2.AsyncClient, database: Database, output: Any) -> None:
    task = await new_task(alice, plan=PLAN)
    async with database.begin() as session:
        for table in ("tasks", "subtasks"):
            change = text(f"UPDATE {table} SET output = CAST(:output AS jsonb) WHERE run_id = :id")
            await session.execute(change, {"id": task["id"], "output": json.dumps(output)})
    path = f"/api/v1/tasks/{task['id']}"
    assert (await alice.get(path)).json()["output"] == output
    assert [each["output"] for each in (await alice.get(f"{path}/subtasks")).json()["items"]] == [output, output]
    listed = (await alice.get("/api/v1/tasks")).json()["items"]
    assert [each["output"] for each in listed if each["id"] == task["id"]] == [None]


async def test_a_deleted_task_keeps_no_output(alice: httpx2.AsyncClient, database: Database) -> None:
    task = await new_task(alice, output_schema=SCHEMA, start=False)
    assert (await alice.delete(f"/api/v1/tasks/{task['id']}")).status_code == 204
    assert await _rows(database, "SELECT output_schema FROM tasks WHERE run_id = :id", task) == [None]


async def test_the_same_key_needs_the_same_schema(alice: httpx2.AsyncClient) -> None:
    headers, body = {"Idempotency-Key": "typed-1"}, {"goal": "Count.", "plan": PLAN}
    first = await alice.post("/api/v1/tasks", json=body | {"output_schema": SCHEMA}, headers=headers)
    again = await alice.post("/api/v1/tasks", json=body | {"output_schema": SCHEMA}, headers=headers)
    other = await alice.post("/api/v1/tasks", json=body, headers=headers)
    assert (first.status_code, again.json()["id"], other.status_code) == (202, first.json()["id"], 422)


async def _rows(database: Database, query: str, task: dict[str, Any]) -> list[Any]:
    async with database.begin() as session:
        return [row[0] for row in await session.execute(text(query), {"id": task["id"]})]
