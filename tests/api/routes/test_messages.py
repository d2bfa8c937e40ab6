"""A task's conversation, as its owner reads it."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, update

from chimera.db.engine import Database
from chimera.db.tables import Call, CallAttempt, Message, ToolCall, User
from chimera.store import messages
from tests.api.conftest import SignUp, new_task

PLAN = [
    {"key": "facts", "instruction": "Collect facts.", "agent": "researcher"},
    {"key": "text", "instruction": "Write.", "agent": "writer", "depends_on": ["facts"]},
]
ASKED = [{"id": "c1", "name": "calculator", "arguments": '{"expression": "17 * 23"}'}]


async def add_message(
    database: Database, task_id: str, path: str, purpose: str, seq: int, role: str, **fields: Any
) -> None:
    values = {"content": f"{path} {purpose} {seq}", "tokens": 5, **fields}
    async with database.begin() as session:
        await session.execute(
            insert(Message).values(run_id=task_id, path=path, purpose=purpose, seq=seq, role=role, **values)
        )


@pytest.fixture
async def task_id(alice: httpx2.AsyncClient, database: Database) -> str:
    """Create a task with messages from two nodes, stored out of order."""
    task_id: str = (await new_task(alice, plan=PLAN))["id"]
    place = {"run_id": task_id, "path": "facts", "purpose": "turn", "step": 1, "attempt": 2}
    async with database.begin() as session:
        await session.execute(insert(Call).values(**place, status="finished", outcome={}))
        await session.execute(
            insert(CallAttempt).values(
                **place,
                agent="researcher",
                model="local/m",
                simulated=False,
                status="finished",
                reserved_micro_usd=0,
                reserved_tokens=0,
                worker="w",
            )
        )
        await session.execute(
            insert(ToolCall).values(
                run_id=task_id, path="facts", step=1, index=0, tool="calculator", status="finished", failed=False
            )
        )
    await add_message(database, task_id, "", "aggregate", 1000, "user")
    await add_message(database, task_id, "facts", "turn", 1501, "tool", content="391", tool_call_id="c1")
    await add_message(database, task_id, "facts", "turn", 1500, "assistant", tool_calls=ASKED, thought="Hm.")
    await add_message(database, task_id, "facts", "turn", 1000, "user")
    await add_message(database, task_id, "", "plan", 1000, "user")
    return task_id


async def read(client: httpx2.AsyncClient, task_id: str, **params: Any) -> httpx2.Response:
    return await client.get(f"/api/v1/tasks/{task_id}/messages", params=params)


async def test_messages_come_by_node_in_order(alice: httpx2.AsyncClient, task_id: str) -> None:
    page = (await read(alice, task_id)).json()
    sequence = [(item["path"], item["purpose"], item["step"], item["role"]) for item in page["items"]]
    assert sequence == [
        ("", "plan", 1, "user"),
        ("", "aggregate", 1, "user"),
        ("facts", "turn", 1, "user"),
        ("facts", "turn", 1, "assistant"),
        ("facts", "turn", 1, "tool"),
    ]
    assert page["next_cursor"] is None


async def test_a_reply_has_tool_calls_agent_and_model(alice: httpx2.AsyncClient, task_id: str) -> None:
    _, reply, result = (await read(alice, task_id, path="facts")).json()["items"]
    assert (reply["agent"], reply["model"], reply["thought"], reply["tool_calls"]) == (
        "researcher",
        "local/m",
        "Hm.",
        ASKED,
    )
    assert reply["finish_reason"] == "tool_calls"
    assert (result["content"], result["tool"], result["failed"], result["tool_call_id"]) == (
        "391",
        "calculator",
        False,
        "c1",
    )


async def test_an_empty_path_names_the_tasks_own_calls(alice: httpx2.AsyncClient, task_id: str) -> None:
    items = (await read(alice, task_id, path="")).json()["items"]
    assert [item["purpose"] for item in items] == ["plan", "aggregate"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_pages_continue_where_the_last_ended(alice: httpx2.AsyncClient, task_id: str, limit: int) -> None:
    whole = (await read(alice, task_id)).json()["items"]
    items: list[Any] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        page = (await read(alice, task_id, **params)).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert items == whole


async def test_a_page_has_so_many_bytes_or_one_message(
    alice: httpx2.AsyncClient, task_id: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "PAGE_BYTES", 1000)
    await add_message(database, task_id, "text", "turn", 1000, "user", content="a" * 600)
    await add_message(database, task_id, "text", "turn", 1500, "assistant", content="b" * 3000)
    await add_message(database, task_id, "text", "turn", 2000, "user", content="c")
    lengths, cursor = [], None
    while True:
        page = (await read(alice, task_id, path="text", **({"cursor": cursor} if cursor else {}))).json()
        lengths.append([len(item["content"]) for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert lengths == [[600], [3000], [1]]


async def test_only_the_owner_reads_messages(
    bob: httpx2.AsyncClient, sign_up: SignUp, database: Database, task_id: str
) -> None:
    assert (await read(bob, task_id)).status_code == 404
    admin = await sign_up()
    admin_id = (await admin.get("/api/v1/auth/me")).json()["id"]
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == admin_id).values(role="admin"))
    while (await admin.get(f"/api/v1/tasks/{task_id}")).status_code == 404:
        # A user's role is cached for a few seconds.
        await asyncio.sleep(0.1)
    refused = await read(admin, task_id)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_cursor_is_good_for_its_list_alone(alice: httpx2.AsyncClient, task_id: str) -> None:
    cursor = (await read(alice, task_id, limit=1)).json()["next_cursor"]
    for params in ({"path": "facts", "cursor": cursor}, {"cursor": cursor[:-2] + "AA"}, {"cursor": "x"}):
        assert (await read(alice, task_id, **params)).json()["code"] == "invalid_input"


async def test_an_unknown_node_lists_the_known_ones(alice: httpx2.AsyncClient, task_id: str) -> None:
    refused = await read(alice, task_id, path="fact")
    assert refused.status_code == 422
    assert "facts, text" in refused.text
