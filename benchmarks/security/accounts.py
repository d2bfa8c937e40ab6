"""Accounts for trials, which are created in the database and sign in through the API, and the tasks that they start."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import RowMapping, text

from benchmarks.security.finding import API, PASSWORD, client_of, new_account, try_password
from chimera.db.engine import Database
from chimera.security.passwords import Passwords
from chimera.store import users
from models.ids import TaskId
from models.runs import CLOSED
from models.users import Role
from tests.stack import Stack


@asynccontextmanager
async def signed_in(
    stack: Stack, role: Role = "user", *, address: str = "127.0.9.1"
) -> AsyncIterator[httpx2.AsyncClient]:
    """Create an account and yield a client that is signed in to it."""
    email = await new_account(stack, role)
    async with client_of(stack, address=address) as client:
        answer = await try_password(client, email, PASSWORD)
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


async def new_accounts(stack: Stack, number: int) -> list[str]:
    """Create accounts with PASSWORD, which is hashed once for all of them, and return their e-mails."""
    hashed = await Passwords().hash(PASSWORD)
    emails = [f"{uuid4().hex}@example.com" for _ in range(number)]
    async with open_database(stack) as database, database.begin() as session:
        for email in emails:
            await users.create(session, email, hashed)
    return emails


@asynccontextmanager
async def open_database(stack: Stack) -> AsyncIterator[Database]:
    database = Database(stack.settings)
    try:
        yield database
    finally:
        await database.close()


async def rows(stack: Stack, query: str, **values: Any) -> Sequence[RowMapping]:
    """Run a statement on the stack's database and return its rows, or an empty list if it returns none."""
    async with open_database(stack) as database, database.begin() as session:
        found = await session.execute(text(query), values)
        return list(found.mappings()) if found.returns_rows else []  # type: ignore[attr-defined]


async def user_id(client: httpx2.AsyncClient) -> str:
    return str((await client.get(f"{API}/auth/me")).json()["id"])


async def new_task(client: httpx2.AsyncClient, directives: str, **fields: Any) -> TaskId:
    """Start a task with one subtask, with directives for the simulator."""
    plan = [{"key": "only", "instruction": f"Say a word. [[sim: {directives}]]", "agent": "writer"}]
    body = {"goal": "A trial", "model": "simulator/fast", "plan": plan, **fields}
    answer = await client.post(f"{API}/tasks", json=body)
    answer.raise_for_status()
    return TaskId(answer.json()["id"])


async def status_of(client: httpx2.AsyncClient, task_id: TaskId) -> str:
    return str((await client.get(f"{API}/tasks/{task_id}")).json()["status"])


async def until_status(
    client: httpx2.AsyncClient, task_id: TaskId, *wanted: str, limit_s: float = 60.0, every_s: float = 0.2
) -> str:
    """Wait up to `limit_s` until a task is in one of these states or has ended; return its state then."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while (status := await status_of(client, task_id)) not in (*wanted, *CLOSED):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(every_s)
    return status
