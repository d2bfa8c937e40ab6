"""The controls that are allowed in each of a task's states."""

from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, func, select, update

from chimera.db.engine import Database
from chimera.db.tables import EventRow, Guidance, Outbox, Subtask
from chimera.ledger import runs
from chimera.ledger.events import read_after
from models.errors import Conflict
from models.events import (
    BudgetReached,
    ModelCallFailed,
    ModelCallStarted,
    ModelCallWaiting,
    RunPaused,
)
from models.ids import NodePath, TaskId
from models.model_calls import Purpose
from models.runs import RunStatus
from models.tasks import SteerReceipt, SteerRequest
from tests.api.conftest import new_task, publish, set_task

PLAN = [
    {"key": "facts", "instruction": "Collect facts.", "agent": "researcher"},
    {"key": "text", "instruction": "Write.", "agent": "writer", "depends_on": ["facts"]},
]
CONTROLS = ("execute", "pause", "resume", "retry", "cancel", "budget", "steer", "delete")
ALLOWED = {
    "draft": {"execute": "queued", "cancel": "cancelled", "budget": "draft", "steer": "draft", "delete": "gone"},
    "queued": {"pause": "paused", "resume": "queued", "cancel": "cancelling", "budget": "queued", "steer": "queued"},
    "running": {"pause": "paused", "cancel": "cancelling"} | dict.fromkeys(("resume", "budget", "steer"), "running"),
    "paused": {"resume": "running", "cancel": "cancelling"} | dict.fromkeys(("pause", "budget", "steer"), "paused"),
    "waiting": {"pause": "paused", "cancel": "cancelling", "budget": "running", "steer": "waiting"},
    "cancelling": {"cancel": "cancelling"},
    "completed": {"delete": "gone"},
    "failed": {"retry": "running", "delete": "gone"},
    "cancelled": {"cancel": "cancelled", "delete": "gone"},
}
"""The status of a task after each control that its current status allows. All other controls are refused."""
REMEDIES = {
    "draft": ("Start the draft.", "POST /api/v1/tasks/{id}/execute"),
    "queued": ("It will start when its turn comes.", None),
    "running": ("Check its progress.", "GET /api/v1/tasks/{id}"),
    "paused": ("Resume the task.", "POST /api/v1/tasks/{id}/resume"),
    "waiting": ("aise ", "POST /api/v1/tasks/{id}/budget"),
    "failed": ("Retry the task", "POST /api/v1/tasks/{id}/retry"),
    **dict.fromkeys(("cancelling", "completed", "cancelled"), ("Create a new task.", "POST /api/v1/tasks")),
    "cancel": ("You can delete", "DELETE /api/v1/tasks/{id}"),
    "delete": ("Cancel it first.", "POST /api/v1/tasks/{id}/cancel"),
}
"""The remedy that a refusal names, in words and as a request: by control for these two, otherwise by status."""


@pytest.mark.parametrize("status", list(RunStatus))
@pytest.mark.parametrize("control", CONTROLS)
async def test_each_control_names_its_allowed_states(
    app: FastAPI,
    alice: httpx2.AsyncClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    control: str,
) -> None:
    # Deliver nothing: a delivery to a run that doesn't exist would end the task.
    monkeypatch.setattr(app.state.parts.dispatcher, "deliver_soon", lambda task_id: None)
    task_id = (await new_task(alice))["id"]
    await set_task(database, task_id, status=status, started_at=None if status in ("draft", "queued") else func.now())
    answer = await _control(alice, task_id, control)
    expected = ALLOWED[status].get(control)
    if expected is None:
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        detail = answer.json()["detail"]
        assert status in detail or "waiting for a higher budget" in detail
        words, request = REMEDIES.get(control, REMEDIES[status])
        if (control, status) == ("delete", "cancelling"):
            words, request = "Retry after it has ended", None
        assert words in detail
        assert _requested(answer) == (request and request.format(id=task_id))
        assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["status"] == status
    elif expected == "gone":
        assert answer.status_code == 204
        assert (await alice.get(f"/api/v1/tasks/{task_id}")).status_code == 404
    else:
        assert answer.is_success, answer.text
        assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["status"] == expected


async def test_a_control_writes_its_event_and_its_message_together(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.parts.dispatcher, "deliver_soon", lambda task_id: None)
    task_id = (await new_task(alice))["id"]
    for control in ("execute", "pause", "resume", "budget", "cancel", "cancel"):
        assert (await _control(alice, task_id, control)).status_code == 202
    async with database.begin() as session:
        outbox = (await session.scalars(select(Outbox).where(Outbox.run_id == task_id).order_by(Outbox.id))).all()
        events = (
            await session.scalars(select(EventRow.payload).where(EventRow.run_id == task_id).order_by(EventRow.seq))
        ).all()
    assert [entry.payload or entry.kind for entry in outbox] == [
        "start",
        *({"name": name, "args": []} for name in ("pause", "resume", "budget_raised")),
        "cancel",
    ]
    assert [event["type"] for event in events] == [
        "run.accepted",
        "run.paused",
        "run.resumed",
        "budget.raised",
        "run.cancelling",
    ]


