"""Frames, views and servers that the command line's tests share."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.costs import CostView
from models.events import (
    Event,
    EventFrame,
    ModelCallFailed,
    ModelCallFinished,
    ModelCallStarted,
    PlanCreated,
    TokensFrame,
)
from models.ids import NodePath, TaskId
from models.model_calls import ModelCallView, Purpose
from models.plans import PlanNode
from models.runs import RunStatus
from models.subtasks import SubtaskView
from models.tasks import BlockedCall, TaskView

TASK = TaskId("6c1f0b1e-0000-4000-8000-000000000001")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def happened(seq: int, event: Event) -> EventFrame:
    return EventFrame(run_id=TASK, seq=seq, at=NOW + timedelta(seconds=seq), event=event)


def written(path: str, text: str, *, offset: int = 0, step: int = 1, attempt: int = 1) -> TokensFrame:
    return TokensFrame(
        run_id=TASK,
        path=NodePath(path),
        purpose=Purpose.TURN,
        step=step,
        attempt=attempt,
        offset=offset,
        text=text,
    )


def planned(*nodes: PlanNode) -> PlanCreated:
    return PlanCreated(subtasks=nodes)


def call_started(path: str, *, step: int = 1, attempt: int = 1) -> ModelCallStarted:
    return ModelCallStarted(
        path=NodePath(path),
        step=step,
        attempt=attempt,
        purpose=Purpose.TURN,
        agent="analyst",
        model="simulator/fast",
        simulated=True,
    )


def call_finished(path: str, *, step: int = 1, attempt: int = 1, tool_calls: tuple[str, ...] = ()) -> ModelCallFinished:
    return ModelCallFinished(
        path=NodePath(path),
        step=step,
        attempt=attempt,
        purpose=Purpose.TURN,
        preview="done",
        tool_calls=tool_calls,
        input_tokens=10,
        output_tokens=5,
        cost_micro_usd=30,
    )


def call_failed(path: str, *, attempt: int = 1, code: str = "overloaded", retryable: bool = True) -> ModelCallFailed:
    return ModelCallFailed(
        path=NodePath(path),
        step=1,
        attempt=attempt,
        purpose=Purpose.TURN,
        code=code,
        message="It has trouble.",
        retryable=retryable,
    )


def attempt(path: str = "", **changes: Any) -> ModelCallView:
    values: dict[str, Any] = {
        "path": path,
        "purpose": Purpose.TURN,
        "step": 1,
        "attempt": 1,
        "agent": "analyst",
        "model": "simulator/standard",
        "simulated": True,
        "status": "finished",
        "usage": {},
        "cost_micro_usd": 5,
        "estimated": False,
        "error_code": None,
        "started_at": NOW,
        "ended_at": NOW,
    }
    return ModelCallView.model_validate(values | changes)


def a_bill(**changes: Any) -> CostView:
    values: dict[str, Any] = {
        "spent_micro_usd": 900,
        "reserved_micro_usd": 0,
        "in_doubt_micro_usd": 0,
        "model_calls": 3,
        "usage": {"input_tokens": 10, "output_tokens": 5},
        "budget": None,
        "by_model": (),
        "by_agent": (),
        "by_subtask": (),
        "attempts": (),
    }
    return CostView.model_validate(values | changes)


def a_sum(attempts: int, cost_micro_usd: int, in_doubt_micro_usd: int = 0, **key: Any) -> dict[str, Any]:
    """Return the sums of some attempts, grouped by what `key` names."""
    sums = {"attempts": attempts, "cost_micro_usd": cost_micro_usd, "in_doubt_micro_usd": in_doubt_micro_usd}
    return {**key, **sums, "usage": {"input_tokens": 10, "output_tokens": 5}}


def subtask_view(path: str, **changes: Any) -> SubtaskView:
    values: dict[str, Any] = {
        "path": path,
        "key": path,
        "title": path.upper(),
        "agent": "writer",
        "status": "completed",
        "depends_on": (),
        "instruction": "",
        "result": "text",
        "error_code": None,
        "error": None,
        "turns": 3,
        "spent_micro_usd": 70,
        "usage": {},
        "started_at": None,
        "ended_at": None,
    }
    return SubtaskView.model_validate(values | changes)


def task_view(**changes: Any) -> TaskView:
    values: dict[str, Any] = {
        "id": TASK,
        "title": "A title",
        "goal": "A goal",
        "status": RunStatus.RUNNING,
        "priority": 3,
        "model": "simulator/fast",
        "on_failure": "fail",
        "simulated": True,
        "budget": None,
        "spent_micro_usd": 0,
        "in_doubt_micro_usd": 0,
        "model_calls": 0,
        "usage": {},
        "subtasks_total": 0,
        "subtasks_done": 0,
        "result": None,
        "error_code": None,
        "error": None,
        "metadata": {},
        "last_seq": 0,
        "schedule_id": None,
        "temporal_url": "http://127.0.0.1:8233/task",
        "created_at": NOW,
        "started_at": NOW,
        "last_call_at": None,
        "ended_at": None,
    }
    return TaskView.model_validate(values | changes)


def a_blocked_call(path: str, **fields: Any) -> BlockedCall:
    known = {
        "step": 1,
        "purpose": "turn",
        "code": "overloaded",
        "message": "Busy.",
        "since": NOW,
        "attempts": 2,
        "requests": 2,
    }
    return BlockedCall.model_validate({"path": path, "model": None, "next_try_at": None, **known, **fields})


BILL = a_bill(
    in_doubt_micro_usd=400,
    reserved_micro_usd=2500,
    budget={"max_cost_micro_usd": 50_000, "max_tokens": None, "max_model_calls": None},
    by_model=(a_sum(3, 900, 400, model="simulator/standard", simulated=True),),
    by_agent=(a_sum(1, 300, agent="planner"), a_sum(2, 600, 400, agent="analyst")),
    by_subtask=(a_sum(1, 300, path=""), a_sum(2, 600, 400, path="facts")),
    attempts=(
        attempt(agent="planner"),
        attempt("facts", status="in_doubt", cost_micro_usd=0),
        attempt("facts", attempt=2, status="failed", error_code="overloaded", cost_micro_usd=3),
        attempt("facts", attempt=3),
    ),
)
