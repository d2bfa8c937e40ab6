"""The API with a worker and the simulator, for tests of replies."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from tests.api.conftest import SECRET
from tests.conftest import SimulatorServer
from tests.runs import Runs, runs_with_worker

API = "/api/v1"
COMPLETIONS = f"{API}/chat/completions"
FAST, SLOW = "simulator/fast", "simulator/slow"


@pytest.fixture(scope="module")
def api_settings(settings: Settings, simulator: SimulatorServer) -> Settings:
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration_open": True,
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
