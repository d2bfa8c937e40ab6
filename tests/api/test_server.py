"""A server that stops ends its streams, instead of waiting for their clients."""

import asyncio

import httpx2
import pytest

from api import server
from api.app import create_app
from api.server import Server, config_of
from chimera.config.settings import Settings
from tests.api.conftest import SignUp, client_of, new_task
from tests.ports import free_port
from tests.until import LIMIT_S


@pytest.mark.parametrize("of", ["run", "lists"])
async def test_open_streams_delay_no_stop(
    api_settings: Settings, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    monkeypatch.setattr(server, "GRACEFUL_SECONDS", 10 * LIMIT_S)
    carol, port = await sign_up(), free_port()
    path = f"/api/v1/tasks/{(await new_task(carol))['id']}/events" if of == "run" else "/api/v1/events?topic=runs"
    settings = api_settings.model_copy(update={"host": "127.0.0.1", "api_port": port})
    serving = Server(config_of(create_app(settings), settings))
    running = asyncio.create_task(serving.serve())
    try:
        while not serving.started:
            await asyncio.sleep(0.01)
        headers, url = {"Authorization": carol.headers["Authorization"]}, f"http://127.0.0.1:{port}"
        async with (
            asyncio.timeout(LIMIT_S),
            httpx2.AsyncClient(base_url=url, headers=headers, timeout=LIMIT_S, trust_env=False) as client,
            client.stream("GET", path) as answer,
        ):
            lines = answer.aiter_lines()
            assert await anext(lines)
            serving.should_exit = True
            async for _ in lines:
                pass
            await running
    finally:
        serving.should_exit = serving.force_exit = True
        await running


async def test_a_stopping_process_opens_empty_streams(api_settings: Settings, sign_up: SignUp) -> None:
    carol, stopping = await sign_up(), create_app(api_settings)
    async with stopping.router.lifespan_context(stopping):
        await stopping.state.parts.feed.close()
        client = client_of(stopping)
        client.headers["Authorization"] = carol.headers["Authorization"]
        answer = await client.get("/api/v1/events?topic=runs")
    assert (answer.status_code, answer.text) == (200, "")
