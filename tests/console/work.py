"""What people of the tested console have: tasks, chats, files and agents, created through the API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from models.runs import CLOSED
from tests.console.people import Person
from tests.stack import Stack
from tests.until import until_true

MODEL = "simulator/fast"
POST = '[[sim: call=http_request; args={"method": "POST", "url": "http://127.0.0.1:9/orders"}]]'
"""A directive that makes the simulator call a tool that needs an approval. Nobody listens there."""


def a_subtask(key: str, instruction: str = "Say a word. [[sim: tokens=10]]", **fields: Any) -> dict[str, Any]:
    return {"key": key, "instruction": instruction, "agent": "writer", **fields}


@dataclass(frozen=True, slots=True)
class Work:
    """The API, as one person uses it."""

    api: httpx2.AsyncClient

    async def get(self, path: str, /, **params: str | int) -> Any:
        return (await self.api.get(f"/api/v1{path}", params=params)).raise_for_status().json()

    async def post(self, path: str, body: object = None) -> Any:
        answer = await self.api.post(f"/api/v1{path}", json=body)
        if answer.is_error:
            raise AssertionError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    async def task(self, goal: str, *plan: dict[str, Any], model: str = MODEL, **fields: Any) -> str:
        """Create a task, by default with one subtask, and return its ID."""
        body = {"goal": goal, "model": model, "plan": plan or [a_subtask("word")], **fields}
        return str((await self.post("/tasks", body))["id"])

    async def until(self, task_id: str, *statuses: str) -> Any:
        """Wait until a task has one of these statuses, by default until it has ended, and return it."""
        wanted: Sequence[str] = statuses or tuple(CLOSED)
        found: Any = None

        async def holds() -> bool:
            nonlocal found
            found = await self.get(f"/tasks/{task_id}")
            if found["status"] in CLOSED and found["status"] not in wanted:
                raise AssertionError(f"the task is {found['status']}: {found.get('error')}")
            return found["status"] in wanted

        await until_true(holds)
        return found

    async def approval(self, task_id: str) -> Any:
        """Wait until a task asks for a decision, and return it."""
        found: list[Any] = []

        async def is_asked() -> bool:
            waiting = (await self.get("/approvals"))["items"]
            found[:] = [each for each in waiting if each["task_id"] == task_id]
            return bool(found)

        await until_true(is_asked)
        return found[0]

    async def courier(self) -> str:
        """Create an agent that may call a tool that needs an approval, and return its name."""
        name = f"courier-{uuid4().hex[:6]}"
        body = {"name": name, "prompt": "You send requests.", "tools": ["http_request", "ask_person"]}
        await self.post("/agents", body)
        return name

    async def file(self, name: str, content: bytes = b"Tea is hot.\n", kind: str = "text/plain") -> str:
        answer = await self.api.post("/api/v1/files", files={"file": (name, content, kind)})
        return str(answer.raise_for_status().json()["id"])


@asynccontextmanager
async def working_as(stack: Stack, person: Person) -> AsyncIterator[Work]:
    """Sign a person in to the API."""
    body = {"email": person.email, "password": person.password}
    token = (await stack.api.post("/api/v1/auth/login", json=body)).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=stack.api.base_url, headers=headers, timeout=60, trust_env=False) as api:
        yield Work(api)
