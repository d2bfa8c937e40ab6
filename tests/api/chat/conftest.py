"""The API with a worker and the simulator, for tests of chat sessions."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from tests.api.conftest import SECRET
from tests.conftest import SimulatorServer
from tests.runs import Runs, runs_with_worker
from tests.until import until_true

CHAT = "/api/v1/chat"
SESSIONS = f"{CHAT}/sessions"
MODEL = "simulator/fast"


@pytest.fixture(scope="module")
def api_settings(settings: Settings, simulator: SimulatorServer) -> Settings:
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration": "open",
            "simulator_url": simulator.url,
            "default_model": MODEL,
            "graceful_shutdown_s": 1.0,
            "chat_titles": False,
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


@contextmanager
def changed(app: FastAPI, **changes: object) -> Iterator[None]:
    """Change settings of the API for the block."""
    parts = app.state.parts
    assert isinstance(parts, Parts)
    app.state.parts = replace(parts, settings=parts.settings.model_copy(update=changes))
    try:
        yield
    finally:
        app.state.parts = parts


async def new_session(client: httpx2.AsyncClient, **fields: Any) -> str:
    """Create a session and return its address."""
    answer = await client.post(SESSIONS, json={"model": MODEL, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


async def send(client: httpx2.AsyncClient, session: str, text: str, wait_s: int = 0, **fields: Any) -> dict[str, Any]:
    """Send a message and return the response; with `wait_s`, the reply has ended."""
    headers = {"Prefer": f"wait={wait_s}"}
    answer = await client.post(f"{session}/messages", json={"text": text, **fields}, headers=headers)
    assert answer.status_code == (200 if wait_s else 202), answer.text
    sent: dict[str, Any] = answer.json()
    return sent


async def branch(client: httpx2.AsyncClient, session: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the messages of a branch, oldest first."""
    answer = await client.get(f"{session}/messages", params={"sort": "created_at", "limit": 100, **parameters})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def all_ended(client: httpx2.AsyncClient, session: str) -> None:
    """Wait until the session has no open reply."""

    async def have_ended() -> bool:
        return bool((await client.get(session)).json()["open_replies"] == [])

    await until_true(have_ended)
