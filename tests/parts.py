"""The real parts that a run of the tests uses: started once, in a folder of their own, on free ports.

CHIMERA_TEST_DATABASE_URL, CHIMERA_TEST_REDIS_URL and CHIMERA_TEST_TEMPORAL_ADDRESS name servers to use instead, each on
its own. The database gets a name of its own and is dropped at the end; the Redis that is named is emptied.
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
    """Mount a disk of that size (`20m`) there for the block; skips the test where nobody may."""
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
    """Make a folder straight below the system's temporary one: pytest's own are too deep for Unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="chimera-test-"))
    # Where root runs the tests, PostgreSQL's user passes it; what is below is closed by itself.
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def settings_in(data_dir: Path, **changes: object) -> Settings:
    """Return settings for a stack on free ports that read nothing from the environment or a `.env`."""
    ports = {name: free_port() for name in ("api_port", "temporal_port", "temporal_ui_port", "simulator_port")}
    return Settings.model_validate({"data_dir": data_dir, **ports, **changes})


@asynccontextmanager
async def running_parts() -> AsyncIterator[Settings]:
    """Start what isn't named in the environment, and empty the Redis."""
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
    """The role that Chimera has of its own database makes no others, and no roles, as tests do.

    Nor does it end other processes, as dropping a database does that PostgreSQL is cleaning up at the moment.
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
    """Close what earlier tests left open: a worker takes up whatever it finds, in the midst of later ones."""
    engine = create_async_engine(driver_url(database_url))
    try:
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM outbox"))
            await connection.execute(text("UPDATE runs SET status = 'cancelled' WHERE ended_at IS NULL"))
    finally:
        await engine.dispose()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are pytest's."""
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp, port: int | None = None, ws: type[asyncio.Protocol] | str = "auto"
) -> AsyncIterator[str]:
    """Serve an app on the loopback address, in this loop, and yield where."""
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
