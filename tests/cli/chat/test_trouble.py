"""`chimera chat` when an agent asks, a worker dies or the connection is lost in the middle of a reply."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from chimera.config.settings import Settings
from tests.api.ai.test_dead_workers import a_worker
from tests.cli.chat.conftest import ENTER, LEAVE, chat_settings, signed_in_at, typing
from tests.conftest import SimulatorServer
from tests.parts import fresh_database, serving
from tests.ports import free_port

READY = "Enter a message"
SLOW = "Write. [[sim: tokens=80; drip=20]]"


@pytest.fixture
async def lone_settings(parts: Settings, simulator: SimulatorServer, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings for an API without a worker."""
    async with fresh_database(parts.database_url or "") as url:
        yield chat_settings(parts, url, simulator, tmp_path).model_copy(update={"task_queue": "test-chat-trouble"})


@asynccontextmanager
async def an_api(settings: Settings, port: int) -> AsyncIterator[None]:
    app = create_app(settings)
    async with app.router.lifespan_context(app), serving(app, port) as url:
        await signed_in_at(settings, url)
        yield


async def test_a_killed_workers_text_is_replaced(lone_settings: Settings, tmp_path: Path) -> None:
    async with an_api(lone_settings, free_port()), typing(tmp_path) as user:
        await user.sees(READY)
        with a_worker(lone_settings, tmp_path) as worker:
            user.type(SLOW + ENTER)
            await user.sees("[simulated]")
            os.kill(worker.pid, signal.SIGKILL)
            await asyncio.to_thread(worker.wait)
        with a_worker(lone_settings, tmp_path):
            await user.sees("simulator/fast (simulated)")
        assert user.screen.text.count("[simulated]") == 1
        user.type(LEAVE)
        assert await user.ends() == 0


async def test_a_restarted_api_loses_no_text(lone_settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    with a_worker(lone_settings, tmp_path):
        async with AsyncExitStack() as stack:
            async with an_api(lone_settings, port):
                user = await stack.enter_async_context(typing(tmp_path))
                await user.sees(READY)
                user.type(SLOW + ENTER)
                await user.sees("[simulated]")
            await user.sees("The connection to Chimera was lost")
            await stack.enter_async_context(an_api(lone_settings, port))
            await user.sees("Connected again")
            await user.sees("simulator/fast (simulated)")
            assert user.screen.text.count("[simulated]") == 1
            user.type(LEAVE)
            assert await user.ends() == 0


async def test_a_question_is_answered_in_place(chat_folder: Path, chat_api: httpx2.AsyncClient) -> None:
    spec = {"name": "asker", "prompt": "You ask.", "tools": ["ask_person"]}
    assert (await chat_api.post("/api/v1/agents", json=spec)).status_code == 201
    async with typing(chat_folder) as user:
        await user.sees(READY)
        user.type("/agent asker" + ENTER)
        await user.sees("asker replies from the next message on")
        user.type('Ask. [[sim: ask="Which color?"]]' + ENTER)
        await user.sees("Your answer (empty: later)")
        user.type("green" + ENTER)
        await user.sees("Answered.")
        await user.sees("simulator/fast (simulated)")
        user.type(LEAVE)
        assert await user.ends() == 0
