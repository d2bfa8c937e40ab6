"""`Idempotency-Key` on requests that make or start something else than a run."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import func, select, update
from temporalio.service import RPCError, RPCStatusCode

from api.deps import Parts
from api.idempotency import keep_with, keyed
from chimera.db.engine import Database
from chimera.db.tables import KeyedRequest
from chimera.ledger import tools
from chimera.store import groups, idempotency
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from chimera.temporal.schedules import Schedules
from models.errors import RequestInProgress, Unavailable
from models.ids import ScheduleId, UserId, schedule_workflow_id
from models.tools import ToolDefinition, ToolKind, ToolSource
from tests.api.conftest import SignUp, administrator, new_task, set_task
from tests.runs import new_user

API = "/api/v1"
WITHOUT_TRANSACTION = {
    "trigger_schedule": "Temporal ignores a request with the same ID",
    "backfill_schedule": "each run is created only once anyway",
    "create_mcp_server": "the name is unique",
}
"""Operations whose key isn't stored in the transaction that does their work, each with the reason."""


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def schedule(**changes: Any) -> dict[str, Any]:
    return {"name": "Daily", "interval_s": 86400, "paused": True, "task": {"goal": "Report."}, **changes}


async def test_a_repeated_request_gets_the_first_answer(alice: httpx2.AsyncClient) -> None:
    headers = key()
    first = await alice.post(f"{API}/schedules", json=schedule(), headers=headers)
    again = await alice.post(f"{API}/schedules", json=schedule(interval_s=86400.0), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")


async def test_ten_requests_at_once_make_one_object(bob: httpx2.AsyncClient) -> None:
    headers = key()
    before = len((await bob.get(f"{API}/schedules")).json()["items"])
    answers = await asyncio.gather(*(bob.post(f"{API}/schedules", json=schedule(), headers=headers) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(answer.json()["code"] == "request_in_progress" for answer in answers if answer.status_code == 409)
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 409)
    assert len((await bob.get(f"{API}/schedules")).json()["items"]) == before + 1


async def test_another_request_cant_use_the_key(alice: httpx2.AsyncClient) -> None:
    headers = key()
    await alice.post(f"{API}/schedules", json=schedule(), headers=headers)
    agent = {"name": "poet", "prompt": "Rhyme."}
    for path, body in (("/schedules", schedule(name="Other")), ("/agents", agent)):
        answer = await alice.post(f"{API}{path}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_each_user_has_their_own_keys(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    headers = key()
    first = await alice.post(f"{API}/schedules", json=schedule(), headers=headers)
    other = await bob.post(f"{API}/schedules", json=schedule(), headers=headers)
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


async def test_a_failed_request_frees_its_key(alice: httpx2.AsyncClient) -> None:
    headers = key()
    wrong = await alice.post(f"{API}/agents", json={"name": "No", "prompt": "x"}, headers=headers)
    assert wrong.status_code == 422
    right = await alice.post(f"{API}/agents", json={"name": "freed", "prompt": "x"}, headers=headers)
    assert right.status_code == 201


async def test_an_unclear_failure_starts_one_run(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: Parts = app.state.parts
    id, headers, trigger = (
        (await alice.post(f"{API}/schedules", json=schedule())).json()["id"],
        key(),
        Schedules.trigger,
    )
    failures: list[BaseException] = [Unavailable("Temporal"), RPCError("?", RPCStatusCode.INTERNAL, b"")]

    async def without_answer(*values: Any) -> None:
        await trigger(*values)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(Schedules, "trigger", without_answer)
    address = f"{API}/schedules/{id}/trigger"
    answers = [(await alice.post(address, headers=headers)).status_code for _ in range(4)]
    assert answers == [500, 503, 202, 202]
    assert await _triggered(parts, id) == 1
    # Requests without a key, or with a new one, start further runs.
    for other in ({}, {}, key()):
        assert (await alice.post(address, headers=other)).status_code == 202
    assert await _triggered(parts, id) == 4


async def _triggered(parts: Parts, schedule_id: str) -> int:
    """Return how many requests to start a run Temporal's workflow for a schedule has got."""
    name = f"temporal-sys-scheduler:{schedule_workflow_id(ScheduleId(schedule_id))}"
    history = await (await parts.temporal.client()).get_workflow_handle(name).fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    return signals.count("patch")


async def test_a_cancelled_request_keeps_its_answer(
    app: FastAPI, bob: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, before = key(), len((await bob.get(f"{API}/schedules")).json()["items"])
    with monkeypatch.context() as patch:
        patch.setattr(ScheduleDispatcher, "deliver", _cancel)
        with pytest.raises(asyncio.CancelledError):
            await bob.post(f"{API}/schedules", json=schedule(), headers=headers)
    again = await bob.post(f"{API}/schedules", json=schedule(), headers=headers)
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, "true")
    assert len((await bob.get(f"{API}/schedules")).json()["items"]) == before + 1


async def test_a_cancelled_request_is_repeated_at_once(
    bob: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = key()
    with monkeypatch.context() as patch:
        patch.setattr(groups, "create", _cancel)
        with pytest.raises(asyncio.CancelledError):
            await bob.post(f"{API}/groups", json={"name": "Tea"}, headers=headers)
    other = await bob.post(f"{API}/groups", json={"name": "Coffee"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    again = await bob.post(f"{API}/groups", json={"name": "Tea"}, headers=headers)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (201, False)


async def _cancel(*_: object) -> None:
    raise asyncio.CancelledError


async def test_the_same_file_is_stored_once(alice: httpx2.AsyncClient) -> None:
    headers = key()
    files = [("a.txt", b"one"), ("a.txt", b"one"), ("a.txt", b"two")]
    answers = [await alice.post(f"{API}/files", files={"file": each}, headers=headers) for each in files]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[0].json() == answers[1].json()


async def test_a_repeated_start_is_no_conflict(alice: httpx2.AsyncClient) -> None:
    task, headers = await new_task(alice), key()
    address = f"{API}/tasks/{task['id']}/execute"
    assert [(await alice.post(address, headers=headers)).status_code for _ in range(2)] == [202, 202]
    assert (await alice.post(address)).status_code == 409


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 201])
async def test_a_key_that_isnt_one_is_explained(alice: httpx2.AsyncClient, wrong: str) -> None:
    answer = await alice.post(f"{API}/agents", json={"name": "b", "prompt": "x"}, headers={"Idempotency-Key": wrong})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_a_request_that_was_given_up_runs_again(alice: httpx2.AsyncClient, database: Database) -> None:
    headers = key()
    await alice.post(f"{API}/schedules", json=schedule(), headers=headers)
    own = KeyedRequest.key == headers["Idempotency-Key"]
    age = idempotency.GIVEN_UP_AFTER + timedelta(seconds=1)
    async with database.begin() as session:
        await session.execute(update(KeyedRequest).where(own).values(status=None))
    assert (await alice.post(f"{API}/schedules", json=schedule(), headers=headers)).status_code == 409
    async with database.begin() as session:
        await session.execute(update(KeyedRequest).where(own).values(started_at=KeyedRequest.started_at - age))
    answer = await alice.post(f"{API}/schedules", json=schedule(), headers=headers)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


class Keyed(NamedTuple):
    """A request that takes a key, and the list that gets longer if it is handled twice."""

    client: httpx2.AsyncClient
    path: str
    content: dict[str, Any]
    listed: str = ""


async def keyed_requests(
    app: FastAPI, carol: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> AsyncIterator[tuple[str, Keyed]]:
    """Yield a request for each operation whose key is stored with its work, by the operation's ID."""
    database: Database = app.state.parts.database
    name, me = f"a{uuid4().hex[:8]}", UserId((await carol.get(f"{API}/auth/me")).json()["id"])
    agent = {"name": name, "prompt": "Rhyme."}
    yield "create_agent", Keyed(carol, "/agents", {"json": agent}, "/agents")
    assert (await carol.put(f"{API}/agents/{name}", json={**agent, "prompt": "Sing."})).status_code == 200
    versions = f"/agents/{name}/versions"
    yield "rollback_agent", Keyed(carol, f"/agents/{name}/rollback", {"json": {"version": 1}}, versions)
    yield "create_chat_session", Keyed(carol, "/chat/sessions", {"json": {"title": "Tea"}}, "/chat/sessions")
    chat = f"/chat/sessions/{(await carol.post(f'{API}/chat/sessions', json={})).json()['id']}"
    yield "archive_chat_session", Keyed(carol, f"{chat}/archive", {})
    yield "restore_chat_session", Keyed(carol, f"{chat}/restore", {})
    yield "create_file", Keyed(carol, "/files", {"files": {"file": ("a.txt", b"one")}}, "/files")
    yield "create_group", Keyed(carol, "/groups", {"json": {"name": name}}, "/groups")
    points = {"metrics": [{"name": "score", "value": 1}]}
    yield "record_metrics", Keyed(carol, "/analytics/metrics/record", {"json": points}, "/analytics/metrics")
    yield "create_schedule", Keyed(carol, "/schedules", {"json": schedule()}, "/schedules")
    draft = f"/tasks/{(await new_task(carol))['id']}"
    yield "steer_task", Keyed(carol, f"{draft}/steer", {"json": {"text": "Hurry."}})
    yield "execute_task", Keyed(carol, f"{draft}/execute", {})
    failed = str((await new_task(carol))["id"])
    await set_task(database, failed, status="failed")
    yield "retry_task", Keyed(carol, f"/tasks/{failed}/retry", {})
    tool = ToolDefinition(
        name=f"{name}__go", description="Go.", parameters={}, kind=ToolKind.PURE, source=ToolSource.MCP
    )
    for hashed in ("1", "2"):
        async with database.connection() as connection:
            await tools.record(connection, me, name, {tool.name: tool}, {tool.name: hashed})
    yield "accept_tool", Keyed(carol, f"/tools/{tool.name}/accept", {"json": {"sha256": "2"}})
    yield "create_service_account", Keyed(admin, "/users", {"json": {"name": name}}, "/users?kind=service")
    erased = {"user_id": me}
    yield "run_retention", Keyed(admin, "/system/retention", {"json": erased}, "/system/retention")


async def test_a_crash_after_the_work_doubles_nothing(
    app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    database: Database = app.state.parts.database
    carol, admin = await sign_up(), await administrator(sign_up, database)
    tried = set()
    async for operation, asked in keyed_requests(app, carol, admin):
        headers = key()
        with monkeypatch.context() as patch:
            patch.setattr("api.idempotency._keep", _crash)
            first = await asked.client.post(f"{API}{asked.path}", headers=headers, **asked.content)
        assert first.is_success, f"{operation}: {first.text}"
        before = await _listed(asked)
        await _give_up(database, headers["Idempotency-Key"])
        again = await asked.client.post(f"{API}{asked.path}", headers=headers, **asked.content)
        assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (first.status_code, "true"), operation
        for name in ("Location", "ETag", "Content-Type"):
            assert again.headers.get(name) == first.headers.get(name), f"{operation} {name}"
        assert again.json().keys() == first.json().keys(), operation
        named = first.json().keys() & {"id", "name", "version", "guidance_id", "recorded", "retries", "archived"}
        assert [again.json()[each] for each in named] == [first.json()[each] for each in named], operation
        assert await _listed(asked) == before, operation
        tried.add(operation)
    with_key = {
        str(context.original_route.operation_id)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and any(each.call is keyed for each in context.original_route.dependant.dependencies)
    }
    assert tried == with_key - WITHOUT_TRANSACTION.keys() | {"create_file"}
    print(f"{len(tried)} operations with a key, each repeated after a crash")


async def test_a_second_failure_isnt_retried_by_a_repeat(
    alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, headers = str((await new_task(alice))["id"]), key()
    monkeypatch.setattr("api.idempotency._keep", _crash)
    for _ in range(2):
        await set_task(database, task_id, status="failed")
        answer = await alice.post(f"{API}/tasks/{task_id}/retry", headers=headers)
        assert answer.status_code == 202, answer.text
        await _give_up(database, headers["Idempotency-Key"])
    task = (await alice.get(f"{API}/tasks/{task_id}")).json()
    assert (task["status"], task["retries"]) == ("failed", 1)


async def test_a_replaced_try_makes_nothing(database: Database) -> None:
    """A try that was given up comes back to life, after another one has begun."""
    owner, value = await new_user(database), uuid4().hex
    async with database.begin() as session:
        first = await idempotency.claim(session, owner, value, "one")
    await _give_up(database, value)
    async with database.begin() as session:
        second = await idempotency.claim(session, owner, value, "one")
    answer = idempotency.Kept(201, [], b"{}")
    assert isinstance(first, idempotency.Claim)
    assert isinstance(second, idempotency.Claim)
    with pytest.raises(RequestInProgress):
        async with database.begin() as session:
            await keep_with(session, first, answer)
    async with database.begin() as session:
        await keep_with(session, second, answer)
    async with database.begin() as session:
        assert await idempotency.claim(session, owner, value, "one") == answer


async def _crash(*_: object) -> None:
    """Stand for a process that ends before it stores the response."""


async def _listed(asked: Keyed) -> list[Any]:
    if not asked.listed:
        return []
    items: list[Any] = (await asked.client.get(f"{API}{asked.listed}")).json()["items"]
    return items


async def _give_up(database: Database, value: str) -> None:
    """Let the key be claimed so long ago that its request counts as given up."""
    age = idempotency.GIVEN_UP_AFTER + timedelta(seconds=1)
    older = update(KeyedRequest).where(KeyedRequest.key == value)
    async with database.begin() as session:
        await session.execute(older.values(started_at=KeyedRequest.started_at - age))


async def test_old_keys_are_forgotten(alice: httpx2.AsyncClient, database: Database) -> None:
    headers = key()
    await alice.post(f"{API}/schedules", json=schedule(), headers=headers)
    own = KeyedRequest.key == headers["Idempotency-Key"]
    async with database.begin() as session:
        await idempotency.forget_old(session)
        assert await session.scalar(select(func.count()).where(own)) == 1
        age = idempotency.KEPT_FOR + timedelta(seconds=1)
        await session.execute(update(KeyedRequest).where(own).values(started_at=KeyedRequest.started_at - age))
        await idempotency.forget_old(session)
        assert await session.scalar(select(func.count()).where(own)) == 0
