"""The API with a worker and the simulator behind it, for what is asked of providers."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from chimera.settings import Settings
from tests.api.conftest import SECRET
from tests.conftest import SimulatorServer
from tests.runs import Runs, runs_with_worker

AI = "/api/v1/ai"


@pytest.fixture(scope="module")
def api_settings(settings: Settings, simulator: SimulatorServer) -> Settings:
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration_open": True,
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
    """How often the provider was really asked."""
    return sum(entry["call_id"] == call_id and entry["phase"] == "arrived" for entry in simulator.asked())


async def ended(client: httpx2.AsyncClient, address: str, timeout_s: float = 10) -> dict[str, Any]:
    """Wait for a call's end."""
    deadline = time.monotonic() + timeout_s
    while True:
        call: dict[str, Any] = (await client.get(address)).json()
        if call["status"] not in ("queued", "started"):
            return call
        assert time.monotonic() < deadline, call
        await asyncio.sleep(0.05)
