"""Roles for servers in containers, created by the command that their setup service runs."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import make_url

from chimera.config.settings import Settings
from chimera.local import LocalStack, postgres
from tests.parts import settings_in, short_folder

ROLES = {"CHIMERA_DATABASE_URL": ("app", "one"), "TEMPORAL_DATABASE_URL": ("temporal", "two")}


@pytest.fixture
async def admin_url(parts: Settings) -> AsyncIterator[str]:
    """Start a server whose superuser the test may use, and yield the superuser's address."""
    named = {"redis_url": parts.redis_url, "temporal_address": parts.temporal_address}
    with short_folder() as path:
        stack = LocalStack(settings_in(path / "data", **named), services=False)
        async with stack:
            yield postgres.superuser_address(stack.folder)


def addresses(admin_url: str) -> dict[str, str]:
    server = make_url(admin_url)
    return {
        name: server.set(username=user, password=f"{database}p@ss", database=database).render_as_string(
            hide_password=False
        )
        for name, (user, database) in ROLES.items()
    }


def made(environment: dict[str, str], *names: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "chimera.db.roles", *names],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_repeated_setup_keeps_each_roles_database(admin_url: str) -> None:
    urls = addresses(admin_url)
    for _ in range(2):
        done = made({"ADMIN_DATABASE_URL": admin_url, **urls}, *urls)
        assert (done.returncode, done.stderr) == (0, "")
    for url in urls.values():
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS mine (number integer)")
    theirs = make_url(urls["CHIMERA_DATABASE_URL"]).set(database="two").render_as_string(hide_password=False)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        await psycopg.AsyncConnection.connect(theirs)


@pytest.mark.parametrize("missing", ["ADMIN_DATABASE_URL", "CHIMERA_DATABASE_URL"])
def test_an_address_that_is_missing_is_named(missing: str) -> None:
    url = "postgresql://app:secret@127.0.0.1:9/one"
    given = {name: url for name in ("ADMIN_DATABASE_URL", "CHIMERA_DATABASE_URL") if name != missing}
    done = made(given, "CHIMERA_DATABASE_URL")
    assert (done.returncode, missing in done.stderr, "secret" in done.stderr) == (1, True, False)


def test_an_unavailable_server_is_named_without_password() -> None:
    url = "postgresql://app:secret@127.0.0.1:9/one"
    done = made({"ADMIN_DATABASE_URL": url, "CHIMERA_DATABASE_URL": url}, "CHIMERA_DATABASE_URL")
    assert (done.returncode, "ADMIN_DATABASE_URL" in done.stderr, "secret" in done.stderr) == (1, True, False)
