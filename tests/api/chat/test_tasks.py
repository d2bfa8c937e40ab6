"""Tasks that are started in chat sessions."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.api.chat.conftest import branch, new_session, send
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")
PLAN = [{"key": "a", "instruction": "Say a word. [[sim: tokens=10]]", "agent": "writer"}]
TASK = {"goal": "Find out more.", "model": "simulator/fast", "plan": PLAN}


async def test_a_tasks_result_arrives_in_the_session(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    await send(alice, session, "I like green tea. [[sim: tokens=20]]", wait_s=30)
    started = await alice.post(f"{session}/tasks", json={"task": TASK})
    assert started.status_code == 202, started.text
    message, reply = started.json()["message"], started.json()["reply"]
    assert message["text"] == TASK["goal"]
    task = (await alice.get(f"/api/v1/tasks/{reply['task_id']}")).json()
    assert task["title"] == "Find out more."
    assert "User: I like green tea." in task["goal"]
    assert "[[" not in task["goal"]
    await _ended(alice, session, reply)
    shown = (await branch(alice, session))[-1]
    assert shown["id"] == reply["id"]
    assert shown["text"] == (await alice.get(f"/api/v1/tasks/{reply['task_id']}")).json()["result"]
    assert shown["reply"]["cost_micro_usd"] > 0


async def test_replies_see_the_result_of_a_task(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    plan = [{**PLAN[0], "instruction": "Say a lot. [[sim: tokens=3000]]"}]
    started = (await alice.post(f"{session}/tasks", json={"task": {**TASK, "plan": plan}})).json()
    await _ended(alice, session, started["reply"])
    sent = await send(alice, session, "What did you find?", wait_s=30)
    assert sent["reply"]["reply"]["input_tokens"] > 2000
    again = await alice.post(f"{session}/messages/{started['reply']['id']}/regenerate")
    assert again.status_code == 409


async def test_a_key_starts_one_task(alice: httpx2.AsyncClient) -> None:
    session, headers = await new_session(alice), {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(
        *(alice.post(f"{session}/tasks", json={"task": TASK}, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["reply"]["task_id"] for answer in answers}) == 1
    assert len(await branch(alice, session)) == 2


async def test_a_deleted_session_keeps_its_task(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    task_id = (await alice.post(f"{session}/tasks", json={"task": TASK})).json()["reply"]["task_id"]
    assert (await alice.delete(session)).status_code == 204
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).status_code == 200


@pytest.mark.parametrize(
    ("task", "field"),
    [({"goal": ""}, "task.goal"), ({**TASK, "start": False}, "body"), ({**TASK, "model": "a/b"}, "task.model")],
)
async def test_a_bad_task_is_refused(alice: httpx2.AsyncClient, task: dict[str, Any], field: str) -> None:
    answer = await alice.post(f"{await new_session(alice)}/tasks", json={"task": task})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


async def _ended(client: httpx2.AsyncClient, session: str, reply: dict[str, Any]) -> None:
    async def has_ended() -> bool:
        state = (await client.get(f"{session}/messages/{reply['id']}")).json()["reply"]
        return bool(state["status"] == "completed")

    await until_true(has_ended)
