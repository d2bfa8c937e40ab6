"""Decisions that tool calls wait for: requested and, when their time has come, escalated or expired.

Users' decisions are in `chimera/store/approvals.py`. Every change locks the run's row first, so of two decisions at the
same moment, the second one finds the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, one, scalar
from chimera.ledger import notifications, subtasks
from chimera.ledger.calls import lock_run
from chimera.ledger.statements import as_json, insert_event
from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus
from models.base import preview_of
from models.errors import RootStopped
from models.events import EVENT, ApprovalDecided, ApprovalEscalated, ApprovalRequested, Event
from models.ids import RunId
from models.policies import ApprovalTerms
from models.runs import UNCALLABLE
from models.tool_calls import ToolCallRequest

_TIMEOUT = "CAST(EXTRACT(epoch FROM LEAST(p.expires_at, p.escalate_at) - clock_timestamp()) AS float8)"
_COLUMNS = f"""p.id AS approval_id, p.kind AS approval_kind, p.status AS approval_status, p.sha256, p.changed_arguments,
       p.answer, p.terms, {_TIMEOUT} AS timeout_s"""
_AT_PLACE = "p.run_id = %(run_id)s AND p.path = %(path)s AND p.step = %(step)s AND p.index = %(index)s"
NEWEST = f"SELECT {_COLUMNS} FROM approvals p WHERE {_AT_PLACE} ORDER BY p.created_at DESC, p.id LIMIT 1"  # noqa: S608
"""Selects the newest decision about a tool call, with the columns that `approval_in` reads."""


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """A decision about a tool call, as its activity needs it."""

    id: ApprovalId
    kind: ApprovalKind
    status: ApprovalStatus
    sha256: str
    changed_arguments: Mapping[str, Any] | None
    answer: str | None
    terms: ApprovalTerms
    timeout_s: float | None
    """Seconds until the decision is escalated or expires; None for never."""


@dataclass(frozen=True, slots=True)
class NewApproval:
    """A decision that a person has to make."""

    kind: ApprovalKind
    agent: str
    tool: str
    arguments: Mapping[str, Any]
    sha256: str
    reason: str
    terms: ApprovalTerms
    question: str | None = None
    options: tuple[str, ...] = ()
    default: str | None = None

    @property
    def preview(self) -> str:
        return preview_of(self.question or as_json(self.arguments))


def approval_in(row: Any) -> ApprovalState | None:
    """Return the decision in a row that has the columns of `NEWEST`."""
    if row.approval_id is None:
        return None
    return ApprovalState(
        id=ApprovalId(str(row.approval_id)),
        kind=ApprovalKind(row.approval_kind),
        status=ApprovalStatus(row.approval_status),
        sha256=row.sha256,
        changed_arguments=row.changed_arguments,
        answer=row.answer,
        terms=ApprovalTerms.model_validate(row.terms),
        timeout_s=row.timeout_s,
    )


_OPEN = """
INSERT INTO approvals (run_id, path, step, index, kind, agent, tool, arguments, sha256, question, options, "default",
                       reason, terms, approvers, expires_at, escalate_at)
VALUES (%(run_id)s, %(path)s, %(step)s, %(index)s, %(kind)s, %(agent)s, %(tool)s, %(arguments)s::jsonb, %(sha256)s,
        %(question)s, %(options)s, %(default)s, %(reason)s, %(terms)s::jsonb,
        ARRAY(SELECT id FROM users WHERE email = ANY(%(approvers)s::text[])),
        now() + %(expires_s)s * interval '1 second', now() + %(escalate_s)s * interval '1 second')
