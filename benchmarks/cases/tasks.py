"""Run a task for a case whose model server gives scripted answers, and collect everything that can be observed."""

import asyncio
import json
import time
from typing import Any

import httpx2

from benchmarks.cases.case import PROVIDERS, Case, Ends, TaskCase
from benchmarks.cases.seen import Task
from tests.wires.model_server import Model, ModelServer

CLOSED = {"completed", "failed", "cancelled"}
POLL_S = 0.7
PLAN = [{"key": "one", "instruction": "Work it out.", "agent": "analyst"}]


def model_of(case: Case, asked: TaskCase) -> str:
    """Return the name by which the model server finds the case's script."""
    return asked.model or case.id.lower()


async def try_task(api: httpx2.AsyncClient, server: ModelServer, case: Case, asked: TaskCase, right: Ends) -> Task:
    """Run the task, and wait until it has ended or reached the correct state."""
    model = server.models[model_of(case, asked)] = Model(asked.answers)
    provider = asked.provider or PROVIDERS[asked.wire]
    body: dict[str, Any] = {"goal": "Do it.", "model": f"{provider}/{model_of(case, asked)}"}
    if not asked.planned:
        body["plan"] = PLAN
    response = await api.post("/api/v1/tasks", json={**body, **asked.body})
    if response.status_code != 202:
        return Task(asked.wire, {**response.json(), "status": "refused"})
    path = f"/api/v1/tasks/{response.json()['id']}"
    if asked.cancelled:
        await asyncio.wait_for(model.answered.wait(), asked.limit_s)
        await api.post(f"{path}/cancel")
    view = await _ended(api, path, {*CLOSED, right.status}, asked.limit_s)
    cost = (await api.get(f"{path}/cost")).json()
    finishes = await _finishes(api, path, view, cost) if view["status"] in CLOSED else ()
    if view["status"] not in CLOSED:
        await api.post(f"{path}/cancel")
    return Task(asked.wire, view, tuple(model.arrivals), cost["model_calls"], finishes)


async def _ended(api: httpx2.AsyncClient, path: str, wanted: set[str], limit_s: float) -> dict[str, Any]:
    deadline = time.monotonic() + limit_s
    while True:
        view: dict[str, Any] = (await api.get(path)).json()
        if view["status"] in wanted or time.monotonic() > deadline:
            return view
        await asyncio.sleep(POLL_S)


async def _finishes(
    api: httpx2.AsyncClient, path: str, view: dict[str, Any], cost: dict[str, Any]
) -> tuple[str | None, ...]:
    """Return the finish reason from each place where the API shows it."""
    subtasks = (await api.get(f"{path}/subtasks")).json()["items"]
    ends = [event for event in await _events(api, path) if event.get("finish_reason")]
    last = (cost["attempts"] or [{}])[-1]
    subtask = subtasks[0] if subtasks else {}
    return tuple(each.get("finish_reason") for each in (view, subtask, last, ends[-1] if ends else {}))


async def _events(api: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return all events of a task that has ended."""
    async with api.stream("GET", f"{path}/events", params={"after": 0}) as response:
        frames = [
            json.loads(line.removeprefix("data:")) async for line in response.aiter_lines() if line.startswith("data:")
        ]
    return [frame.get("event") or {} for frame in frames]
