"""How many subtasks a task still has room for."""

from chimera.db.engine import Connection, one
from models.ids import NodePath, TaskId
from models.plans import MAX_NODES

_COUNTED = """
SELECT count(*) AS planned,
       count(*) FILTER (
           WHERE s.decompose AND s.path <> %(path)s AND s.status NOT IN ('completed', 'skipped', 'cancelled')
             AND NOT EXISTS (SELECT 1 FROM subtasks c WHERE c.task_id = s.task_id AND c.parent = s.path)) AS promised
FROM subtasks s WHERE s.task_id = %(task_id)s
"""


async def nodes_left(connection: Connection, task_id: TaskId, path: NodePath) -> int:
    """Count what a plan for the node at `path` may have.

    One is kept for each other subtask that is still to be split.
    """
    row = await one(await connection.execute(_COUNTED, {"task_id": task_id, "path": path}))
    return max(0, MAX_NODES - int(row.planned) - int(row.promised))
