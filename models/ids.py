"""Ids and how they derive from each other, so that a repeated request or a replay can't make a second thing.

A node is a place in the tree of a run: the root is "", its subtasks are `research`, theirs `research/prices`.
"""

from datetime import datetime
from typing import NewType

RunId = NewType("RunId", str)
TaskId = RunId
"""A task is a run; its id is the run's."""
UserId = NewType("UserId", str)
ScheduleId = NewType("ScheduleId", str)
FileId = NewType("FileId", str)
AiCallId = RunId
"""A call of its own (an embedding, an image, a transcription) is a run too."""
NodePath = NewType("NodePath", str)

ROOT = NodePath("")

_A_SCHEDULE, _ID_CHARS = "schedule-", 37
"""The prefix of a scheduled run's workflow id, before its nominal time: the schedule's id and a hyphen."""


def workflow_id_of(run_id: RunId, path: NodePath = ROOT) -> str:
    """The Temporal workflow id of a node: `run-<uuid>` for the root, `run-<uuid>/<path>` for a subtask."""
    return f"run-{run_id}/{path}" if path else f"run-{run_id}"


def call_id_of(run_id: RunId, path: NodePath, purpose: str, step: int) -> str:
    """Name a model call by its place, never by its attempt; an `Idempotency-Key` upstream has the attempt too."""
    return f"{run_id}/{path}#{purpose}.{step}" if path else f"{run_id}#{purpose}.{step}"


def child_path(parent: NodePath, key: str) -> NodePath:
    """The path of the subtask `key` below `parent`."""
    return NodePath(f"{parent}/{key}" if parent else key)


def depth_of(path: NodePath) -> int:
    """How far a node is below the root (the root is 0)."""
    return path.count("/") + 1 if path else 0


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
