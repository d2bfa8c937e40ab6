"""A paid answer arrives while the database is unavailable or refuses to store it."""

from typing import Any

import httpx2
import psycopg
import pytest
from psycopg_pool import PoolTimeout
from structlog.testing import capture_logs

from chimera.ledger import settlements
from tests.api.ai.conftest import AI, arrivals
from tests.conftest import SimulatorServer

pytestmark = pytest.mark.usefixtures("runs")

IMAGE_REQUEST = {"model": "simulator/image", "prompt": "a cat", "size": "64x32"}


async def test_an_answer_waits_for_an_unavailable_database(
    alice: httpx2.AsyncClient, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = settlements.settle
    refusals = [psycopg.OperationalError("the server closed the connection"), PoolTimeout()]

    async def away(*args: Any, **named: Any) -> int | None:
        if refusals:
            raise refusals.pop()
        return await settle(*args, **named)

    monkeypatch.setattr(settlements, "settle", away)
    answer = await alice.post(f"{AI}/images", json=IMAGE_REQUEST)
    assert answer.status_code == 200, answer.text
    assert refusals == []
    assert arrivals(simulator, answer.json()["id"]) == 1
    # The failed transactions left no image behind.
    assert len((await alice.get("/api/v1/files")).json()["items"]) == 1


async def test_an_unstorable_answer_is_booked_and_ends_its_call(
    alice: httpx2.AsyncClient, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*args: Any, **named: Any) -> None:
        raise psycopg.errors.NumericValueOutOfRange('bigint out of range: "what was said"')

    monkeypatch.setattr(settlements, "settle", refused)
    with capture_logs() as logged:
        answer = await alice.post(f"{AI}/images", json=IMAGE_REQUEST)
    assert [line["error"] for line in logged if line["event"] == "answer_not_kept"] == ["NumericValueOutOfRange"]
    assert "what was said" not in str(logged)
    assert (answer.status_code, answer.json()["code"]) == (502, "ai_call_failed")
    (call,) = (await alice.get(f"{AI}/calls", params={"limit": 1})).json()["items"]
    assert (call["status"], call["error_code"]) == ("failed", "answer_not_kept")
    assert (call["cost_micro_usd"], call["in_doubt"], arrivals(simulator, call["id"])) == (10_000, 0, 1)
