"""The migrations create the tables that the code defines, starting from nothing, and remove them again."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from alembic.config import Config
from pytest_alembic import MigrationContext
from pytest_alembic import config as testing
from pytest_alembic import tests as built_in
from pytest_alembic.runner import runner
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chimera.config.settings import Settings
from chimera.db import migrate
from chimera.db.engine import driver_url
from tests.parts import fresh_database
from tests.ports import free_port


@pytest.fixture
async def empty(parts: Settings) -> AsyncIterator[str]:
    """Create a database without tables, and yield its URL."""
    async with fresh_database(parts.database_url or "", migrated=False) as url:
        yield url


@pytest.fixture
def migrations(empty: str) -> Iterator[MigrationContext]:
    config: Config = migrate.config_for()
    engine = create_async_engine(driver_url(empty), poolclass=NullPool)
    raw = testing.Config.from_raw_config(config)
    # An async engine works too: env.py knows how to use it.
    with runner(config=raw, engine=engine) as context:  # type: ignore[arg-type]
        yield context


async def check(test: object, migrations: MigrationContext) -> None:
    # Use a thread, because Alembic runs its own event loop.
    assert callable(test)
    await asyncio.to_thread(test, migrations)


@pytest.mark.parametrize(
    "test",
    [
        built_in.test_single_head_revision,
        built_in.test_upgrade,
        built_in.test_model_definitions_match_ddl,
        built_in.test_up_down_consistency,
    ],
    ids=lambda test: test.__name__,
)
async def test_alembic(test: object, migrations: MigrationContext) -> None:
    await check(test, migrations)


async def test_several_processes_may_upgrade_at_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate.upgrade(empty) for _ in range(4)))
    assert sorted(revision is not None for revision in applied) == [False, False, False, True]
    assert await migrate.upgrade(empty) is None


async def test_tables_of_another_version_are_refused_untouched(empty: str) -> None:
    """The tables of commit 1fcab2d are at revision 0001."""
    engine = create_async_engine(driver_url(empty), poolclass=NullPool)
    made = ("CREATE TABLE alembic_version (version_num varchar(32))", "INSERT INTO alembic_version VALUES ('0001')")
    async with engine.begin() as connection:
        for statement in (*made, "CREATE TABLE tasks (id uuid)"):
            await connection.execute(text(statement))
    with pytest.raises(migrate.TablesUnreadable, match=r"revision '0001'.*CHIMERA_DATA_DIR"):
        await migrate.upgrade(empty)
    async with engine.connect() as connection:
        found = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert sorted(found) == ["alembic_version", "tasks"]
    await engine.dispose()


def test_the_command_refuses_another_versions_tables(empty: str) -> None:
    with psycopg.connect(empty.replace("postgresql+psycopg://", "postgresql://")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('0005')")
    ran = subprocess.run(
        [sys.executable, "-m", "chimera.db.migrate", "upgrade", "head"],
        env={**os.environ, "CHIMERA_DATABASE_URL": empty},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert "created by another version of Chimera" in ran.stderr
    assert "Traceback" not in ran.stderr


async def test_the_lock_is_given_back(empty: str) -> None:
    await migrate.upgrade(empty)
    engine = create_async_engine(driver_url(empty), poolclass=NullPool)
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
        assert found.scalar_one() == 0
    await engine.dispose()


def test_an_unresponsive_database_is_reported_in_one_line() -> None:
    url = f"postgresql://someone:hidden@127.0.0.1:{free_port()}/none"
    ran = subprocess.run(
        [sys.executable, "-m", "chimera.db.migrate", "upgrade", "head"],
        env={**os.environ, "CHIMERA_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "CHIMERA_DATABASE_URL" in ran.stderr
    assert "hidden" not in ran.stderr
