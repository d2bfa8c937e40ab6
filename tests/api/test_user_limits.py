"""Limits per user: exact even if fifty requests arrive at once, and without effect on other users."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from api.app import create_app
from api.deps import Parts
from api.user_limits import MESSAGES_A_SECOND, MESSAGES_AT_ONCE, MessageRate
from chimera.config.settings import Settings
from chimera.db.tables import Run
from chimera.ledger.kept_bytes import LEAST_BYTES
from chimera.store.user_limits import AT_ONCE
from models.ids import TaskId
from models.runs import RunStatus
from tests.api.conftest import SignUp, new_task, set_task
from tests.api.routes.test_streams import close_code, opened, received, signed_in, token_of
from tests.parts import serving
from tests.until import LIMIT_S, until

TRIES = 50
MOST = 5
API = "/api/v1"
LIMITS = {
    "max_open_tasks": MOST,
    "max_open_ai_calls": MOST,
    "max_schedules": MOST,
    "max_agents": MOST,
    "max_kept_bytes": MOST * LEAST_BYTES,
    "max_sockets": MOST,
    "max_streams": MOST,
}


@pytest.fixture(scope="module")
async def app(api_settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(api_settings.model_copy(update=LIMITS))
    async with app.router.lifespan_context(app):
        yield app


def a_task(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    return client.post(f"{API}/tasks", json={"goal": f"Find {number}.", "start": False})


def a_call(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    body = {"model": "simulator/embedding", "input": [str(number)]}
    return client.post(f"{API}/ai/embeddings", json=body, headers={"Prefer": "wait=0"})


def a_schedule(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    body = {"name": str(number), "task": {"goal": "Report."}, "cron": "0 7 * * *", "paused": True}
    return client.post(f"{API}/schedules", json=body)


def an_agent(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    return client.post(f"{API}/agents", json={"name": f"own_{number}", "prompt": "Be brief."})


def a_file(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    return client.post(f"{API}/files", files={"file": ("a.txt", f"number {number}".encode())})


def a_transcription(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    form = {"model": "simulator/transcription"}
    audio = b"RIFF\x24\x00\x00\x00WAVEfmt " + number.to_bytes(2, "little") * 20
    return client.post(f"{API}/ai/transcriptions", data=form, files={"file": ("a.wav", audio)}, headers=NO_WAIT)


NO_WAIT = {"Prefer": "wait=0"}
ADDING: dict[str, tuple[Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]], str]] = {
    "tasks": (a_task, "CHIMERA_MAX_OPEN_TASKS"),
    "calls": (a_call, "CHIMERA_MAX_OPEN_AI_CALLS"),
    "schedules": (a_schedule, "CHIMERA_MAX_SCHEDULES"),
    "agents": (an_agent, "CHIMERA_MAX_AGENTS"),
    "files": (a_file, "CHIMERA_MAX_KEPT_BYTES"),
}


@pytest.mark.parametrize("kind", ADDING)
async def test_fifty_at_once_pass_no_limit(sign_up: SignUp, kind: str) -> None:
    add, setting = ADDING[kind]
    carol, dave = await sign_up(), await sign_up()
    answers = await asyncio.gather(*(add(carol, number) for number in range(TRIES)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(answers) - len(refused) == MOST, [answer.status_code for answer in answers]
    assert all(answer.is_success for answer in answers if answer not in refused)
    for answer in refused:
        problem = answer.json()
        assert problem["code"] == "limit_reached"
        assert setting in problem["detail"]
    last = (await add(carol, TRIES)).json()
    text = f"{MOST * LEAST_BYTES:,} bytes" if kind == "files" else f"{MOST} "
    assert f"This user has {text}" in last["detail"], last
    assert f"allows at most {MOST * LEAST_BYTES if kind == 'files' else MOST:,}. " in last["detail"], last
    assert (" and would add " in last["detail"]) == (kind == "files"), last
    assert (await add(dave, 0)).is_success, "somebody else's limit is their own"


async def test_a_limit_far_off_is_passed_by_none_either(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    app = create_app(api_settings.model_copy(update={"max_agents": AT_ONCE + 10}))
    async with app.router.lifespan_context(app):
        carol._transport = httpx2.ASGITransport(app=app)
        numbers = iter(range(1000))
        for expected in (TRIES, AT_ONCE + 10 - TRIES, 0):
            answers = await asyncio.gather(*(an_agent(carol, next(numbers)) for _ in range(TRIES)))
            assert sum(answer.is_success for answer in answers) == expected


@pytest.mark.parametrize("kind", ["tasks", "calls"])
async def test_limits_that_free_themselves_set_retry_after(sign_up: SignUp, kind: str) -> None:
    add, _ = ADDING[kind]
    carol = await sign_up()
    answers = [await add(carol, number) for number in range(MOST + 1)]
    assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_transcriptions_count_as_files_and_as_calls(app: FastAPI, sign_up: SignUp) -> None:
    carol = await sign_up()
    answers = await asyncio.gather(*(a_transcription(carol, number) for number in range(TRIES)))
    assert sum(answer.is_success for answer in answers) == MOST, answers[0].text
    files = (await carol.get(f"{API}/files")).json()["items"]
    assert len(files) == MOST, "what is refused leaves nothing"
    assert not (await a_file(carol, 0)).is_success
    assert not (await a_call(carol, 0)).is_success


async def test_images_are_not_generated_over_the_limit(sign_up: SignUp) -> None:
    carol = await sign_up()
    kept = [(await a_file(carol, number)).json()["id"] for number in range(MOST)]
    image = {"model": "simulator/image", "prompt": "A tree."}
    assert (await carol.post(f"{API}/ai/images", json=image, headers=NO_WAIT)).status_code == 429
    await carol.delete(f"{API}/files/{kept[0]}")
    assert (await carol.post(f"{API}/ai/images", json=image, headers=NO_WAIT)).is_success


async def test_requested_images_count_as_files(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    pair = {"model": "simulator/image", "prompt": "A tree.", "n": 2}

    def ask(number: int) -> Awaitable[httpx2.Response]:
        return carol.post(f"{API}/ai/images", json=pair | {"prompt": f"Tree {number}."}, headers=NO_WAIT)

    answers = await asyncio.gather(*(ask(number) for number in range(TRIES)))
    begun = [answer.json()["id"] for answer in answers if answer.is_success]
    assert len(begun) == MOST // 2
    assert {answer.status_code for answer in answers} == {202, 429}
    refused = next(answer.json() for answer in answers if answer.status_code == 429)
    assert "CHIMERA_MAX_KEPT_BYTES" in refused["detail"]
    assert (await a_file(carol, 0)).is_success, "that room is left"
    assert (await a_file(carol, 1)).status_code == 429
    async with parts.database.begin() as session:
        await session.execute(update(Run).where(Run.id == begun[0]).values(status="failed"))
    assert [(await a_file(carol, number)).is_success for number in (1, 2, 3)] == [True, True, False]


async def test_accepted_requests_are_answered_at_the_limit(sign_up: SignUp) -> None:
    carol = await sign_up()
    key = {"Idempotency-Key": "once"}
    body = {"goal": "Find out.", "start": False}
    first = await carol.post(f"{API}/tasks", json=body, headers=key)
    for number in range(MOST):
        await a_task(carol, number)
    again = await asyncio.gather(*(carol.post(f"{API}/tasks", json=body, headers=key) for _ in range(10)))
    assert {answer.json()["id"] for answer in again} == {first.json()["id"]}
    assert {answer.status_code for answer in again} == {202}


async def test_ended_objects_free_their_limit(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    tasks = [(await a_task(carol, number)).json()["id"] for number in range(MOST)]
    assert (await a_task(carol, MOST)).status_code == 429
    await carol.delete(f"{API}/tasks/{tasks[0]}")
    assert (await a_task(carol, MOST)).is_success, "a draft that is deleted has ended"
    assert (await a_task(carol, MOST)).status_code == 429
    await carol.post(f"{API}/tasks/{tasks[1]}/cancel")
    assert (await a_task(carol, MOST)).is_success
    call = (await a_call(carol, 0)).json()["id"]
    async with parts.database.begin() as session:
        await session.execute(update(Run).where(Run.id == call).values(status="completed"))
    assert [(await a_call(carol, number)).is_success for number in range(MOST + 1)] == [True] * MOST + [False]


async def test_a_retry_needs_room_of_the_tasks_owner(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    failed = (await new_task(carol))["id"]
    await set_task(parts.database, failed, status=RunStatus.FAILED)
    for number in range(MOST):
        assert (await a_task(carol, number)).is_success
    assert (await carol.post(f"{API}/tasks/{failed}/retry")).status_code == 429
    async with parts.database.begin() as session:
        assert (await session.get_one(Run, failed)).status == RunStatus.FAILED


async def test_a_run_that_is_asked_for_needs_room(sign_up: SignUp) -> None:
    carol = await sign_up()
    schedule = (await a_schedule(carol, 0)).json()["id"]
    for number in range(MOST):
        await a_task(carol, number)
    assert (await carol.post(f"{API}/schedules/{schedule}/trigger")).status_code == 429
    hours = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T02:00:00Z"}
    assert (await carol.post(f"{API}/schedules/{schedule}/backfill", json=hours)).status_code == 429


async def test_nothing_is_counted_where_a_limit_is_zero(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    unlimited = create_app(api_settings.model_copy(update=dict.fromkeys(LIMITS, 0)))
    async with unlimited.router.lifespan_context(unlimited):
        carol._transport = httpx2.ASGITransport(app=unlimited)
        for add, _ in ADDING.values():
            answers = await asyncio.gather(*(add(carol, number) for number in range(MOST + 3)))
            assert all(answer.is_success for answer in answers)


@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
async def test_a_user_has_so_many_sockets(app: FastAPI, sign_up: SignUp, path: str) -> None:
    carol, dave = await sign_up(), await sign_up()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(signed_in(app, carol, path=path))
        for _ in range(MOST - 1):
            await stack.enter_async_context(signed_in(app, carol, path="/ws"))
        for other in ("/ws", "/ws/test"):
            async with opened(app, path=other) as one_more:
                await one_more.send_json({"type": "authenticate", "token": token_of(carol)})
                assert await close_code(one_more) == 4429
        await stack.enter_async_context(signed_in(app, dave, path=path))
        await first.close()
        parts: Parts = app.state.parts
        await until(lambda: sum(parts.open_sockets._open.values()) == MOST)
        await stack.enter_async_context(signed_in(app, carol, path=path))


async def test_a_user_has_so_many_streams(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol, dave = await sign_up(), await sign_up()
    task, theirs = (await new_task(carol))["id"], (await new_task(dave))["id"]
    async with serving(app) as url, AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=LIMIT_S))

        async def follow(user: httpx2.AsyncClient, task_id: str, into: AsyncExitStack) -> httpx2.Response:
            headers = {"Authorization": user.headers["Authorization"]}
            return await into.enter_async_context(
                client.stream("GET", f"{API}/tasks/{task_id}/events", headers=headers)
            )

        async with AsyncExitStack() as held:
            statuses = [(await follow(carol, task, held)).status_code for _ in range(MOST)]
            refused = await follow(carol, task, held)
            await refused.aread()
            assert (statuses, refused.status_code) == ([200] * MOST, 429)
            assert "CHIMERA_MAX_STREAMS" in refused.json()["detail"]
            assert int(refused.headers["Retry-After"]) >= 1
            assert (await follow(dave, theirs, held)).status_code == 200
            assert TaskId(task) in parts.hub._channels
        # A client that disconnects without a word frees its place too.
        await until(lambda: not parts.open_streams._open)
        assert (await follow(carol, task, stack)).status_code == 200
        assert (await follow(carol, theirs, stack)).status_code == 404
        await until(lambda: sum(parts.open_streams._open.values()) == 1)


@pytest.mark.parametrize(
    ("path", "message", "answer"),
    [("/ws", {"type": "ping"}, "pong"), ("/ws", "odd", "error"), ("/ws/test", {"type": "ping"}, "echo")],
)
async def test_a_flood_of_messages_ends_the_socket(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str, message: Any, answer: str
) -> None:
    monkeypatch.setattr("api.user_limits.MESSAGES_A_SECOND", 0)
    async with signed_in(app, alice, path=path) as socket:
        for _ in range(MESSAGES_AT_ONCE):
            await socket.send_json(message)
            assert (await received(socket))["type"] == answer
        await socket.send_json(message)
        assert await close_code(socket) == 4429


def test_messages_fill_up_again_as_time_goes_by() -> None:
    now = 0.0
    rate = MessageRate(lambda: now)
    assert [rate.takes() for _ in range(MESSAGES_AT_ONCE + 1)] == [True] * MESSAGES_AT_ONCE + [False]
    now = 1.0
    assert sum(rate.takes() for _ in range(MESSAGES_AT_ONCE)) == MESSAGES_A_SECOND
    now = 3600.0
    assert sum(rate.takes() for _ in range(2 * MESSAGES_AT_ONCE)) == MESSAGES_AT_ONCE
