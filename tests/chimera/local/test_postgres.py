"""Sign-ins and rights in the embedded PostgreSQL, including clusters of an earlier version."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from chimera.db import migrate
from chimera.local import postgres, processes, surroundings
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.run_as import RunAs, choose
from chimera.local.supervisor import Supervised
from tests.parts import short_folder

pytestmark = pytest.mark.usefixtures("starts_servers")


@asynccontextmanager
async def server(folder: Folder) -> AsyncIterator[str]:
    running = Supervised(await postgres.prepare(folder), folder, Register(folder), print)
    await running.start()
    try:
        yield await postgres.create_database(folder)
    finally:
        await running.stop()


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[tuple[Folder, str]]:
    with short_folder() as path:
        folder = Folder.at(path / "data")
        async with server(folder) as url:
            yield folder, url


async def asked(url: str, statement: LiteralString) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await (await connection.execute(statement)).fetchall()


def without_password(url: str) -> str:
    role, _, rest = url.removeprefix("postgresql://").partition(":")
    return f"postgresql://{role}@{rest.partition('@')[2]}"


async def test_the_role_owns_its_database_and_nothing_else(cluster: tuple[Folder, str]) -> None:
    _, url = cluster
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
    assert await asked(url, f"{rights} WHERE rolname = current_user") == [(False,) * 5]
    owned = "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user"
    assert await asked(url, owned) == [("chimera",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE ROLE other",
        "CREATE DATABASE other",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "ALTER SYSTEM SET fsync = off",
        "SELECT rolpassword FROM pg_authid",
        "ALTER ROLE chimera SUPERUSER",
    ],
)
async def test_the_database_role_has_no_superuser_rights(cluster: tuple[Folder, str], statement: LiteralString) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await asked(cluster[1], statement)


@pytest.mark.parametrize("address", [postgres.address, postgres.superuser_address])
async def test_sign_in_needs_the_password(cluster: tuple[Folder, str], address: Any) -> None:
    folder, _ = cluster
    with pytest.raises(psycopg.OperationalError, match="password"):
        await asked(without_password(address(folder)), "SELECT 1")


async def test_the_superuser_has_a_password_of_its_own(cluster: tuple[Folder, str]) -> None:
    folder, url = cluster
    as_superuser = url.replace(f"{postgres.ROLE}:", f"{postgres.SUPERUSER}:", 1)
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        await asked(as_superuser, "SELECT 1")
    assert await asked(postgres.superuser_address(folder), "SELECT current_user::text") == [("postgres",)]


def test_secrets_stand_in_no_command_line_and_no_environment(cluster: tuple[Folder, str]) -> None:
    folder, _ = cluster
    secret = folder.root / "secrets.json"
    pid = int((folder.postgres / "postmaster.pid").read_text().splitlines()[0])
    reported = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    assert not [word for word in secret.read_text().split('"') if len(word) > 40 and word.encode() in reported]


async def test_earlier_data_are_transferred_and_closed() -> None:
    with short_folder() as path:
        folder = Folder.at(path / "data")
        await made_by_an_earlier_version(folder)
        for _ in range(2):
            async with server(folder) as url:
                assert await asked(url, "SELECT email, current_user::text FROM users") == [
                    ("old@example.org", "chimera")
                ]
                foreign = (
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                    " AND pg_get_userbyid(relowner) <> current_user"
                )
                assert await asked(url, foreign) == []
                await run(url, "ALTER TABLE users ADD COLUMN IF NOT EXISTS later integer")
                with pytest.raises(psycopg.OperationalError, match="password"):
                    await asked(without_password(postgres.superuser_address(folder)), "SELECT 1")


async def test_lost_secrets_lose_no_data() -> None:
    with short_folder() as path:
        folder = Folder.at(path / "data")
        async with server(folder) as url:
            await run(url, "CREATE TABLE kept AS SELECT 7 AS number")
        (folder.root / "secrets.json").unlink()
        async with server(folder) as again:
            assert await asked(again, "SELECT number FROM kept") == [(7,)]
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await asked(url, "SELECT 1")


async def test_a_lost_password_of_the_role_heals() -> None:
    with short_folder() as path:
        folder = Folder.at(path / "data")
        async with server(folder) as url:
            await run(url, "CREATE TABLE kept AS SELECT 7 AS number")
        secrets = folder.root / "secrets.json"
        found = json.loads(secrets.read_text())
        secrets.write_text(json.dumps({"postgres_password": found["postgres_password"]}))
        async with server(folder) as again:
            assert await asked(again, "SELECT number FROM kept") == [(7,)]
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await asked(url, "SELECT 1")


async def run(url: str, statement: LiteralString) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement)


async def made_by_an_earlier_version(folder: Folder) -> None:
    """Create a cluster as it was before roles had passwords: all of it belongs to a superuser without a password."""
    binaries = postgres._binaries()
    run_as = choose(binaries / "postgres", folder.postgres, folder.root)
    folder.postgres.mkdir(mode=0o700)
    if run_as is not None:
        os.chown(folder.postgres, run_as.owner, -1)
    command = (
        binaries / "initdb",
        "-D",
        folder.postgres,
        "-U",
        "postgres",
        "--locale=C",
        "--encoding=UTF8",
        "--auth=trust",
    )
    initdb = processes.spawn(
        [str(part) for part in command],
        environment=surroundings.for_server(),
        output=folder.output_of("initdb"),
        run_as=run_as,
    )
    assert await processes.ended(initdb)
    assert initdb.returncode == 0
    old = f"postgresql://postgres@/chimera?host={folder.postgres}&port={postgres.PORT}"
    async with trusting_server(binaries, folder, run_as):
        await run(old.replace("/chimera?", "/postgres?"), "CREATE DATABASE chimera")
        await migrate.upgrade(old)
        await run(old, "INSERT INTO users (email, password_hash) VALUES ('old@example.org', '')")
        await run(old, "CREATE TYPE mood AS ENUM ('calm'); CREATE VIEW people AS SELECT email FROM users")
        await run(old, "CREATE SEQUENCE numbers; CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")


@asynccontextmanager
async def trusting_server(binaries: Path, folder: Folder, run_as: RunAs | None) -> AsyncIterator[None]:
    process = processes.spawn(
        (str(binaries / "pg_ctl"), "start", "-w", "-D", str(folder.postgres), "-o", f"-h '' -k {folder.postgres}"),
        environment=surroundings.for_server(),
        output=folder.output_of("old"),
        run_as=run_as,
        death_signal=0,
    )
    assert await processes.ended(process)
    assert process.returncode == 0
    yield
    stop = (str(binaries / "pg_ctl"), "stop", "-w", "-D", str(folder.postgres))
    stopping = processes.spawn(
        stop, environment=surroundings.for_server(), output=folder.output_of("old"), run_as=run_as, death_signal=0
    )
    assert await processes.ended(stopping)
    assert stopping.returncode == 0
