"""The API with a worker and the simulator, for tests of requests to providers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from activities.calls import media_requests
from activities.calls.media_requests import MediaEnd, MediaRequest
from api.app import create_app
from chimera.config.settings import Settings
from chimera.providers.base import Provider
from models.ai_calls import Operation
from tests.api.conftest import SECRET
from tests.conftest import SimulatorServer
from tests.runs import Runs, runs_with_worker
from tests.until import until_true

AI = "/api/v1/ai"


@pytest.fixture(scope="module")
def api_settings(settings: Settings, simulator: SimulatorServer) -> Settings:
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration": "open",
            "simulator_url": simulator.url,
            "openai_api_key": SecretStr("sk-none"),
            "openai_base_url": "http://127.0.0.1:9/v1",
            "google_api_key": SecretStr("none"),
            "graceful_shutdown_s": 1.0,
            "call_max_attempts": 3,
        }
    )


@pytest.fixture(scope="module")
async def app(api_settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(api_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="module")
async def runs(api_settings: Settings) -> AsyncIterator[Runs]:
    async with runs_with_worker(api_settings) as runs:
        yield runs


def arrivals(simulator: SimulatorServer, call_id: str) -> int:
    """Count the requests that the provider actually received."""
    asked = (entry for entry in simulator.asked() if entry["phase"] == "arrived")
    return sum(entry["call_id"].partition("#")[0] == call_id for entry in asked)


async def ended(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    """Wait for a call to end, and return it."""
    call: dict[str, Any] = {}

    async def has_ended() -> bool:
        call.update((await client.get(address)).json())
        return call["status"] not in ("queued", "running", "cancelling")

    await until_true(has_ended)
    return call


class Gate:
    """Holds the calls of one operation just before their request to the provider, until it is opened."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.held = self.most_held = 0
        self.opened = asyncio.Event()
        self._ask = media_requests.ask

    async def ask(self, provider: Provider, asked: MediaRequest, attempt: int) -> MediaEnd:
        """Wait until the gate is opened, then make the request. Replaces `media_requests.ask`."""
        if asked.operation is self.operation:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
            try:
                await self.opened.wait()
            finally:
                self.held -= 1
        return await self._ask(provider, asked, attempt)
