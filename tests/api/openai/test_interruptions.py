"""Streams whose run is interrupted: a client never receives text twice, and learns if its text doesn't count."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from api.app import create_app
from chimera.config.settings import Settings
from tests.api.ai.test_dead_workers import a_worker
from tests.api.conftest import SignUp
from tests.api.openai.conftest import FAST, client_for
from tests.api.openai.test_chat import said
from tests.parts import serving


@pytest.fixture
async def ivy(sign_up: SignUp) -> httpx2.AsyncClient:
    return await sign_up()


@pytest.fixture
def own_settings(api_settings: Settings) -> Settings:
    return api_settings.model_copy(update={"task_queue": f"interrupted-{uuid4()}"})


@pytest.fixture
async def client(own_settings: Settings, ivy: httpx2.AsyncClient) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return a client of an API whose runs only this test's workers take."""
    app = create_app(own_settings)
    async with (
        app.router.lifespan_context(app),
        serving(app) as address,
        client_for(f"{address}/v1", ivy) as client,
    ):
        yield client


async def test_a_killed_worker_doubles_no_text(
    client: openai.AsyncOpenAI, ivy: httpx2.AsyncClient, own_settings: Settings, tmp_path: Path
) -> None:
    text, run_id = "", ""
    with a_worker(own_settings, tmp_path) as first:
        stream = await client.chat.completions.create(
            model=FAST, messages=said("Go on. [[sim: tokens=300; drip=60]]"), stream=True
        )
        async for chunk in stream:
            run_id = chunk.id.removeprefix("chatcmpl-")
            text += "".join(each.delta.content or "" for each in chunk.choices)
            if len(text) > 200:
                break
        first.kill()
        await asyncio.to_thread(first.wait, 30)
        with a_worker(own_settings, tmp_path):
            async for chunk in stream:
                text += "".join(each.delta.content or "" for each in chunk.choices)
    reply = (await ivy.get(f"/api/v1/replies/{run_id}")).json()
    assert reply["status"] == "completed"
    assert text == reply["text"]
    assert reply["in_doubt_micro_usd"] > 0


async def test_a_different_new_answer_ends_the_stream(
    client: openai.AsyncOpenAI, ivy: httpx2.AsyncClient, own_settings: Settings, tmp_path: Path
) -> None:
    asked = said("Change. [[sim: tokens=200; drip=400; poison=1; cut=after:300; times=1]]")
    received: list[str] = []
    with a_worker(own_settings, tmp_path):
        stream = await client.chat.completions.create(model=FAST, messages=asked, stream=True)
        with pytest.raises(openai.APIError) as caught:
            await _receive(stream, received)
        assert caught.value.code == "stream_interrupted"
        assert isinstance(caught.value.body, dict)
        address = f"/api/v1/replies/{caught.value.body['run_id']}"
        async with asyncio.timeout(60):
            while (reply := (await ivy.get(address)).json())["status"] != "completed":
                await asyncio.sleep(0.1)
    assert "".join(received)
    assert not reply["text"].startswith("".join(received))


async def _receive(stream: AsyncIterator[ChatCompletionChunk], received: list[str]) -> None:
    async for chunk in stream:
        received += [each.delta.content or "" for each in chunk.choices]
