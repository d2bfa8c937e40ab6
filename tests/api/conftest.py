"""The API as clients see it: the whole app in this process, called through ASGI, with real servers behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
import structlog
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import update

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Run, User
from chimera.ledger import events
from models.events import Event, RunCompleted
from models.ids import TaskId
from models.runs import RunStatus

SECRET = "a secret of these tests that is long enough"
PASSWORD = "correct horse battery"

_NETWORKS = count(1)

SignUp = Callable[[], Awaitable[httpx2.AsyncClient]]


@pytest.fixture(scope="module", autouse=True)
def _plain_tracebacks() -> Iterator[None]:
    """Turn off structlog's default tracebacks. They render every local variable, which takes seconds per exception."""
    structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def api_settings(settings: Settings) -> Settings:
    # No run makes progress in these tests, so nothing has to listen at the simulator's address, and waiting is useless.
    return settings.model_copy(
        update={
            "jwt_secret": SecretStr(SECRET),
            "registration": "open",
            "simulator_url": "http://127.0.0.1:9",
            "reply_patience_s": 0.5,
            "cors_origins": ("https://console.example",),
        }
    )


@pytest.fixture(scope="module")
async def app(api_settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(api_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that hasn't signed in."""
    async with client_of(app) as client:
        yield client


@pytest.fixture(scope="module")
async def sign_up(app: FastAPI) -> AsyncIterator[SignUp]:
    """Return a function that registers a user and returns a client signed in as that user."""
    clients: list[httpx2.AsyncClient] = []

    async def sign_up() -> httpx2.AsyncClient:
        client = client_of(app)
        clients.append(client)
        email = f"{uuid4().hex}@example.com"
        await client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
        tokens = (await client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return client

    yield sign_up
    for client in clients:
        await client.aclose()


@pytest.fixture(scope="module")
async def alice(sign_up: SignUp) -> httpx2.AsyncClient:
    return await sign_up()


@pytest.fixture(scope="module")
async def bob(sign_up: SignUp) -> httpx2.AsyncClient:
    return await sign_up()


async def administrator(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    """Register a user, and make it an administrator before its first request, because rights are kept for a moment."""
    client = await sign_up()
    token = client.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == claims["sub"]).values(role="admin"))
    return client


def client_of(app: FastAPI, address: str | None = None) -> httpx2.AsyncClient:
    """Return a client at `address`. By default, each client gets its own, so that tests don't share rate limits."""
    address = address or f"2001:db8:{next(_NETWORKS):x}::1"
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://chimera.localhost")


async def new_task(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Create a task. It is a draft by default, so that nothing is started."""
    answer = await client.post("/api/v1/tasks", json={"goal": "Find out.", "start": False, **fields})
    assert answer.status_code == 202, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def set_task(database: Database, task_id: str, **values: Any) -> None:
    """Put a task into a state that only its run could reach."""
    async with database.begin() as session:
        await session.execute(update(Run).where(Run.id == task_id).values(**values))


async def publish(app: FastAPI, task_id: str, *happened: Event) -> None:
    """Write events as a run does: in one transaction with the state they report, then announce them on the bus."""
    parts: Parts = app.state.parts
    async with parts.database.begin() as session:
        seq = await events.append(session, TaskId(task_id), *happened)
        if any(isinstance(event, RunCompleted) for event in happened):
            await session.execute(update(Run).where(Run.id == task_id).values(status=RunStatus.COMPLETED))
    parts.bus.wake(TaskId(task_id), seq)
