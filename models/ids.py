"""IDs, and how they are derived from each other, so that repeated requests and replays don't create anything twice.

A node is a place in the tree of a run. The root's path is "", its subtasks' paths are like `research`, and those of
their subtasks are like `research/prices`.
"""

from datetime import datetime
from typing import NewType

RunId = NewType("RunId", str)
TaskId = RunId
"""A task is a run, and has the run's ID."""
UserId = NewType("UserId", str)
ApiKeyId = NewType("ApiKeyId", str)
SessionId = NewType("SessionId", str)
InvitationId = NewType("InvitationId", str)
GroupId = NewType("GroupId", str)
MemberId = NewType("MemberId", str)
AgentId = NewType("AgentId", str)
ScheduleId = NewType("ScheduleId", str)
ChatSessionId = NewType("ChatSessionId", str)
ChatMessageId = NewType("ChatMessageId", str)
FileId = NewType("FileId", str)
RetentionId = NewType("RetentionId", str)
AiCallId = RunId
"""An AI call (an embedding, an image or a transcription) is also a run."""
NodePath = NewType("NodePath", str)

ROOT = NodePath("")

_A_SCHEDULE, _ID_CHARS = "schedule-", 37
"""The prefix of a scheduled run's workflow ID, and the number of characters between it and the nominal time: the
schedule's ID and a hyphen.
"""


def workflow_id_of(run_id: RunId, path: NodePath = ROOT) -> str:
    """Return the Temporal workflow ID of a node: `run-<uuid>` for the root, `run-<uuid>/<path>` for a subtask."""
    return f"run-{run_id}/{path}" if path else f"run-{run_id}"


def call_id_of(run_id: RunId, path: NodePath, purpose: str, step: int) -> str:
    """Return the ID of a model call's place. Only the `Idempotency-Key` for the provider also contains the attempt."""
    return f"{run_id}/{path}#{purpose}.{step}" if path else f"{run_id}#{purpose}.{step}"


def child_path(parent: NodePath, key: str) -> NodePath:
    """Return the path of the subtask `key` below `parent`."""
    return NodePath(f"{parent}/{key}" if parent else key)


def depth_of(path: NodePath) -> int:
    """Return how many levels a node is below the root, whose depth is 0."""
    return path.count("/") + 1 if path else 0


def schedule_workflow_id(schedule_id: ScheduleId) -> str:
    """Return the ID of the workflow that a schedule starts. Temporal appends the nominal time."""
    return f"{_A_SCHEDULE}{schedule_id}"


def retention_workflow_id(retention_id: RetentionId) -> str:
    """Return the ID of the workflow of a retention run that was requested."""
    return f"retention-{retention_id}"


def due_at_of(scheduled_run_id: str | None) -> datetime | None:
    """Return the nominal time in the workflow ID of a schedule's run; None if it doesn't contain one."""
    _, _, nominal = (scheduled_run_id or "").partition(_A_SCHEDULE)
    try:
        due_at = datetime.fromisoformat(nominal[_ID_CHARS:])
    except ValueError:
        return None
    return due_at if due_at.tzinfo is not None else None
