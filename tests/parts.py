"""The real servers that a test run uses: started once, in their own folder, on free ports.

CHIMERA_TEST_DATABASE_URL, CHIMERA_TEST_REDIS_URL and CHIMERA_TEST_TEMPORAL_ADDRESS each name a server to use instead.
The tests create their own database there and drop it at the end; a Redis that is named is emptied.
"""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest
import uvicorn
from redis.asyncio import Redis
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.types import ASGIApp

from chimera.config.settings import Settings
from chimera.db import migrate
from chimera.db.engine import driver_url
from chimera.local import LocalStack, postgres, redis
from chimera.local.folder import Folder
from tests.ports import free_port

SECRET = "a secret that only tests have, long enough"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a disk of the given size (such as `20m`) for the block. Skips the test if mounting isn't permitted."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs a right to mount one")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder directly in the system's temporary folder: pytest's own paths are too long for Unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="chimera-test-"))
    # If root runs the tests, PostgreSQL's user must pass through this folder. The contents have their own permissions.
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def settings_in(data_dir: Path, **changes: object) -> Settings:
    """Return settings for a stack on free ports, without reading the environment or a `.env` file."""
    ports = {name: free_port() for name in ("api_port", "temporal_port", "temporal_ui_port", "simulator_port")}
    return Settings.model_validate({"data_dir": data_dir, **ports, **changes})


@asynccontextmanager
async def running_parts() -> AsyncIterator[Settings]:
    """Start the servers that aren't named in the environment, and empty Redis."""
    named = {
        name: value
        for name in ("database_url", "redis_url", "temporal_address")
        if (value := os.environ.get(f"CHIMERA_TEST_{name.upper()}"))
    }
    with short_folder() as data_dir:
        stack = LocalStack(settings_in(data_dir, **named), services=False)
        async with stack as settings:
            if "postgres" in stack.parts:
                await _let_make_databases(stack.folder)
            own = "redis" in stack.parts
            async with Redis.from_url(redis.admin_address(stack.folder) if own else settings.redis_url or "") as client:
                await client.flushdb()
            yield settings


async def _let_make_databases(folder: Folder) -> None:
    """Extend the rights of Chimera's role: tests create databases and roles, which the role otherwise can't.

    Dropping a database also ends PostgreSQL processes that are cleaning it up at the moment, which needs another right.
    """
    async with await psycopg.AsyncConnection.connect(postgres.superuser_address(folder), autocommit=True) as server:
        await server.execute(f"ALTER ROLE {postgres.ROLE} CREATEDB CREATEROLE")
        await server.execute(f"GRANT pg_signal_backend TO {postgres.ROLE}")


@asynccontextmanager
async def fresh_database(server_url: str, *, migrated: bool = True) -> AsyncIterator[str]:
    """Create a database beside the one in `server_url`, and drop it at the end."""
    name = f"chimera_test_{secrets.token_hex(6)}"
    server = create_async_engine(driver_url(server_url), isolation_level="AUTOCOMMIT")
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    try:
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            if migrated:
                await migrate.upgrade(url)
            yield url
        finally:
            async with server.connect() as connection:
                await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        await server.dispose()


async def forget_open_work(database_url: str) -> None:
    """Close what earlier tests left open. Otherwise, a worker would resume it in the middle of later tests."""
    engine = create_async_engine(driver_url(database_url))
    try:
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM outbox"))
            await connection.execute(text("UPDATE runs SET status = 'cancelled' WHERE ended_at IS NULL"))
            await connection.execute(text("UPDATE retentions SET status = 'completed' WHERE ended_at IS NULL"))
    finally:
        await engine.dispose()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to pytest."""
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp, port: int | None = None, ws: type[asyncio.Protocol] | str = "auto"
) -> AsyncIterator[str]:
    """Serve an app on the loopback address, in this event loop, and yield its URL."""
    port = port or free_port()
    config = uvicorn.Config(
        app,
        port=port,
        ws=ws,
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running
