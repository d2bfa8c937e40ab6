"""Chat sessions when processes die: nothing is lost, and nothing is said twice."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from chimera.config.settings import Settings
from chimera.failpoints import EXIT_CODE
from tests.api.ai.conftest import arrivals
from tests.api.ai.test_dead_workers import a_worker
from tests.api.chat.conftest import all_ended, branch, new_session, send
from tests.api.conftest import SignUp, client_of
from tests.conftest import SimulatorServer
from tests.until import until_true

MESSAGES = 4


@pytest.fixture
async def ivy(sign_up: SignUp) -> httpx2.AsyncClient:
    return await sign_up()


@pytest.mark.parametrize(("dies_at", "asked"), [("after_provider", 2), ("before_complete", 1)])
async def test_a_queue_survives_its_worker(
    ivy: httpx2.AsyncClient,
    api_settings: Settings,
    simulator: SimulatorServer,
    tmp_path: Path,
    dies_at: str,
    asked: int,
) -> None:
    settings = api_settings.model_copy(update={"task_queue": f"chat-{dies_at}"})
    session = await _queued(ivy, settings)
    with a_worker(settings, tmp_path, f"{dies_at}=exit") as first:
        assert await asyncio.to_thread(first.wait, 60) == EXIT_CODE
    with a_worker(settings, tmp_path):
        await all_ended(ivy, session)
    await _check(ivy, session, simulator, first=asked)


async def test_a_queue_survives_a_killed_worker(
    ivy: httpx2.AsyncClient, api_settings: Settings, simulator: SimulatorServer, tmp_path: Path
) -> None:
    settings = api_settings.model_copy(update={"task_queue": "chat-killed"})
    session = await _queued(ivy, settings, first="Write. [[sim: tokens=60; drip=20]]")
    reply_id = (await branch(ivy, session))[1]["reply"]["id"]
    with a_worker(settings, tmp_path) as worker:
        await until_true(lambda: _has_arrived(simulator, reply_id))
        os.kill(worker.pid, signal.SIGKILL)
        await asyncio.to_thread(worker.wait)
    with a_worker(settings, tmp_path):
        await all_ended(ivy, session)
    await _check(ivy, session, simulator, first=2)


async def _queued(client: httpx2.AsyncClient, settings: Settings, first: str = "Message 0") -> str:
    """Send messages to a session through an API with the same task queue, while no worker is running."""
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as same_user:
        same_user.headers["Authorization"] = client.headers["Authorization"]
        session = await new_session(same_user)
        for text in (first, *(f"Message {n}" for n in range(1, MESSAGES))):
            await send(same_user, session, text)
    return session


async def _has_arrived(simulator: SimulatorServer, run_id: str) -> bool:
    return arrivals(simulator, run_id) > 0


async def _check(client: httpx2.AsyncClient, session: str, simulator: SimulatorServer, *, first: int) -> None:
    messages = await branch(client, session)
    replies: list[dict[str, Any]] = [each["reply"] for each in messages if each["role"] == "assistant"]
    assert [each["status"] for each in replies] == ["completed"] * MESSAGES
    assert [arrivals(simulator, each["id"]) for each in replies] == [first] + [1] * (MESSAGES - 1)


@pytest.mark.usefixtures("runs")
async def test_a_message_needs_no_delivery(app: FastAPI, ivy: httpx2.AsyncClient) -> None:
    """An API that dies after it has stored a message leaves its start to the workers."""
    dispatcher = app.state.parts.dispatcher
    session = await new_session(ivy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatcher, "deliver_soon", lambda run_id: None)
        for number in range(3):
            await send(ivy, session, f"Message {number}")
    await all_ended(ivy, session)
    statuses = [each["reply"]["status"] for each in (await branch(ivy, session))[1::2]]
    assert statuses == ["completed"] * 3
