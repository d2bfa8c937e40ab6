"""A database that responds with a refusal: reported with its own code and a remedy, and shown by the health check."""

from collections.abc import AsyncIterator

import httpx2
import psycopg
import pytest
from fastapi import FastAPI

from api.app import create_app
from chimera.config.settings import Settings
from chimera.db import engine
from chimera.db.refusals import refusal_of
from tests.api.conftest import PASSWORD, client_of, new_task
from tests.api.routes.test_streams import received, signed_in
from tests.parts import fresh_database

REFUSE_TASKS = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '{}';
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION refuse();
"""
REFUSE_READS = """
CREATE FUNCTION refuse_read() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200';
END $$;
ALTER TABLE runs RENAME TO kept_runs;
CREATE VIEW runs AS SELECT * FROM kept_runs WHERE refuse_read();
"""


@pytest.fixture
async def own(api_settings: Settings) -> AsyncIterator[Settings]:
    """Settings with a separate database that a test may damage."""
    async with fresh_database(api_settings.database_url or "") as url:
        yield api_settings.model_copy(update={"database_url": url})


@pytest.fixture
async def app(own: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(own)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        person = {"email": "alice@example.com", "password": PASSWORD}
        await client.post("/api/v1/auth/register", json=person)
        tokens = (await client.post("/api/v1/auth/login", json=person)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        yield client


async def spoil(settings: Settings, statements: str) -> None:
    address = (settings.database_url or "").replace("postgresql+psycopg://", "postgresql://")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute(statements.encode())


async def test_a_full_disk_is_named_in_answers_and_health(
    client: httpx2.AsyncClient, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spoil(own, REFUSE_TASKS.format("53100"))
    refused = await client.post("/api/v1/tasks", json={"goal": "Be kept."})
    assert (refused.status_code, refused.json()["code"]) == (503, "disk_full")
    assert refused.json()["detail"].startswith("The database's disk is full")
    assert refused.headers["Retry-After"] == "10"
    assert "base/1/2" not in refused.text
    assert (await client.get("/api/v1/tasks")).status_code == 200
    ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["parts"]["database"]["state"] == "full"
    monkeypatch.setattr(engine, "FULL_SECONDS", 0.0)
    assert (await client.get("/health/ready")).json()["parts"]["database"]["state"] == "up"


@pytest.mark.parametrize(("state", "code"), [("53200", "too_many_connections"), ("25006", "database_read_only")])
async def test_other_refusals_have_codes_of_their_own(
    client: httpx2.AsyncClient, own: Settings, state: str, code: str
) -> None:
    await spoil(own, REFUSE_TASKS.format(state))
    refused = await client.post("/api/v1/tasks", json={"goal": "Be kept."})
    assert (refused.status_code, refused.json()["code"]) == (503, code)
    assert refused.json()["detail"]


async def test_an_error_frame_names_the_databases_refusal(
    app: FastAPI, client: httpx2.AsyncClient, own: Settings
) -> None:
    task_id = (await new_task(client))["id"]
    await spoil(own, REFUSE_READS)
    problem = (await client.get(f"/api/v1/tasks/{task_id}")).json()
    async with signed_in(app, client) as socket:
        await socket.send_json({"type": "subscribe", "topic": f"run:{task_id}"})
        frame = await received(socket)
    assert frame["code"] == problem["code"] == "too_many_connections"
    assert frame["detail"] == problem["detail"]


async def test_a_database_that_turned_read_only_is_named(own: Settings, client: httpx2.AsyncClient) -> None:
    await spoil(
        own,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',"
        " current_database()); END $$",
    )
    later = create_app(own)
    async with later.router.lifespan_context(later), client_of(later) as there:
        authorization = {"Authorization": client.headers["Authorization"]}
        refused = await there.post("/api/v1/tasks", json={"goal": "Be kept."}, headers=authorization)
    assert (refused.status_code, refused.json()["code"]) == (503, "database_read_only")


async def test_a_server_without_connections_left_is_named(own: Settings) -> None:
    await spoil(own, "DROP ROLE IF EXISTS crowded; CREATE ROLE crowded LOGIN PASSWORD 'crowded' CONNECTION LIMIT 1")
    address = (own.database_url or "").replace("postgresql+psycopg://", "postgresql://")
    async with await psycopg.AsyncConnection.connect(address, user="crowded", password="crowded"):
        with pytest.raises(psycopg.OperationalError) as refused:
            await psycopg.AsyncConnection.connect(address, user="crowded", password="crowded")
    known = refusal_of(refused.value)
    assert known is not None
    assert known.code == "too_many_connections"
    await spoil(own, "DROP ROLE crowded")
