"""`PUT /tasks/{id}`: a task that hasn't begun can be changed."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import func

from chimera.db.engine import Database
from models.runs import RunStatus
from tests.api.conftest import new_task, set_task

API = "/api/v1/tasks"
PLAN = [{"key": "facts", "instruction": "Collect."}, {"key": "text", "instruction": "Write.", "depends_on": ["facts"]}]
CHANGES: dict[str, Any] = {
    "goal": "Find out more.",
    "title": "More",
    "model": "simulator/fast",
    "on_failure": "skip",
    "on_truncated": "fail",
    "priority": 1,
    "metadata": {"for": "tea"},
    "subtasks": "inline",
}


async def changed(client: httpx2.AsyncClient, task: dict[str, Any], change: object) -> httpx2.Response:
    return await client.put(f"{API}/{task['id']}", json=change)


@pytest.mark.parametrize("field", sorted(CHANGES))
async def test_each_field_of_a_draft_can_change(alice: httpx2.AsyncClient, field: str) -> None:
    before = await new_task(alice)
    answer = await changed(alice, before, {field: CHANGES[field]})
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert after[field] == CHANGES[field]
    own = {"last_seq", field}
    assert {key: value for key, value in after.items() if key not in own} == {
        key: value for key, value in before.items() if key not in own
    }


async def test_a_new_plan_replaces_the_old_one(alice: httpx2.AsyncClient) -> None:
    task = await new_task(alice, plan=[{"key": "old", "instruction": "Do."}])
    assert (await changed(alice, task, {"plan": PLAN})).json()["subtasks_total"] == 2
    shown = (await alice.get(f"{API}/{task['id']}/subtasks")).json()["items"]
    assert [(each["key"], each["depends_on"]) for each in shown] == [("facts", []), ("text", ["facts"])]
    assert (await changed(alice, task, {"plan": []})).json()["subtasks_total"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"goal": ""}, "goal"),
        ({"model": "simulator"}, "model"),
        ({"plan": [{"key": "a", "instruction": "x", "agent": "nobody"}]}, "plan.0.agent"),
        ({"status": "completed"}, "status"),
        ({"owner_id": "x"}, "owner_id"),
        ({"budget": {"max_tokens": 0}}, "budget.max_tokens"),
        ({"output_schema": {"type": "nothing"}}, "output_schema"),
    ],
)
async def test_a_wrong_change_names_its_field(alice: httpx2.AsyncClient, change: object, field: str) -> None:
    answer = await changed(alice, await new_task(alice), change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_queued_task_changes_only_in_part(alice: httpx2.AsyncClient, database: Database) -> None:
    task = await new_task(alice)
    await set_task(database, task["id"], status=RunStatus.QUEUED)
    change = {"title": "New", "priority": 2, "metadata": {"a": 1}, "budget": {"max_tokens": 1000}}
    after = (await changed(alice, task, change)).json()
    assert {field: after[field] for field in ("title", "priority", "metadata")} == {
        field: change[field] for field in ("title", "priority", "metadata")
    }
    assert after["budget"]["max_tokens"] == 1000
    answer = await changed(alice, task, {"goal": "Other."})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "goal")


@pytest.mark.parametrize("status", sorted(set(RunStatus) - {RunStatus.DRAFT, RunStatus.QUEUED}))
async def test_a_task_that_has_begun_stays(alice: httpx2.AsyncClient, database: Database, status: RunStatus) -> None:
    task = await new_task(alice)
    await set_task(database, task["id"], status=status, admitted_at=func.now())
    answer = await changed(alice, task, {"title": "New"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_change_is_an_event(alice: httpx2.AsyncClient, database: Database) -> None:
    task = await new_task(alice)
    await changed(alice, task, {"title": "New", "priority": 1})
    await set_task(database, task["id"], status=RunStatus.COMPLETED)
    assert (await alice.get(f"{API}/{task['id']}")).json()["last_seq"] == 2


async def test_another_users_task_cant_be_changed(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    task = await new_task(alice)
    answer = await changed(bob, task, {"title": "Mine"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await alice.get(f"{API}/{task['id']}")).json()["title"] == task["title"]
