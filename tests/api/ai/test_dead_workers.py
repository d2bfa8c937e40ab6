"""Workers that die during a call: an answered call isn't repeated, and a possible cost is counted."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chimera.config.settings import Settings
from chimera.failpoints import EXIT_CODE
from chimera.local import processes
from chimera.local.surroundings import of_settings
from tests.api.ai.conftest import AI, arrivals, ended
from tests.api.conftest import SignUp
from tests.conftest import SimulatorServer

IMAGE_REQUEST = {"model": "simulator/image", "prompt": "a lighthouse"}


@contextmanager
def a_worker(settings: Settings, folder: Path, failpoints: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker in its own process, as in production."""
    environment = of_settings(settings, failpoints=failpoints, data_dir=folder)
    process = processes.spawn(
        [sys.executable, "-m", "worker"],
        environment=os.environ | environment,
        output=folder / "worker.out",
        death_signal=signal.SIGKILL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def ivy(sign_up: SignUp) -> httpx2.AsyncClient:
    return await sign_up()


@pytest.mark.parametrize(
    ("dies_at", "asked", "in_doubt"),
    [("after_provider", 2, 1), ("before_complete", 1, 0)],
)
async def test_a_worker_that_dies_costs_at_most_one_request(
    ivy: httpx2.AsyncClient,
    api_settings: Settings,
    simulator: SimulatorServer,
    tmp_path: Path,
    dies_at: str,
    asked: int,
    in_doubt: int,
) -> None:
    settings = api_settings.model_copy(update={"task_queue": f"dead-{dies_at}"})
    address, made = await _accepted(ivy, settings)
    with a_worker(settings, tmp_path, f"{dies_at}=exit") as first:
        assert await asyncio.to_thread(first.wait, 30) == EXIT_CODE
    with a_worker(settings, tmp_path):
        call = await ended(ivy, address)
        if dies_at == "before_complete":
            # The row was settled before the worker died; the run itself must end in Temporal as well.
            await _run_closed(settings, made["id"])
    assert (call["status"], call["in_doubt"], call["attempts"]) == ("completed", in_doubt, 1 + in_doubt)
    assert (call["cost_micro_usd"], call["in_doubt_micro_usd"]) == (10_000, in_doubt * 10_000)
    assert arrivals(simulator, made["id"]) == asked
    assert [file["id"] for file in (await ivy.get("/api/v1/files")).json()["items"]] == [
        call["result"]["data"][0]["file_id"]
    ]


async def _accepted(client: httpx2.AsyncClient, settings: Settings) -> tuple[str, dict[str, Any]]:
    """Have an API with the same task queue accept a call while no worker is running."""
    from api.app import create_app

    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=client.headers) as here:
            answer = await here.post(f"{AI}/images", json=IMAGE_REQUEST, headers={"Prefer": "wait=0"})
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"], answer.json()


async def _run_closed(settings: Settings, call_id: str) -> None:
    from chimera.temporal.client import Temporal

    client = await Temporal(settings).client()
    async with asyncio.timeout(60):
        await client.get_workflow_handle(f"run-{call_id}").result()
