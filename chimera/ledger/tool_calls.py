"""The ledger of tool calls: each is identified by its place, claimed before it runs and finished afterwards."""

from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, scalar, words
from chimera.ledger.statements import IS_ENABLED, IS_LEFT_OUT, insert_event
from chimera.ledger.transcripts import TranscriptRow
from models.errors import RootStopped, SubtaskSkipped
from models.events import EVENT, ToolCallFinished
from models.ids import UserId
from models.runs import OPEN, STOPPED, UNCALLABLE
from models.tool_calls import ToolCallOutcome, ToolCallRequest

_ASKED = f"""
SELECT m.tool_calls -> CAST(%(index)s AS int) AS asked, runs.status AS run_status, runs.owner_id, c.status, c.failed,
       EXISTS ({IS_LEFT_OUT}) AS left_out, EXISTS ({IS_ENABLED}) AS enabled
FROM runs
JOIN messages m ON m.run_id = runs.id AND m.path = %(path)s AND m.purpose = 'turn' AND m.seq = %(reply_seq)s
LEFT JOIN tool_calls c ON c.run_id = runs.id AND c.path = %(path)s AND c.step = %(step)s AND c.index = %(index)s
WHERE runs.id = %(run_id)s AND runs.deleted_at IS NULL
"""  # noqa: S608  # only constants go in

_CLAIM = """
INSERT INTO tool_calls (run_id, path, step, index, tool, status)
VALUES (%(run_id)s, %(path)s, %(step)s, %(index)s, %(tool)s, 'started') ON CONFLICT DO NOTHING RETURNING run_id
"""

# Lock order: the run's row first, as everywhere.
_FINISH = f"""
WITH open AS MATERIALIZED (
    SELECT id FROM runs WHERE id = %(run_id)s AND status = ANY(%(open)s::text[]) AND NOT EXISTS ({IS_LEFT_OUT})
    FOR NO KEY UPDATE),
 call AS (
    INSERT INTO tool_calls (run_id, path, step, index, tool, status, failed, ended_at)
    SELECT id, %(path)s, %(step)s, %(index)s, %(tool)s, 'finished', %(failed)s, clock_timestamp()
    FROM open
    ON CONFLICT (run_id, path, step, index) DO UPDATE
    SET status = 'finished', failed = excluded.failed, ended_at = excluded.ended_at
    WHERE tool_calls.status <> 'finished' RETURNING run_id),
 root AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now() FROM call WHERE id = call.run_id
    RETURNING id, event_seq),
 msg AS (
    INSERT INTO messages (run_id, path, purpose, seq, role, content, tokens, tool_call_id)
    SELECT CAST(%(run_id)s AS uuid), %(path)s, 'turn', %(seq)s, 'tool', %(content)s, %(tokens)s, %(tool_call_id)s
    FROM root ON CONFLICT DO NOTHING)
{insert_event("root")} RETURNING seq
"""  # noqa: S608  # only constants go in


@dataclass(frozen=True, slots=True)
class RequestedToolCall:
    """A tool call as the model requested it; `done` is set if an earlier attempt finished it."""

    tool: str
    arguments: str
    tool_call_id: str
    done: ToolCallOutcome | None
    owner_id: UserId


async def read(connection: Connection, request: ToolCallRequest) -> RequestedToolCall:
    """Read a requested tool call, and its outcome if an earlier attempt finished it.

    Raises RootStopped if the run allows no more calls or its owner is disabled, and SubtaskSkipped if the run continues
    without the node.
    """
    cursor = await connection.execute(_ASKED, {**_place(request), "reply_seq": request.step * 1000 + 500})
    row: Any = await cursor.fetchone()
    if row is None or row.run_status in STOPPED:
        raise RootStopped(request.run_id)
    done = ToolCallOutcome(tool=row.asked["name"], failed=row.failed) if row.status == "finished" else None
    if done is None:
        _check_callable(request, row)
    return RequestedToolCall(
        row.asked["name"], row.asked["arguments"], row.asked["id"], done, UserId(str(row.owner_id))
    )


async def claim(connection: Connection, request: ToolCallRequest, tool: str) -> bool:
    """Record that a tool is about to run, before it has any effect; return whether no earlier attempt did so."""
    cursor = await connection.execute(_CLAIM, {**_place(request), "tool": tool})
    return await cursor.fetchone() is not None


async def finish(
    connection: Connection, request: ToolCallRequest, row: TranscriptRow, event: ToolCallFinished
) -> int | None:
    """Append the result, close the call and write the event; return the event's sequence.

    Returns None, and writes nothing, if another attempt has finished the call, or if the run has ended or continues
    without the node.
    """
    cursor = await connection.execute(
        _FINISH,
        {
            **_place(request),
            "open": words(OPEN),
            "tool": event.tool,
            "failed": event.failed,
            "seq": row.seq,
            "content": row.content,
            "tokens": row.tokens,
            "tool_call_id": row.tool_call_id,
            "event": EVENT.dump_json(event).decode(),
        },
    )
    return await scalar(cursor)


def _check_callable(request: ToolCallRequest, row: Any) -> None:
    if row.run_status in UNCALLABLE or not row.enabled:
        raise RootStopped(request.run_id)
    if row.left_out:
        raise SubtaskSkipped(request.path)


def _place(request: ToolCallRequest) -> dict[str, object]:
    return {"run_id": request.run_id, "path": request.path, "step": request.step, "index": request.index}
