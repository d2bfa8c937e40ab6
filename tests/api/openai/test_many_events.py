"""Runs with more events than are replayed: their followers receive the run's state instead."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from chimera.db.engine import Database
from chimera.ledger import events
from models.events import RunStarted
from models.ids import RunId
from tests.api.openai.conftest import FAST
from tests.api.openai.test_chat import said
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")

CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def _few_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.hub.MAX_BEHIND", 3)


async def with_events(database: Database, run_id: str) -> None:
    async with database.begin() as session:
        await events.append(session, RunId(run_id), *[RunStarted()] * 4)


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_a_long_run_gives_its_answer_again(
    alice: httpx2.AsyncClient, database: Database, is_streamed: bool
) -> None:
    body, headers = {"model": FAST, "messages": said("Hello.")}, {"Idempotency-Key": uuid4().hex}
    first = await alice.post(CHAT, json=body, headers=headers)
    await with_events(database, first.headers["X-Chimera-Run-ID"])
    again = await alice.post(CHAT, json=body | {"stream": is_streamed}, headers=headers)
    assert again.status_code == 200, again.text
    assert "invalid_api_key" not in again.text
    assert first.json()["choices"][0]["message"]["content"].split()[-1] in again.text


async def test_a_long_run_fails_again(alice: httpx2.AsyncClient, database: Database) -> None:
    body, headers = {"model": FAST, "input": "Fail. [[sim: html=1]]"}, {"Idempotency-Key": uuid4().hex}
    first = await alice.post("/v1/responses", json=body, headers=headers)
    await with_events(database, first.headers["X-Chimera-Run-ID"])
    again = await alice.post("/v1/responses", json=body, headers=headers)
    assert (again.status_code, again.json()["status"]) == (200, "failed")


async def test_an_open_long_run_is_followed_to_its_end(
    alice: httpx2.AsyncClient,
) -> None:
    asked = 'Look. [[sim: call=calculator; args={"expression": "1 + 1"}; turns=2; tokens=12; delay=1]]'
    body: dict[str, Any] = {"model": "analyst", "input": asked, "background": True}
    run_id = (await alice.post("/v1/responses", json=body)).headers["X-Chimera-Run-ID"]

    async def has_said_something() -> bool:
        # The answer's first turn has ended.
        return bool((await alice.get(f"/api/v1/replies/{run_id}/messages")).json()["items"])

    await until_true(has_said_something)
    streamed = await alice.get(f"/v1/responses/resp_{run_id}?stream=true")
    assert "event: response.completed" in streamed.text
    assert streamed.text.count("event: response.output_text.delta") == 1


async def test_a_long_run_still_waits_for_its_budget(alice: httpx2.AsyncClient, database: Database) -> None:
    body = {"model": FAST, "messages": said("Hello.")}
    headers = {"Idempotency-Key": uuid4().hex, "X-Chimera-Max-Cost-Micro-USD": "1"}
    first = await alice.post(CHAT, json=body, headers=headers)
    await with_events(database, first.headers["X-Chimera-Run-ID"])
    again = await alice.post(CHAT, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (429, 429)
    assert again.json() == first.json()
