"""Ids and how they derive from each other, so that a repeated request or a replay can't make a second thing.

A node is a place in a task's tree: the root is "", its subtasks are `research`, theirs `research/prices`.
"""

from datetime import datetime
from typing import NewType

TaskId = NewType("TaskId", str)
UserId = NewType("UserId", str)
ScheduleId = NewType("ScheduleId", str)
FileId = NewType("FileId", str)
AiCallId = NewType("AiCallId", str)
NodePath = NewType("NodePath", str)

ROOT = NodePath("")

_A_SCHEDULE, _ID_CHARS = "schedule-", 37
"""What stands before the nominal time of a run: the schedule's id and a hyphen behind it."""


def workflow_id_of(task_id: TaskId, path: NodePath = ROOT) -> str:
    """The Temporal workflow id of a node: `task-<uuid>` for the task, `task-<uuid>/<path>` for a subtask."""
    return f"task-{task_id}/{path}" if path else f"task-{task_id}"


def call_id_of(task_id: TaskId, path: NodePath, purpose: str, step: int) -> str:
    """Name a model call by where it is, never by which try it is; an `Idempotency-Key` upstream has the attempt too."""
    return f"{task_id}/{path}#{purpose}.{step}" if path else f"{task_id}#{purpose}.{step}"


def child_path(parent: NodePath, key: str) -> NodePath:
    """The path of the subtask `key` below `parent`."""
    return NodePath(f"{parent}/{key}" if parent else key)


def depth_of(path: NodePath) -> int:
    """How far a node is below the root (the root is 0)."""
    return path.count("/") + 1 if path else 0


def ai_call_workflow_id(call_id: AiCallId) -> str:
    """The Temporal workflow id of an embedding, an image or a transcription."""
    return f"ai-{call_id}"


def schedule_workflow_id(schedule_id: ScheduleId) -> str:
    """The workflow id that a schedule starts; Temporal appends the nominal time."""
    return f"{_A_SCHEDULE}{schedule_id}"


def due_at_of(scheduled_run_id: str | None) -> datetime | None:
    """Read the nominal time from the workflow id of a schedule's run; None for what has none."""
    _, _, nominal = (scheduled_run_id or "").partition(_A_SCHEDULE)
    try:
        due_at = datetime.fromisoformat(nominal[_ID_CHARS:])
    except ValueError:
        return None
    return due_at if due_at.tzinfo is not None else None