async def test_a_retry_names_a_model_that_can_be_asked(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.parts.dispatcher, "deliver_soon", lambda task_id: None)
    task_id = (await new_task(alice, plan=PLAN))["id"]
    await set_task(database, task_id, status="failed", error_code="wrong_key", error="No.", started_at=func.now())
    for body, field in (({"model": "nobody/x"}, "model"), ({"guidance": ""}, "guidance"), ({"modle": "a/b"}, "modle")):
        refused = await alice.post(f"/api/v1/tasks/{task_id}/retry", json=body)
        assert (refused.status_code, field in str(refused.json())) == (422, True)
    answer = await alice.post(f"/api/v1/tasks/{task_id}/retry", json={"model": "simulator/fast"})
    assert (answer.status_code, answer.json()["retries"], answer.json()["model"]) == (202, 1, "simulator/fast")
    assert (answer.json()["error_code"], answer.json()["error"], answer.json()["ended_at"]) == (None, None, None)


@pytest.mark.parametrize(
    ("code", "retry", "change"),
    [("overloaded", True, []), ("unknown_model", True, ["model"]), ("turn_limit_reached", False, [])],
)
async def test_a_failed_task_has_a_remedy(
    app: FastAPI,
    alice: httpx2.AsyncClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    retry: bool,
    change: list[str],
) -> None:
    monkeypatch.setattr(app.state.parts.dispatcher, "deliver_soon", lambda task_id: None)
    made = await new_task(alice, plan=PLAN)
    path = f"/api/v1/tasks/{made['id']}"
    await set_task(database, made["id"], status="failed", error_code=code, error="No.", started_at=func.now())
    task = (await alice.get(path)).json()
    assert (made["remedy"], task["remedy"]["retry"], task["remedy"]["change"]) == (None, retry, change)
    refused = await alice.post(f"{path}/pause")
    assert _requested(refused) == (f"POST {path}/retry" if retry else "POST /api/v1/tasks")
    assert (await alice.post(f"{path}/retry")).status_code == (202 if retry else 409)


async def test_a_retry_belongs_to_the_tasks_owner(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    task_id = (await new_task(alice))["id"]
    await set_task(database, task_id, status="failed", started_at=func.now())
    assert (await bob.post(f"/api/v1/tasks/{task_id}/retry")).status_code == 404


async def test_a_run_that_failed_does_not_end_its_retry(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal's information may be about the previous run."""
    monkeypatch.setattr(app.state.parts.dispatcher, "deliver_soon", lambda task_id: None)
    task_id = (await new_task(alice))["id"]
    async with database.begin() as session:
        await session.execute(delete(Outbox).where(Outbox.run_id == task_id))
    await set_task(database, task_id, status="failed", started_at=func.now())
    await alice.post(f"/api/v1/tasks/{task_id}/retry")
    async with database.begin() as session:
        assert await runs.close_from_temporal(session, TaskId(task_id), False, retries=0) is False
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["status"] == "running"


async def test_a_waiting_task_names_its_limit_and_remedy(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database
) -> None:
    task_id = (await new_task(alice))["id"]
    reached = BudgetReached(limit="max_cost_micro_usd", message="Raise it.", needed=4475)
    await publish(app, task_id, reached.model_copy(update={"message": "An earlier one."}), reached, RunPaused())
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["waiting"] is None
    await set_task(database, task_id, status="waiting", needs_budget=True, started_at=func.now())
    waiting = (await alice.get(f"/api/v1/tasks/{task_id}")).json()["waiting"]
    assert waiting == {
        "kind": "budget",
        "limit": "max_cost_micro_usd",
        "needed": 4475,
        "message": "Raise it.",
        "until": None,
        "remedy": {"action": "raise_budget", "target": task_id, "options": {"max_cost_micro_usd": 10_000}},
    }


async def test_a_running_task_lists_blocked_calls_with_times(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database
) -> None:
    task_id = (await new_task(alice))["id"]
    await set_task(database, task_id, status="running", started_at=func.now())
    place: dict[str, Any] = {"path": "facts", "purpose": Purpose.TURN, "step": 2}
    failed = ModelCallFailed(**place, attempt=1, code="overloaded", message="Too much.", retryable=True)
    begun = ModelCallStarted(**place, attempt=2, agent="a", model="m", simulated=True)
    waits = ModelCallWaiting(**place, code="provider_away", message="It is away.", retry_after_s=60)
    await publish(app, task_id, failed)
    async with database.statements() as connection:
        first = (await read_after(connection, TaskId(task_id), 0))[-1].at
    await publish(app, task_id, begun)
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["blocked_by"] == []
    await publish(app, task_id, failed.model_copy(update={"attempt": 2}), waits)
    async with database.statements() as connection:
        last = (await read_after(connection, TaskId(task_id), 0))[-1].at
    [held] = (await alice.get(f"/api/v1/tasks/{task_id}")).json()["blocked_by"]
    since, next_try_at = (datetime.fromisoformat(held.pop(name)) for name in ("since", "next_try_at"))
    assert since == first
    assert next_try_at == last + timedelta(seconds=60)
    assert held == {
        "path": "facts",
        "step": 2,
        "code": "provider_away",
        "message": "It is away.",
        "attempts": 0,
        "requests": 0,
        "model": None,
    }
    await publish(app, task_id, waits.model_copy(update={"retry_after_s": 0.0}))
    [held] = (await alice.get(f"/api/v1/tasks/{task_id}")).json()["blocked_by"]
    assert held["next_try_at"] is None


async def test_a_draft_is_cancelled_with_its_subtasks(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice, plan=PLAN))["id"]
    await _control(alice, task_id, "cancel")
    subtasks = (await alice.get(f"/api/v1/tasks/{task_id}/subtasks")).json()["items"]
    assert [subtask["status"] for subtask in subtasks] == ["cancelled", "cancelled"]
    async with database.statements() as connection:
        frames = await read_after(connection, TaskId(task_id), 0)
    ends = [(frame.event.type, frame.event.path) for frame in frames[-3:]]
    assert ends == [("subtask.cancelled", "facts"), ("subtask.cancelled", "text"), ("run.cancelled", "")]


async def test_a_budget_must_exceed_spending(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice, budget={"max_cost_micro_usd": 100, "max_tokens": 50}))["id"]
    await set_task(database, task_id, status="waiting", started_at=func.now(), spent_micro_usd=100, input_tokens=30)
    answer = await alice.post(f"/api/v1/tasks/{task_id}/budget", json={"max_cost_micro_usd": 100})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "max_cost_micro_usd")
    raised = (await alice.post(f"/api/v1/tasks/{task_id}/budget", json={"max_cost_micro_usd": 101})).json()
    assert raised["budget"] == {"max_cost_micro_usd": 101, "max_tokens": 50, "max_model_calls": None}
    assert raised["status"] == "running"


