"""Agents that wait for a person while a client waits for them."""

from collections.abc import AsyncIterator

import httpx2
import openai
import pytest

from api.app import create_app
from chimera.config.settings import Settings
from tests.api.openai.conftest import client_for, drained
from tests.api.openai.test_chat import said
from tests.parts import serving
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")

ASKS = said('Paint the shed. [[sim: ask="Which color?"]]')


@pytest.fixture(scope="module")
async def asker(alice: httpx2.AsyncClient) -> str:
    agent = {"name": "asker", "prompt": "You ask before you begin.", "tools": ["ask_person"], "model": "simulator/fast"}
    assert (await alice.post("/api/v1/agents", json=agent)).status_code == 201
    return "asker"


@pytest.fixture
async def impatient(api_settings: Settings, alice: httpx2.AsyncClient) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return a client of an API that waits for people for a moment only."""
    app = create_app(api_settings.model_copy(update={"reply_patience_s": 5.0}))
    async with (
        app.router.lifespan_context(app),
        serving(app) as address,
        client_for(f"{address}/v1", alice) as client,
    ):
        yield client


async def test_a_stream_continues_after_an_answer(
    client: openai.AsyncOpenAI, alice: httpx2.AsyncClient, asker: str
) -> None:
    stream = await client.chat.completions.create(model=asker, messages=ASKS, stream=True)
    await _answer(alice, stream.response.headers["X-Chimera-Run-ID"])
    text = ""
    async for chunk in stream:
        text += "".join(each.delta.content or "" for each in chunk.choices)
    assert "green" in text


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_a_long_wait_names_the_approval(
    impatient: openai.AsyncOpenAI, alice: httpx2.AsyncClient, asker: str, is_streamed: bool
) -> None:
    with pytest.raises(openai.APIError) as caught:
        await _asked(impatient, asker, is_streamed=is_streamed)
    assert caught.value.code == "approval_required"
    assert isinstance(caught.value.body, dict)
    run_id = caught.value.body["run_id"]
    approval_id = await _answer(alice, run_id)
    assert approval_id in caught.value.message

    async def is_complete() -> bool:
        return bool((await alice.get(f"/api/v1/replies/{run_id}")).json()["status"] == "completed")

    await until_true(is_complete)


async def _asked(client: openai.AsyncOpenAI, model: str, *, is_streamed: bool) -> None:
    if is_streamed:
        await drained(await client.chat.completions.create(model=model, messages=ASKS, stream=True))
    else:
        await client.chat.completions.create(model=model, messages=ASKS)


async def _answer(user: httpx2.AsyncClient, run_id: str) -> str:
    """Answer the question that a run asks, and return its ID."""
    found: list[str] = []

    async def has_asked() -> bool:
        waiting = (await user.get(f"/api/v1/replies/{run_id}")).json()["waiting"]
        found[:] = [each["id"] for each in (waiting or {}).get("approvals", ())]
        return bool(found)

    await until_true(has_asked)
    answered = await user.post(f"/api/v1/approvals/{found[0]}/answer", json={"answer": "green"})
    assert answered.status_code == 200, answered.text
    return found[0]
