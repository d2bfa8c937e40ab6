"""K11: answers that are missing although the rows or Temporal call their node complete.

A task can end well in every other respect and still lack an answer that was paid for: its subtask stays open forever,
or the next one is called without its result. Each completed node is therefore checked wherever an answer leaves a
trace.
"""

from collections import defaultdict
from collections.abc import Sequence

from temporalio.client import WorkflowExecution, WorkflowExecutionStatus

from models.ids import TaskId
from tests.faults.lab import Lab

_NODES = """
WITH nodes AS (
    SELECT id AS run_id, '' AS path, status, result, status AS task_status, 'run.completed' AS says
    FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL
    UNION ALL
    SELECT t.id, s.path, s.status, s.result, t.status, 'subtask.completed'
    FROM subtasks s JOIN runs t ON t.id = s.run_id
    WHERE t.id = ANY(CAST(:ids AS uuid[])) AND t.deleted_at IS NULL),
 calls AS (
    SELECT c.*, n.status AS node_status FROM calls c JOIN nodes n ON n.run_id = c.run_id AND n.path = c.path)
"""
_PLACE = "path, purpose || '.' || step AS call"
_SAME_CALL = "x.run_id = calls.run_id AND x.path = calls.path AND x.purpose = calls.purpose AND x.step = calls.step"
_FINISHED = "FROM calls WHERE status = 'finished'"

_QUERIES = {
    "is {status} in a completed task": (
        "SELECT run_id, path, status FROM nodes"
        " WHERE task_status = 'completed' AND path <> '' AND status NOT IN ('completed', 'skipped')"
    ),
    "is completed but has no result": ("SELECT run_id, path FROM nodes WHERE status = 'completed' AND result IS NULL"),
    "is completed but has no event": (
        "SELECT run_id, path FROM nodes WHERE status = 'completed' AND NOT EXISTS ("
        "  SELECT 1 FROM events e WHERE e.run_id = nodes.run_id AND e.payload ->> 'type' = nodes.says"
        "   AND COALESCE(e.payload ->> 'path', '') = nodes.path)"
    ),
    "is completed although its call {call} is {status}": (
        f"SELECT run_id, {_PLACE}, status FROM calls WHERE node_status = 'completed' AND status <> 'finished'"
    ),
    "has a finished call {call} without an outcome": f"SELECT run_id, {_PLACE} {_FINISHED} AND outcome IS NULL",
    "has a finished call {call} without a reply in the transcript": (
        f"SELECT run_id, {_PLACE} {_FINISHED} AND NOT EXISTS ("
        "  SELECT 1 FROM messages m WHERE m.run_id = calls.run_id AND m.path = calls.path"
        "   AND m.purpose = calls.purpose AND m.role = 'assistant' AND m.seq / 1000 = calls.step)"
    ),
    "has a finished call {call} without the attempt that finished it": (
        f"SELECT run_id, {_PLACE} {_FINISHED} AND NOT EXISTS ("
        f"  SELECT 1 FROM call_attempts x WHERE {_SAME_CALL}"
        "   AND x.attempt = calls.attempt AND x.status = 'finished')"
    ),
    "has a finished call {call} without an event": (
        f"SELECT run_id, {_PLACE} {_FINISHED} AND NOT EXISTS ("
        "  SELECT 1 FROM events e WHERE e.run_id = calls.run_id AND e.payload ->> 'type' = 'model_call.finished'"
        "   AND COALESCE(e.payload ->> 'path', '') = calls.path AND e.payload ->> 'purpose' = calls.purpose"
        "   AND (e.payload ->> 'step')::int = calls.step)"
    ),
}
"""Each problem that a node can have, with a query for the nodes that have it."""


async def missing_answers(lab: Lab, ids: Sequence[TaskId], executions: Sequence[WorkflowExecution]) -> tuple[str, ...]:
    """Describe what is missing, for each node without a complete answer. Deleted tasks have no answers to check."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for wrong, query in _QUERIES.items():
        rows = await lab.rows(_NODES + query, ids=list(ids))
        for row in rows:
            found[_named(str(row["run_id"]), row["path"])].append(wrong.format_map(row))
    for node, status in await _unkept(lab, ids, executions):
        found[node].append(f"is completed in Temporal but {status} in its row")
    return tuple(f"{node} {', '.join(wrongs)}" for node, wrongs in found.items())


async def _unkept(lab: Lab, ids: Sequence[TaskId], executions: Sequence[WorkflowExecution]) -> list[tuple[str, str]]:
    """Return the nodes that are completed in Temporal but not in the rows, with their status in the rows."""
    rows = await lab.rows(
        "SELECT id AS run_id, '' AS path, status, status AS task_status FROM runs"
        " WHERE id = ANY(CAST(:ids AS uuid[]))"
        " UNION ALL SELECT s.run_id, s.path, s.status, t.status FROM subtasks s JOIN runs t ON t.id = s.run_id"
        " WHERE t.id = ANY(CAST(:ids AS uuid[])) AND t.deleted_at IS NULL",
        ids=list(ids),
    )
    nodes = {(str(row["run_id"]), str(row["path"])): row for row in rows}
    found = []
    for execution in executions:
        task_id, _, path = execution.id.removeprefix("run-").partition("/")
        row = nodes.get((task_id, path))
        if execution.status != WorkflowExecutionStatus.COMPLETED or row is None:
            continue
        # A stop may close a subtask's row just after the subtask's last answer.
        kept = ("completed", "skipped") if row["task_status"] != "cancelled" else ("completed", "skipped", "cancelled")
        if row["status"] not in (kept if path else ("completed",)):
            found.append((_named(task_id, path), row["status"]))
    return found


def _named(task_id: str, path: str) -> str:
    return f"{task_id}/{path}" if path else task_id