async def test_guidance_for_an_unknown_subtask_is_refused(alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice, plan=PLAN))["id"]
    answer = await alice.post(f"/api/v1/tasks/{task_id}/steer", json={"text": "Hurry.", "path": "prices"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "path")
    assert "facts, text" in answer.json()["detail"]
    good = await alice.post(f"/api/v1/tasks/{task_id}/steer", json={"text": "Hurry.", "path": "facts"})
    assert (good.status_code, good.json()["received"]) == (200, False)


async def test_guidance_that_the_run_refuses_is_not_kept(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(task_id: TaskId, request: SteerRequest) -> SteerReceipt:
        raise Conflict("The run is ending, so guidance would arrive too late.")

    monkeypatch.setattr(app.state.parts.temporal, "steer", refuse)
    task_id = (await new_task(alice, plan=PLAN))["id"]
    answer = await alice.post(f"/api/v1/tasks/{task_id}/steer", json={"text": "Hurry."})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    async with database.begin() as session:
        kept = await session.scalars(select(Guidance.id).where(Guidance.run_id == task_id))
        assert list(kept) == []


async def test_guidance_reaches_no_subtask_that_had_ended(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run learns of a subtask's end a moment after it is recorded."""

    async def receive(task_id: TaskId, request: SteerRequest) -> SteerReceipt:
        return SteerReceipt(guidance_id=request.guidance_id, reaches=(NodePath("facts"), NodePath("text")))

    monkeypatch.setattr(app.state.parts.temporal, "steer", receive)
    task_id = (await new_task(alice, plan=PLAN))["id"]
    async with database.begin() as session:
        await session.execute(
            update(Subtask).where(Subtask.run_id == task_id, Subtask.path == "facts").values(status="completed")
        )
    answer = await alice.post(f"/api/v1/tasks/{task_id}/steer", json={"text": "Hurry."})
    assert answer.json()["reaches"] == ["text"]


def _requested(answer: httpx2.Response) -> str | None:
    """Return the request that a problem's remedy names."""
    remedy = answer.json()["remedy"]
    return f"{remedy['method']} {remedy['href']}" if remedy else None


async def _control(client: httpx2.AsyncClient, task_id: str, control: str) -> httpx2.Response:
    if control == "delete":
        return await client.delete(f"/api/v1/tasks/{task_id}")
    bodies = {"budget": {"max_tokens": 10_000}, "steer": {"text": "Look again."}}
    return await client.post(f"/api/v1/tasks/{task_id}/{control}", json=bodies.get(control))
