"""Fixtures for a command line that is signed in to the real API."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from cli.stack.stack import sign_in_here
from tests.parts import SECRET, fresh_database, serving


@pytest.fixture
async def real_api(parts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    """A command line that is signed in to an API with its own database."""
    async with fresh_database(parts.database_url or "") as url:
        settings = parts.model_copy(
            update={
                "database_url": url,
                "data_dir": tmp_path,
                "jwt_secret": SecretStr(SECRET),
            }
        )
        # Keep the API's log out of what the commands print.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        app = create_app(settings)
        async with app.router.lifespan_context(app), serving(app) as api_url:
            await sign_in_here(settings.model_copy(update={"api_port": int(api_url.rpartition(":")[2])}))
            monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
            yield settings
        structlog.reset_defaults()


@pytest.fixture
async def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that records waits of a second or more, and shorten these waits."""
    waited, sleep = list[float](), asyncio.sleep
    # Tasks that are already running keep their waits, such as the one that watches the test servers' disk.
    others = asyncio.all_tasks()

    async def shorter(seconds: float) -> None:
        if asyncio.current_task() in others:
            await sleep(seconds)
            return
        if seconds >= 1:
            waited.append(seconds)
        await sleep(seconds if seconds < 1 else 0)

    monkeypatch.setattr(asyncio, "sleep", shorter)
    return waited
