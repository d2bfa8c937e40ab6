"""`Idempotency-Key` on requests that make or start something else than a run."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import func, select, update

from chimera.db.engine import Database
from chimera.db.tables import KeyedRequest
from chimera.store import idempotency
from tests.api.conftest import new_task

API = "/api/v1"


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
