"""Subtasks that agents delegate while they run: one row each, whose path is derived from the place of the tool call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, one_line, scalar
from chimera.ledger import subtasks
from chimera.ledger.calls import lock_run
from chimera.ledger.plans import room_for
from chimera.ledger.statements import insert_event
from models.errors import RootStopped
from models.events import EVENT, SubtaskDelegated
from models.ids import NodePath, child_path, depth_of
from models.plans import MAX_DEPTH, MAX_NODES, PlanNode
from models.runs import UNCALLABLE
from models.subtasks import SubtaskStatus
from models.tool_calls import ToolCallRequest
from models.wording import instead_of


class CannotDelegate(Exception):
    """Work that can't be delegated; the message is for the model."""


@dataclass(frozen=True, slots=True)
class Delegated:
    """A delegated subtask. Its result is set once it is completed, its error once it has failed."""

    node: PlanNode
    status: SubtaskStatus
    result: str | None
    error: str | None
    seq: int | None = None
    """The sequence of its event, if it is new."""


_FIND = """
SELECT key, agent, title, status, result, error FROM subtasks WHERE run_id = %(run_id)s AND path = %(path)s
"""
_INSERT = one_line(f"""
WITH account AS (
    UPDATE runs SET subtasks_total = subtasks_total + 1, event_seq = event_seq + 1, updated_at = now()
    WHERE id = %(run_id)s RETURNING id, event_seq),
 sub AS (
    INSERT INTO subtasks (run_id, path, parent, position, key, title, instruction, agent, depends_on, decompose, tools)
    SELECT id, %(path)s, %(parent)s, %(position)s, %(key)s, %(title)s, %(instruction)s, %(agent)s, '{{}}', false,
           %(tools)s
    FROM account),
 call AS (
    INSERT INTO tool_calls (run_id, path, step, index, tool, status, attempts)
    SELECT id, %(parent)s, %(step)s, %(index)s, %(tool)s, 'waiting', 0 FROM account ON CONFLICT DO NOTHING)
{insert_event("account")} RETURNING seq
""")  # noqa: S608  # only constants go in


async def find(connection: Connection, request: ToolCallRequest) -> Delegated | None:
    """Return the subtask of a tool call; None if it doesn't exist yet."""
    place = {"run_id": request.run_id, "path": delegated_path(request.path, request.step, request.index)}
    row: Any = await (await connection.execute(_FIND, place)).fetchone()
    if row is None:
        return None
    node = PlanNode(key=row.key, agent=row.agent, title=row.title[:80])
    return Delegated(node, SubtaskStatus(row.status), row.result, row.error)


async def delegate(
    connection: Connection,
    request: ToolCallRequest,
    *,
    tool: str,
    agent: str,
    instruction: str,
    title: str,
    tools: Sequence[str],
) -> Delegated:
    """Create the subtask of a tool call. It may use no other tools than `tools`.

    Raises CannotDelegate for an unknown agent, and if the task would get too deep or too large; RootStopped if the run
    allows no more calls; SubtaskSkipped if the delegating subtask has ended.
    """
    path = delegated_path(request.path, request.step, request.index)
    async with connection.transaction():
        if await lock_run(connection, request.run_id) in UNCALLABLE:
            raise RootStopped(request.run_id)
        known = await find(connection, request)
        if known is not None:
            return known
        await subtasks.check_open(connection, request.run_id, request.path)
        await _check(connection, request, path, agent)
        key = path.rpartition("/")[2]
        event = SubtaskDelegated(path=path, agent=agent, title=title[:80])
        values = {
            "run_id": request.run_id,
            "path": path,
            "parent": request.path,
            "position": request.step * 100 + request.index,
            "key": key,
            "title": title,
            "instruction": instruction,
            "agent": agent,
            "tools": sorted(tools),
            "tool": tool,
            "step": request.step,
            "index": request.index,
            "event": EVENT.dump_json(event).decode(),
        }
        seq = await scalar(await connection.execute(_INSERT, values))
    return Delegated(PlanNode(key=key, agent=agent, title=title[:80]), SubtaskStatus.PENDING, None, None, seq)


def delegated_path(path: NodePath, step: int, index: int) -> NodePath:
    """Return the path of the subtask that a tool call of the node at `path` delegates."""
    return child_path(path, f"{step}-{index}")


async def _check(connection: Connection, request: ToolCallRequest, path: NodePath, agent: str) -> None:
    if depth_of(path) > MAX_DEPTH:
        raise CannotDelegate(
            f"The task has {MAX_DEPTH} levels of subtasks, which is the limit. Do the work yourself, or say what is"
            " missing."
        )
    room = await room_for(connection, request.run_id, request.path)
    if room.nodes_left < 1:
        raise CannotDelegate(
            f"The task has {MAX_NODES} subtasks, which is the limit. Do the work yourself, or say what is missing."
        )
    if agent not in room.agents:
        raise CannotDelegate(f"There is no agent {agent!r}. {instead_of(agent, room.agents)}")
