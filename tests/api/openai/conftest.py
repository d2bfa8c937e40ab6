"""The API on a real port, with a worker and the simulator, for official clients."""

from collections.abc import AsyncIterator
from typing import TypeVar

import httpx2
import openai
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from tests.api.conftest import SECRET
from tests.conftest import SimulatorServer
from tests.parts import serving
from tests.runs import Runs, runs_with_worker

T = TypeVar("T")

FAST, SLOW, STANDARD = "simulator/fast", "simulator/slow", "simulator/standard"


@pytest.fixture(scope="module")
def api_settings(settings: Settings, simulator: SimulatorServer) -> Settings:
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration": "open",
            "simulator_url": simulator.url,
            "graceful_shutdown_s": 1.0,
            "call_max_attempts": 2,
            "reply_patience_s": 30.0,
            "context_windows": {"simulator/standard": 2_048},
            "cors_origins": ("https://console.example",),
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


@pytest.fixture(scope="module")
async def address(app: FastAPI) -> AsyncIterator[str]:
    """Serve the API on a port of its own, for clients that don't speak ASGI."""
    async with serving(app) as address:
        yield f"{address}/v1"


@pytest.fixture(scope="module")
async def client(address: str, alice: httpx2.AsyncClient) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return OpenAI's client for Python, signed in as Alice. It doesn't repeat requests."""
    async with client_for(address, alice) as client:
        yield client


@pytest.fixture(scope="module")
async def bobs_client(address: str, bob: httpx2.AsyncClient) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_for(address, bob) as client:
        yield client


def client_for(address: str, user: httpx2.AsyncClient, retries: int = 0) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=address, api_key=token_of(user), max_retries=retries, timeout=60)


async def drained(stream: AsyncIterator[T]) -> list[T]:
    """Read a stream to its end."""
    return [each async for each in stream]


def token_of(user: httpx2.AsyncClient) -> str:
    return user.headers["Authorization"].removeprefix("Bearer ")
