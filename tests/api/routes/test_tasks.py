import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from chimera.content.fingerprints import older_fingerprint_of
from chimera.db.engine import Database
from chimera.db.tables import Call, CallAttempt, EventRow, Run, Subtask, User
from chimera.security import sessions
from chimera.store import tasks
from models.events import ModelCallWaiting
from models.ids import UserId
from models.model_calls import Purpose
from models.tasks import SubtaskMode, TaskSpec
from tests.api.conftest import SignUp, new_task, publish, set_task
from tests.approvals import A_CALL, A_QUESTION, ask, begin

PLAN = [
    {"key": "facts", "title": "Facts", "instruction": "Collect facts.", "agent": "researcher"},
    {"key": "text", "instruction": "Write.", "agent": "writer", "depends_on": ["facts"]},
]


async def test_a_task_is_stored_with_plan_events_and_outbox(alice: httpx2.AsyncClient, database: Database) -> None:
    answer = await alice.post("/api/v1/tasks", json={"goal": "Tell me.\nAll of it.", "plan": PLAN, "priority": 2})
    task = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/tasks/{task['id']}"
    assert (task["title"], task["status"], task["subtasks_total"], task["last_seq"]) == ("Tell me.", "queued", 2, 2)
    assert task["temporal_url"].endswith(f"run-{task['id']}")
    subtasks = (await alice.get(f"/api/v1/tasks/{task['id']}/subtasks")).json()["items"]
    assert [(one["path"], one["agent"], one["status"]) for one in subtasks] == [
        ("facts", "researcher", "pending"),
        ("text", "writer", "pending"),
    ]
    async with database.begin() as session:
        payloads = (
            await session.scalars(select(EventRow.payload).where(EventRow.run_id == task["id"]).order_by(EventRow.seq))
        ).all()
    assert [payload["type"] for payload in payloads[:2]] == ["run.accepted", "plan.created"]


