"""Notifications: written with what they are about, read by their owners alone, and resolved with it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, update

from api.deps import Parts
from chimera.db.engine import Database
from chimera.db.tables import Notification
from chimera.ledger import accounts, ends
from chimera.ledger import notifications as written
from chimera.ledger.accounts import Refusal
from chimera.ledger.tools import record
from chimera.store import notifications
from models.ids import ROOT, RunId, UserId
from models.policies import ApprovalTerms
from models.tasks import TransitionRecord
from models.tools import ToolDefinition, ToolKind, ToolSource
from tests.api.accounts import USERS, person
from tests.api.conftest import SignUp, administrator, client_of, new_task, set_task
from tests.api.live.test_changes import followed
from tests.api.routes.test_api_keys import with_key
from tests.api.routes.test_streams import received, signed_in
from tests.approvals import A_CALL, A_QUESTION, ask, begin

PATH = "/api/v1/system/notifications"


@pytest.fixture(scope="module")
def database(app: FastAPI) -> Database:
    parts: Parts = app.state.parts
    return parts.database


async def listed(client: httpx2.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def failed(client: httpx2.AsyncClient, database: Database, message: str = "No key.") -> str:
    """Let a task of the client fail."""
    task_id = str((await new_task(client))["id"])
    await set_task(database, task_id, status="running")
    record_ = TransitionRecord(run_id=RunId(task_id), path=ROOT, status="failed", error_code="no_key", error=message)
    async with database.begin() as session:
        await ends.record(session, record_)
    return task_id


async def test_a_decision_is_announced_and_resolved(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    task_id = str((await new_task(carol))["id"])
    await begin(database, task_id)
    approval_id = await ask(database, task_id, A_CALL)
    await ask(database, task_id, A_QUESTION, step=2)
    question, approval = await listed(carol)
    assert (approval["kind"], approval["approval_id"], approval["run_id"]) == ("approval", approval_id, task_id)
    assert "send_mail" in approval["text"]
    assert (question["kind"], question["data"]["text"]) == ("question", "Which color?")
    decided = await carol.post(f"/api/v1/tasks/{task_id}/approvals/{approval_id}", json={"decision": "approve"})
    assert decided.status_code == 200
    assert [each["kind"] for each in await listed(carol, unread=True)] == ["question"]
    await carol.post(f"/api/v1/tasks/{task_id}/cancel")
    record_ = TransitionRecord(run_id=RunId(task_id), path=ROOT, status="cancelled")
    async with database.begin() as session:
        await ends.record(session, record_)
    assert all(each["resolved_at"] and each["read_at"] for each in await listed(carol))


async def test_approvers_hear_of_it_instead_of_owners(sign_up: SignUp, database: Database) -> None:
    carol, dave, erin = [await sign_up() for _ in range(3)]
    emails = [(await each.get("/api/v1/auth/me")).json()["email"] for each in (dave, erin)]
    task_id = str((await new_task(carol))["id"])
    await begin(database, task_id)
    approval_id = await ask(database, task_id, replace(A_CALL, terms=ApprovalTerms(approvers=(emails[0],))))
    assert await listed(carol) == [] == await listed(erin)
    assert [each["approval_id"] for each in await listed(dave)] == [approval_id]
    passed = await dave.post(f"/api/v1/approvals/{approval_id}/delegate", json={"to": emails[1]})
    assert passed.status_code == 200
    assert [each["approval_id"] for each in await listed(erin, unread=True)] == [approval_id]
    assert await listed(dave, unread=True) == []


async def test_failures_and_budgets_are_announced(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    task_id = await failed(carol, database)
    waiting = str((await new_task(carol))["id"])
    await set_task(database, waiting, status="running")
    refusal = Refusal(stopped=False, for_now=False, limit="max_tokens", message="1,000 tokens are used.", needed=2000)
    async with database.connection() as connection:
        await accounts.wait_for_budget(connection, RunId(waiting), refusal)
    budget, failure = await listed(carol)
    assert (failure["kind"], failure["run_id"], failure["data"]["code"]) == ("run_failed", task_id, "no_key")
    assert failure["text"].endswith("failed: No key.")
    assert (budget["kind"], budget["data"]["code"]) == ("budget_reached", "max_tokens")
    assert (await carol.post(f"/api/v1/tasks/{waiting}/budget", json={"max_tokens": 5000})).status_code == 202
    assert (await listed(carol))[0]["resolved_at"] is not None
    assert (await carol.delete(f"/api/v1/tasks/{task_id}")).status_code == 204
    assert [each["run_id"] for each in await listed(carol)] == [waiting]


async def test_a_changed_tool_is_announced_once(sign_up: SignUp, database: Database) -> None:
    admin, carol = await administrator(sign_up, database), await sign_up()
    me = UserId((await carol.get("/api/v1/auth/me")).json()["id"])
    tool = ToolDefinition(name="web__go", description="Go.", parameters={}, kind=ToolKind.PURE, source=ToolSource.MCP)
    for hashed in ("1", "2", "2"):
        async with database.connection() as connection:
            await record(connection, me, "web", {"web__go": tool}, {"web__go": hashed})
    [notification] = await listed(carol)
    assert (notification["kind"], notification["data"]["tool"]) == ("tool_changed", "web__go")
    assert await listed(admin, unread=True) == []
    assert (await carol.post("/api/v1/tools/web__go/accept", json={"sha256": "2"})).status_code == 200
    assert await listed(carol, unread=True) == []


async def test_pages_and_marks_are_the_users_own(sign_up: SignUp, database: Database) -> None:
    carol, dave = await sign_up(), await sign_up()
    for _ in range(5):
        await failed(carol, database)
    theirs = await failed(dave, database)
    first = (await carol.get(PATH, params={"limit": 3})).json()
    second = (await carol.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    ids = [each["id"] for each in first["items"] + second["items"]]
    assert (len(ids), first["unread"], second["next_cursor"]) == (5, 5, None)
    assert ids == sorted(ids, reverse=True)
    assert (await dave.post(f"{PATH}/{ids[0]}/read")).status_code == 404
    assert (await dave.get(PATH, params={"cursor": first["next_cursor"]})).status_code == 422
    assert (await carol.post(f"{PATH}/{ids[0]}/read")).json()["read_at"] is not None
    assert (await carol.post(f"{PATH}/read", json={"up_to": ids[2]})).json() == {"marked": 3, "unread": 1}
    assert [each["id"] for each in await listed(carol, unread=True)] == [ids[1]]
    assert [each["run_id"] for each in await listed(dave, unread=True)] == [theirs]


async def test_viewers_clear_their_own_inbox(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    admin, carol, dave = await administrator(sign_up, database), await person(sign_up), await sign_up()
    for _ in range(3):
        await failed(carol.client, database)
    theirs = await failed(dave, database)
    assert (await admin.put(f"{USERS}/{carol.id}", json={"role": "viewer"})).status_code == 200
    newest, _, oldest = await listed(carol.client)
    async with client_of(app) as program:
        program.headers |= await with_key(carol.client, "read")
        refused = await program.post(f"{PATH}/{oldest['id']}/read")
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert (await carol.client.post(f"{PATH}/{oldest['id']}/read")).json()["read_at"] is not None
    marked = await carol.client.post(f"{PATH}/read", json={"up_to": newest["id"]})
    assert marked.json() == {"marked": 2, "unread": 0}
    [other] = await listed(dave, unread=True)
    assert other["run_id"] == theirs
    assert (await carol.client.post(f"{PATH}/{other['id']}/read")).status_code == 404
    assert (await carol.client.post("/api/v1/tasks", json={"goal": "x"})).status_code == 403


async def test_sockets_show_new_and_read_notifications(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    async with signed_in(app, carol) as socket:
        await followed(socket, "notifications")
        await failed(carol, database)
        [new] = (await received(socket))["changes"]
        assert (new["kind"], new["read_at"]) == ("run_failed", None)
        await carol.post(f"{PATH}/{new['id']}/read")
        [read] = (await received(socket))["changes"]
        assert (read["id"], read["read_at"] is None) == (new["id"], False)


async def test_old_notifications_are_deleted(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    await failed(carol, database)
    old = await failed(carol, database)
    async with database.begin() as session:
        change = update(Notification).where(Notification.run_id == old)
        await session.execute(change.values(created_at=func.now() - timedelta(days=40)))
    await notifications.Expiry(database, timedelta(days=30)).sweep()
    assert [each["run_id"] == old for each in await listed(carol)] == [False]


async def test_spending_limits_are_announced_once(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    me = UserId((await carol.get("/api/v1/auth/me")).json()["id"])
    for _ in range(2):
        async with database.begin() as session:
            await written.spending_reached(session, me, "2026-11", "$5.00 a month.")
    [notification] = await listed(carol)
    assert (notification["kind"], notification["data"]["text"]) == ("spending_reached", "$5.00 a month.")
