"""Runs that reach their budget while a client waits for them."""

from typing import Any

import httpx2
import pytest

from tests.api.openai.conftest import FAST
from tests.api.openai.test_chat import said
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")

MAX_COST = "X-Chimera-Max-Cost-Micro-USD"
CHAT = {"model": FAST, "messages": said("Spend a bit.")}
RESPONSE = {"model": FAST, "input": "Spend a bit."}


@pytest.mark.parametrize("is_streamed", [True, False])
@pytest.mark.parametrize(("path", "body"), [("chat/completions", CHAT), ("responses", RESPONSE)], ids=["chat", "resp"])
async def test_a_raised_budget_gives_the_answer(
    alice: httpx2.AsyncClient, path: str, body: dict[str, Any], is_streamed: bool
) -> None:
    headers = {MAX_COST: "1", "Idempotency-Key": f"budget-{path.partition('/')[0]}-{is_streamed}"}
    refused = await alice.post(f"/v1/{path}", json=body, headers=headers)
    assert refused.status_code == 429
    run_id = refused.headers["X-Chimera-Run-ID"]
    await raise_budget(alice, run_id)
    reply = await completed(alice, run_id)
    answer = await alice.post(f"/v1/{path}", json=body | {"stream": is_streamed}, headers=headers)
    assert (answer.status_code, answer.headers["X-Chimera-Run-ID"]) == (200, run_id)
    assert "insufficient_quota" not in answer.text
    assert reply["text"].split()[-1] in answer.text


async def test_a_budget_raised_twice_gives_the_answer(alice: httpx2.AsyncClient) -> None:
    headers = {MAX_COST: "1", "Idempotency-Key": "budget-twice"}
    run_id = (await alice.post("/v1/chat/completions", json=CHAT, headers=headers)).headers["X-Chimera-Run-ID"]
    await raise_budget(alice, run_id, 2)
    again = await alice.post("/v1/chat/completions", json=CHAT, headers=headers)
    assert (again.status_code, again.json()["error"]["code"]) == (429, "insufficient_quota")
    await raise_budget(alice, run_id)
    await completed(alice, run_id)
    assert (await alice.post("/v1/chat/completions", json=CHAT, headers=headers)).status_code == 200


@pytest.mark.parametrize("is_streamed", [True, False])
@pytest.mark.parametrize(
    ("path", "body"), [("chat/completions", CHAT), ("responses", RESPONSE | {"store": False})], ids=["chat", "resp"]
)
async def test_a_run_that_nobody_can_fetch_is_cancelled(
    alice: httpx2.AsyncClient, path: str, body: dict[str, Any], is_streamed: bool
) -> None:
    answer = await alice.post(f"/v1/{path}", json=body | {"stream": is_streamed}, headers={MAX_COST: "1"})
    assert "insufficient_quota" in answer.text
    assert "The run was cancelled." in answer.text
    await in_status(alice, answer.headers["X-Chimera-Run-ID"], "cancelled")


@pytest.mark.parametrize("fields", [{"store": True}, {"stream": True, "store": True}], ids=["whole", "streamed"])
async def test_a_run_that_can_be_fetched_waits(alice: httpx2.AsyncClient, fields: dict[str, Any]) -> None:
    answer = await alice.post("/v1/chat/completions", json=CHAT | fields, headers={MAX_COST: "1"})
    run_id = answer.headers["X-Chimera-Run-ID"]
    assert "Raise the budget of the run" in answer.text
    assert (await alice.get(f"/api/v1/replies/{run_id}")).json()["status"] == "waiting"
    await raise_budget(alice, run_id)
    await completed(alice, run_id)


async def raise_budget(user: httpx2.AsyncClient, run_id: str, most: int = 10_000_000) -> None:
    raised = await user.post(f"/api/v1/replies/{run_id}/budget", json={"max_cost_micro_usd": most})
    assert raised.status_code == 200, raised.text


async def completed(user: httpx2.AsyncClient, run_id: str) -> dict[str, Any]:
    return await in_status(user, run_id, "completed")


async def in_status(user: httpx2.AsyncClient, run_id: str, status: str) -> dict[str, Any]:
    """Wait until a run has this status, and return it."""
    reply: dict[str, Any] = {}

    async def has_come() -> bool:
        reply.update((await user.get(f"/api/v1/replies/{run_id}")).json())
        return bool(reply["status"] == status)

    await until_true(has_come)
    return reply
