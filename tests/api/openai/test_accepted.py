"""Errors of ours after a request was accepted: clients don't send it again, so that nothing is paid for twice."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import openai
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import Text, cast, func, select
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chimera.db.engine import Database
from chimera.db.tables import Reply
from chimera.store import replies
from tests.api.openai.conftest import FAST, client_for
from tests.api.openai.test_chat import said
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")

AWAY = psycopg.OperationalError("terminating connection due to administrator command")
FAULTS = [(AWAY, 503, "unavailable"), (PoolTimeout(), 503, "unavailable"), (ValueError(), 500, "internal_error")]
PATHS = ["chat/completions", "responses"]


def body_of(path: str, text: str, **fields: Any) -> dict[str, Any]:
    asked = {"messages": said(text)} if path == "chat/completions" else {"input": text}
    return {"model": FAST, **asked, **fields}


def break_following(app: FastAPI, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    async def away(*_: Any) -> Any:
        raise fault

    monkeypatch.setattr(app.state.parts.hub, "progress", away)


async def runs_of(database: Database, text: str) -> int:
    asked = cast(Reply.conversation, Text).contains(text)
    async with database.begin() as session:
        return await session.scalar(select(func.count()).select_from(Reply).where(asked)) or 0


async def completes(user: httpx2.AsyncClient, run_id: str) -> None:
    async def has_completed() -> bool:
        return bool((await user.get(f"/api/v1/replies/{run_id}")).json()["status"] == "completed")

    await until_true(has_completed)


@pytest.mark.parametrize(("fault", "status", "code"), FAULTS, ids=["database", "pool", "bug"])
@pytest.mark.parametrize("path", PATHS)
async def test_an_error_of_ours_is_not_repeated(
    address: str,
    app: FastAPI,
    alice: httpx2.AsyncClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    fault: Exception,
    status: int,
    code: str,
) -> None:
    break_following(app, monkeypatch, fault)
    text = f"Once, please. {uuid4()}"
    async with client_for(address, alice, retries=2) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.post(f"/{path}", body=body_of(path, text), cast_to=object)
    headers, error = caught.value.response.headers, caught.value.response.json()["error"]
    assert (caught.value.status_code, error["code"]) == (status, code)
    assert (headers["X-Should-Retry"], headers.get("Retry-After")) == ("false", None)
    assert headers["X-Chimera-Run-ID"] == error["run_id"]
    assert error["run_id"] in error["message"]
    assert "Retry" not in error["message"]
    assert await runs_of(database, text) == 1
    await completes(alice, error["run_id"])


async def test_a_state_that_cannot_be_read_names_the_run(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise AWAY

    with monkeypatch.context() as broken:
        broken.setattr(replies, "view", away)
        answer = await alice.post("/v1/responses", json=body_of("responses", "Hello."))
    assert (answer.status_code, answer.headers["X-Should-Retry"]) == (503, "false")
    await completes(alice, answer.headers["X-Chimera-Run-ID"])


@pytest.mark.parametrize(("fault", "status", "code"), FAULTS, ids=["database", "pool", "bug"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_broken_stream_says_why(
    app: FastAPI,
    alice: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    fault: Exception,
    status: int,
    code: str,
) -> None:
    break_following(app, monkeypatch, fault)
    answer = await alice.post(f"/v1/{path}", json=body_of(path, "Hello.", stream=True))
    last = json.loads(answer.text.strip().rpartition("data: ")[2])
    error = last.get("error", last)
    assert (error["code"], error["run_id"]) == (code, answer.headers["X-Chimera-Run-ID"])
    assert ("This is a bug" in error["message"]) == (status == 500)


async def test_what_is_refused_may_be_repeated(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post("/v1/responses", json={"model": "nobody", "input": "Hello."})
    assert answer.status_code == 404
    assert "X-Should-Retry" not in answer.headers
    assert answer.json()["error"]["run_id"] is None