ON CONFLICT DO NOTHING RETURNING id
"""
_IS_FINISHED = """
SELECT 1 FROM tool_calls
WHERE run_id = %(run_id)s AND path = %(path)s AND step = %(step)s AND index = %(index)s AND status = 'finished'
"""
_WAITS = """
INSERT INTO tool_calls (run_id, path, step, index, tool, status, attempts)
VALUES (%(run_id)s, %(path)s, %(step)s, %(index)s, %(tool)s, 'waiting', 0) ON CONFLICT DO NOTHING
"""
_COUNT_OPEN = f"""
WITH account AS (
    UPDATE runs SET approvals_pending = approvals_pending + 1, event_seq = event_seq + 1, updated_at = now(),
           status = CASE WHEN status IN ('running', 'queued') THEN 'waiting' ELSE status END
    WHERE id = %(run_id)s RETURNING id, event_seq)
{insert_event("account")} RETURNING seq
"""  # noqa: S608
COUNT_CLOSED = f"""
WITH account AS (
    UPDATE runs SET approvals_pending = GREATEST(0, approvals_pending - 1), event_seq = event_seq + 1,
           updated_at = now(),
           status = CASE WHEN status = 'waiting' AND approvals_pending <= 1 AND NOT needs_budget
                         THEN 'running' ELSE status END
    WHERE id = %(run_id)s RETURNING id, event_seq)
{insert_event("account")} RETURNING seq
"""  # noqa: S608
"""Counts one decision less, with an event. The parameters are `run_id` and `event`."""
_APPEND = f"""
WITH account AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now() WHERE id = %(run_id)s RETURNING id, event_seq)
{insert_event("account")} RETURNING seq
"""  # noqa: S608


async def request(
    connection: Connection, place: ToolCallRequest, new: NewApproval
) -> tuple[ApprovalState | None, int | None]:
    """Request a decision, unless one is already pending, and let the run wait for it.

    Returns the pending decision, and the sequence of its event if it is new. The decision is None if another attempt
    has finished the call. Raises RootStopped if the run allows no more calls, and SubtaskSkipped if the subtask has
    ended.
    """
    key = {"run_id": place.run_id, "path": place.path, "step": place.step, "index": place.index}
    terms = new.terms
    values = {
        **key,
        "kind": new.kind.value,
        "agent": new.agent,
        "tool": new.tool,
        "arguments": as_json(new.arguments),
        "sha256": new.sha256,
        "question": new.question,
        "options": list(new.options),
        "default": new.default,
        "reason": new.reason,
        "terms": terms.model_dump_json(),
        "approvers": list(terms.approvers),
        "expires_s": terms.expires_after_s,
        "escalate_s": terms.escalate_after_s,
    }
    async with connection.transaction():
        if await lock_run(connection, place.run_id) in UNCALLABLE:
            raise RootStopped(place.run_id)
        await subtasks.check_open(connection, place.run_id, place.path)
        if await scalar(await connection.execute(_IS_FINISHED, key)) is not None:
            return None, None
        opened = await (await connection.execute(_OPEN, values)).fetchone()
        seq = None
        if opened is not None:
            await connection.execute(_WAITS, values)
            event = ApprovalRequested(
                path=place.path,
                step=place.step,
                approval_id=ApprovalId(str(opened.id)),
                kind=new.kind,
                index=place.index,
                tool=new.tool,
                reason=new.reason,
                preview=new.preview,
            )
            seq = await _with_event(connection, _COUNT_OPEN, place.run_id, event)
            await notifications.approval_waits(connection, event.approval_id)
        row = await one(await connection.execute(NEWEST, key))
    return approval_in(row), seq


_EXPIRE = """
UPDATE approvals p SET decided_at = now(), answer = COALESCE(p."default", answer),
       status = CASE WHEN kind = 'question' AND "default" IS NOT NULL THEN 'answered' ELSE 'expired' END
WHERE id = %(id)s AND status = 'pending' AND expires_at <= clock_timestamp() RETURNING kind, status
"""
_ESCALATE = """
UPDATE approvals p SET escalate_at = NULL,
       approvers = ARRAY(SELECT id FROM users WHERE email = ANY(%(to)s::text[]) OR id = ANY(p.approvers)
                            OR p.approvers = '{}' AND p.terms -> 'approvers' = '[]'
                               AND id = (SELECT owner_id FROM runs WHERE runs.id = p.run_id))
WHERE id = %(id)s AND status = 'pending' AND escalate_at <= clock_timestamp() RETURNING 1
"""


async def look_again(connection: Connection, place: ToolCallRequest, known: ApprovalState) -> int | None:
    """Escalate a pending decision, or let it expire, if its time has come by the clock of the database.

    Returns the sequence of the last event, or None if nothing happened.
    """
    seq = None
    async with connection.transaction():
        await lock_run(connection, place.run_id)
        values = {"id": known.id, "to": list(known.terms.escalate_to)}
        if await scalar(await connection.execute(_ESCALATE, values)) is not None:
            escalated = ApprovalEscalated(
                path=place.path, step=place.step, approval_id=known.id, approvers=known.terms.escalate_to
            )
            seq = await _with_event(connection, _APPEND, place.run_id, escalated)
            await notifications.approval_waits(connection, known.id)
        expired = await (await connection.execute(_EXPIRE, {"id": known.id})).fetchone()
        if expired is not None:
            status = ApprovalStatus(expired.status)
            ended = ApprovalDecided(
                path=place.path, step=place.step, approval_id=known.id, kind=known.kind, status=status
            )
            seq = await _with_event(connection, COUNT_CLOSED, place.run_id, ended)
            await notifications.approvals_closed(connection, [known.id])
    return seq


async def _with_event(connection: Connection, statement: str, run_id: RunId, event: Event) -> int | None:
    values = {"run_id": run_id, "event": EVENT.dump_json(event).decode()}
    return await scalar(await connection.execute(statement, values))