async def test_a_task_shows_where_its_subtasks_run(alice: httpx2.AsyncClient) -> None:
    assert (await new_task(alice))["subtasks"] == "child"
    assert (await new_task(alice, subtasks="inline"))["subtasks"] == "inline"
    refused = await alice.post("/api/v1/tasks", json={"goal": "Go.", "subtasks": "outside"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "subtasks")


async def test_a_setting_selects_where_subtasks_run(alice: httpx2.AsyncClient, database: Database) -> None:
    user_id = UserId((await alice.get("/api/v1/auth/me")).json()["id"])
    modes = []
    for wanted in (None, SubtaskMode.CHILD):
        async with database.begin() as session:
            spec = TaskSpec(goal="Go.", subtasks=wanted, start=False)
            task_id, _ = await tasks.create(
                session, user_id, spec, default_model="simulator/fast", default_subtasks=SubtaskMode.INLINE
            )
        modes.append((await alice.get(f"/api/v1/tasks/{task_id}")).json()["subtasks"])
    assert modes == ["inline", "child"]


async def test_the_same_key_gives_the_same_task(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"goal": "Find out.", "start": False}
    first = await alice.post("/api/v1/tasks", json=body, headers=headers)
    again = await alice.post("/api/v1/tasks", json=body, headers=headers)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


async def test_the_same_request_written_otherwise_is_replayed(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    first = await alice.post(
        "/api/v1/tasks", content='{"goal":"x","start":false,"metadata":{"a":1,"b":{"c":1,"d":2}}}', headers=headers
    )
    again = await alice.post(
        "/api/v1/tasks",
        content='{"metadata":{"b":{"d":2.0,"c":1},"a":1.0},"priority":3,"plan":null,"goal":" \\u0078","start":false}',
        headers=headers,
    )
    assert (first.status_code, again.status_code) == (202, 202), again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    other = await alice.post(
        "/api/v1/tasks", content='{"goal":"x","start":false,"metadata":{"a":2,"b":{"c":1,"d":2}}}', headers=headers
    )
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_request_of_an_older_fingerprint_is_replayed(alice: httpx2.AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"goal": "Find out.", "start": False, "metadata": {"b": 1, "a": 2}, "priority": 3}
    first = await alice.post("/api/v1/tasks", json=body, headers=headers)
    older = older_fingerprint_of(TaskSpec.model_validate(body))
    async with database.begin() as session:
        await session.execute(update(Run).where(Run.id == first.json()["id"]).values(body_sha256=older))
    again = await alice.post("/api/v1/tasks", json=body, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]


async def test_fifty_simultaneous_requests_make_one_task(alice: httpx2.AsyncClient, database: Database) -> None:
    key = uuid4().hex
    body = {"goal": "Find out.", "plan": PLAN, "start": False}
    posts = (alice.post("/api/v1/tasks", json=body, headers={"Idempotency-Key": key}) for _ in range(50))
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    async with database.begin() as session:
        assert await session.scalar(select(func.count()).where(Run.idempotency_key == key)) == 1


async def test_a_key_used_for_another_body_is_refused(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    await alice.post("/api/v1/tasks", json={"goal": "One.", "start": False}, headers=headers)
    answer = await alice.post("/api/v1/tasks", json={"goal": "Two.", "start": False}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_belongs_to_its_user(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"goal": "Find out.", "start": False}
    one = await alice.post("/api/v1/tasks", json=body, headers=headers)
    two = await bob.post("/api/v1/tasks", json=body, headers=headers)
    assert one.json()["id"] != two.json()["id"]


async def test_a_deleted_tasks_key_does_not_rerun_it(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"goal": "Find out.", "start": False}
    task = (await alice.post("/api/v1/tasks", json=body, headers=headers)).json()
    await alice.delete(f"/api/v1/tasks/{task['id']}")
    assert (await alice.post("/api/v1/tasks", json=body, headers=headers)).status_code == 409


ROUTES = [
    ("GET", "", None),
    ("GET", "/subtasks", None),
    ("GET", "/cost", None),
    ("GET", "/timeline", None),
    ("GET", "/events", None),
    ("POST", "/execute", None),
    ("POST", "/cancel", None),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("POST", "/budget", {"max_tokens": 1000}),
    ("POST", "/steer", {"text": "Look again."}),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_another_users_task_looks_missing(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    task = await new_task(alice)
    unknown_id, request_id = str(uuid4()), {"X-Request-ID": uuid4().hex}
    theirs = await bob.request(method, f"/api/v1/tasks/{task['id']}{path}", json=body, headers=request_id)
    unknown = await bob.request(method, f"/api/v1/tasks/{unknown_id}{path}", json=body, headers=request_id)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.content.replace(task["id"].encode(), b"") == unknown.content.replace(unknown_id.encode(), b"")
    assert (await alice.get(f"/api/v1/tasks/{task['id']}")).json() == task


async def test_users_list_their_tasks_and_admins_all(
    sign_up: SignUp, bob: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await sign_up()
    theirs = await new_task(bob)
    assert (await admin.get("/api/v1/tasks")).json()["items"] == []
    await _make_admin(admin, database, monkeypatch)
    assert theirs["id"] in [task["id"] for task in (await admin.get("/api/v1/tasks?limit=100")).json()["items"]]
    assert (await admin.get(f"/api/v1/tasks/{theirs['id']}")).status_code == 200


async def test_pages_have_every_task_once_in_order(sign_up: SignUp) -> None:
    carol = await sign_up()
    made = [(await new_task(carol, goal=f"Goal {n}"))["id"] for n in range(7)]
    for sort, expected in (("-created_at", made[::-1]), ("created_at", made)):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await _page(carol, limit=3, sort=sort, **({"cursor": cursor} if cursor else {}))
            seen += [task["id"] for task in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == expected


async def test_a_list_can_be_narrowed(sign_up: SignUp) -> None:
    carol = await sign_up()
    one = await new_task(carol, goal="Count 100% of the_things\\ in Köln")
    two = await new_task(carol, goal="x" * 600, title="Number two")
    await carol.post(f"/api/v1/tasks/{two['id']}/cancel")

    async def ids(**query: Any) -> list[str]:
        return [task["id"] for task in (await _page(carol, **query))["items"]]

    assert await ids(status="cancelled") == [two["id"]]
    assert await ids(status=["draft", "cancelled"]) == [two["id"], one["id"]]
    assert await ids(q="köln") == await ids(q="100%") == await ids(q="the_things\\") == [one["id"]]
    assert await ids(q="%") == [one["id"]]
    assert await ids(q="number TWO") == [two["id"]]
    assert await ids(q="' OR 1=1 --") == []
    assert await ids(schedule_id=str(uuid4())) == []
    assert len((await _page(carol, status="cancelled"))["items"][0]["goal"]) == 500


async def test_a_list_shows_tasks_of_an_agent_or_wait(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    planned, asking, calling, poor = [
        str((await new_task(carol, **fields))["id"]) for fields in ({"plan": PLAN}, {}, {}, {})
    ]
    for task_id, asked in ((asking, A_QUESTION), (calling, A_CALL)):
        await begin(database, task_id)
        await ask(database, task_id, asked)
    await set_task(database, poor, status="waiting", needs_budget=True)

    async def ids(**query: Any) -> list[str]:
        return [task["id"] for task in (await _page(carol, **query))["items"]]

    assert await ids(agent="researcher") == [planned]
    assert await ids(agent="critic") == []
    assert await ids(waits_for="question") == [asking]
    assert await ids(waits_for="approval") == [calling]
    assert await ids(waits_for="budget") == [poor]
    assert await ids(waits_for="budget", agent="researcher") == []


async def test_a_cursor_cannot_be_forged_or_used_elsewhere(sign_up: SignUp, bob: httpx2.AsyncClient) -> None:
    carol = await sign_up()
    for _ in range(2):
        await new_task(carol)
    good = (await _page(carol, limit=1))["next_cursor"]
    assert (await _page(carol, limit=1, cursor=good))["items"]
    flipped = good[:30] + ("A" if good[30] != "A" else "B") + good[31:]
    for query in (
        {"cursor": good, "status": "draft"},
        {"cursor": good, "sort": "created_at"},
        {"cursor": flipped},
        {"cursor": "AAAA" + good[4:]},
        {"cursor": "x"},
        {"cursor": "é"},
        {"cursor": "' OR 1=1 --"},
    ):
        answer = await carol.get("/api/v1/tasks", params=query)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor"), query
    assert (await bob.get("/api/v1/tasks", params={"cursor": good})).status_code == 422


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=0", "limit=101", "limit=1000000000", "limit=1e3", "sort=password_hash", "sort=created_at;--",
     "status=nope", "waits_for=godot", "agent=A!", "schedule_id=1", "q=%00", "cursor=" + "x" * 201],
)  # fmt: skip
async def test_a_bad_query_is_refused_by_name(alice: httpx2.AsyncClient, query: str) -> None:
    answer = await alice.get(f"/api/v1/tasks?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(query.split("=")[0])


async def test_deleting_a_task_keeps_costs_and_no_messages(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    task_id = (await new_task(alice, goal="CANARY", plan=PLAN, metadata={"k": "CANARY"}))["id"]
    await _book_call(database, task_id, cost_micro_usd=42)
    await set_task(database, task_id, status="completed", result="CANARY", spent_micro_usd=42)
    cost = (await alice.get(f"/api/v1/tasks/{task_id}/cost")).json()
    assert cost["spent_micro_usd"] == 42
    assert [(one["model"], one["attempts"], one["cost_micro_usd"]) for one in cost["by_model"]] == [("openai/x", 1, 42)]
    assert [(one["path"], one["cost_micro_usd"]) for one in cost["by_subtask"]] == [("facts", 42)]
    assert [one["status"] for one in cost["attempts"]] == ["finished"]
    (span,) = (await alice.get(f"/api/v1/tasks/{task_id}/timeline")).json()["spans"]
    assert (span["kind"], span["path"], span["label"]) == ("model_call", "facts", "openai/x")

    assert (await alice.delete(f"/api/v1/tasks/{task_id}")).status_code == 204
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).status_code == 404
    assert (await alice.get(f"/api/v1/tasks/{task_id}/cost")).json() == cost
    assert (await bob.get(f"/api/v1/tasks/{task_id}/cost")).status_code == 404
    async with database.begin() as session:
        row = (await session.execute(select(*Run.__table__.columns).where(Run.id == task_id))).one()
        assert await session.scalar(select(func.count()).where(Subtask.run_id == task_id)) == 0
        paid = await session.scalar(select(CallAttempt.cost_micro_usd).where(CallAttempt.run_id == task_id))
        outcome = await session.scalar(select(Call.outcome).where(Call.run_id == task_id))
    assert "CANARY" not in str(row)
    assert (row.spent_micro_usd, paid, outcome) == (42, 42, None)


async def test_a_timeline_shows_each_attempt(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, app: FastAPI) -> None:
    database: Database = app.state.parts.database
    task_id = (await new_task(alice, plan=PLAN))["id"]
    waited = {
        "path": "facts",
        "step": 1,
        "purpose": Purpose.TURN,
        "code": "rate_limited",
        "message": "Wait.",
        "retry_after_s": 1,
    }
    await publish(app, task_id, ModelCallWaiting.model_validate(waited))
    await _book_call(database, task_id, cost_micro_usd=42)
    await _book_call(database, task_id, step=2, status="in_doubt", reserved_micro_usd=90)
    await _book_call(database, task_id, path="text", agent="writer")
    async with database.begin() as session:
        first = (CallAttempt.run_id == task_id, CallAttempt.path == "facts", CallAttempt.step == 1)
        values = {"first_token_ms": 250, "input_tokens": 7, "output_tokens": 3, "error_code": "overloaded"}
        await session.execute(update(CallAttempt).where(*first).values(**values))
    path = f"/api/v1/tasks/{task_id}/timeline"
    one, two, other = (await alice.get(path)).json()["spans"]
    assert (one["cost_micro_usd"], one["in_doubt_micro_usd"], one["error_code"]) == (42, 0, "overloaded")
    assert (one["usage"]["input_tokens"], one["usage"]["output_tokens"], one["simulated"]) == (7, 3, False)
    began, answered = (datetime.fromisoformat(one[name]) for name in ("started_at", "first_token_at"))
    assert answered - began == timedelta(milliseconds=250)
    assert datetime.fromisoformat(one["queued_at"]) <= began
    # The wait was that of the first call.
    assert (two["step"], two["queued_at"], two["first_token_at"], two["in_doubt_micro_usd"]) == (2, None, None, 90)
    assert (await alice.get(path, params={"path": "text"})).json()["spans"] == [other]
    assert (await bob.get(path, params={"path": "text"})).status_code == 404


async def test_a_bill_adds_up_with_cost_in_doubt(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice, plan=PLAN))["id"]
    await _book_call(database, task_id, path="", agent="coordinator", cost_micro_usd=7)
    await _book_call(database, task_id, cost_micro_usd=42)
    await _book_call(database, task_id, step=2, status="in_doubt", reserved_micro_usd=90)
    cost = (await alice.get(f"/api/v1/tasks/{task_id}/cost")).json()
    sums = ("attempts", "cost_micro_usd", "in_doubt_micro_usd")
    assert {one["path"]: tuple(one[name] for name in sums) for one in cost["by_subtask"]} == {
        "": (1, 7, 0),
        "facts": (2, 42, 90),
    }
    assert {one["agent"]: tuple(one[name] for name in sums) for one in cost["by_agent"]} == {
        "coordinator": (1, 7, 0),
        "researcher": (2, 42, 90),
    }
    assert [one["agent"] for one in cost["attempts"]] == ["coordinator", "researcher", "researcher"]


@pytest.mark.parametrize("limit", ["max_cost_micro_usd", "max_tokens", "max_model_calls"])
@pytest.mark.parametrize("nothing", [0, -1])
async def test_a_zero_budget_is_refused_with_a_remedy(alice: httpx2.AsyncClient, limit: str, nothing: int) -> None:
    task_id = (await new_task(alice))["id"]
    for path, body, field in (
        ("/api/v1/tasks", {"goal": "x", "budget": {limit: nothing}}, f"budget.{limit}"),
        (f"/api/v1/tasks/{task_id}/budget", {limit: nothing}, limit),
    ):
        answer = await alice.post(path, json=body)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (422, field)
        assert error["message"] == "The limit must be greater than 0. For no limit, omit the field."


async def test_answers_show_nothing_of_the_inside(alice: httpx2.AsyncClient) -> None:
    task = await new_task(alice)
    for field in ("owner_id", "idempotency_key", "body_sha256", "policy", "deleted_at"):
        assert field not in task


async def _page(client: httpx2.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/tasks", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def _book_call(
    database: Database,
    task_id: str,
    *,
    path: str = "facts",
    step: int = 1,
    agent: str = "researcher",
    status: str = "finished",
    reserved_micro_usd: int = 0,
    cost_micro_usd: int = 0,
) -> None:
    place = {"run_id": task_id, "path": path, "purpose": "turn", "step": step, "attempt": 1}
    async with database.begin() as session:
        session.add(Call(**place, status="finished", outcome={"text_preview": "CANARY"}))
        await session.flush()
        session.add(
            CallAttempt(
                **place,
                agent=agent,
                model="openai/x",
                simulated=False,
                status=status,
                reserved_micro_usd=reserved_micro_usd,
                reserved_tokens=0,
                cost_micro_usd=cost_micro_usd,
                worker="w",
            )
        )


async def _make_admin(client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    me = (await client.get("/api/v1/auth/me")).json()
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == me["id"]).values(role="admin"))
    # A user's role is cached for a few seconds.
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
