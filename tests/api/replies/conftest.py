"""The API with a worker and the simulator, for tests of replies."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from tests.api.conftest import SECRET
from tests.conftest import SimulatorServer
from tests.runs import Runs, runs_with_worker
from tests.until import until_true

API = "/api/v1"
COMPLETIONS = f"{API}/chat/completions"
FAST, SLOW = "simulator/fast", "simulator/slow"


@pytest.fixture(scope="module")
def api_settings(settings: Settings, simulator: SimulatorServer) -> Settings:
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration": "open",
            "simulator_url": simulator.url,
            "graceful_shutdown_s": 1.0,
            "context_windows": {"simulator/standard": 8_192},
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


def said(text: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a request with one message of a user."""
    return {"model": FAST, "messages": [{"role": "user", "content": text}], **fields}


@dataclass
class Streamed:
    """What a client has received: the events, and the text that its rules make of the frames."""

    events: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""
    reply_id: str = ""

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def read(self, response: httpx2.Response) -> None:
        """Read server-sent events to their end, as docs/reference/streams.md tells clients to."""
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                self.take(json.loads(line.removeprefix("data: ")))

    def take(self, frame: dict[str, Any]) -> None:
        self.reply_id = frame["run_id"]
        if frame["kind"] == "tokens":
            if frame["offset"] == len(self.text):
                self.text += frame["text"]
            return
        event = frame["event"]
        self.events.append(event)
        if event["type"] == "model_call.started":
            self.text = ""


async def streamed(client: httpx2.AsyncClient, body: dict[str, Any]) -> Streamed:
    """Request a reply as a stream, and read it to its end."""
    stream = Streamed()
    async with client.stream("POST", COMPLETIONS, json={**body, "stream": True}) as response:
        await stream.read(response)
    return stream


async def in_state(client: httpx2.AsyncClient, address: str, *states: str) -> dict[str, Any]:
    """Wait until a reply has one of these states, and return it."""
    reply: dict[str, Any] = {}

    async def has_come() -> bool:
        reply.update((await client.get(address)).json())
        return reply["status"] in states

    await until_true(has_come)
    return reply


async def ended(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    """Wait for the end of a reply, and return it."""
    return await in_state(client, address, "completed", "failed", "cancelled")
