"""Accepting replies, once per idempotency key, and showing them. Their controls are those of all runs."""

from typing import Any

from sqlalchemy import Boolean, Uuid, bindparam, exists, func, literal_column, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, sql_of
from chimera.db.tables import CallAttempt, Reply, Run
from chimera.ledger.acceptance import NewReply, NewRun, accept_reply
from chimera.store import task_controls
from chimera.store.access import IS_REPLY
from chimera.store.task_views import LinkTo, budget_of, usage_of, wait_of
from models.errors import Conflict, IdempotencyKeyReused, NotFound
from models.events import RunAccepted
from models.ids import RunId, UserId
from models.remedies import Action
from models.replies import ReplyView
from models.runs import REPLIES, RunKind, RunStatus
from models.tasks import Budget
from models.users import Caller
from models.waits import BudgetWait


async def create(
    session: AsyncSession,
    owner_id: UserId,
    reply: NewReply,
    *,
    kind: RunKind = RunKind.COMPLETION,
    body_sha256: str,
    idempotency_key: str | None = None,
    budget: Budget | None = None,
    starts: bool = True,
) -> tuple[RunId, bool]:
    """Accept a reply; return its id and whether it is new. The same idempotency key returns the same id again.

    Without `starts`, the caller has to write the outbox entry that starts it. Raises IdempotencyKeyReused if the key
    was used before with a different body, and Conflict if the key's reply was deleted.
    """
    run = NewRun(
        owner_id=owner_id,
        kind=kind,
        body_sha256=body_sha256,
        idempotency_key=idempotency_key,
        events=(RunAccepted(),),
        budget=budget,
        starts=starts,
    )
    reply_id = await accept_reply(session, run, reply)
    if reply_id is not None:
        return RunId(reply_id), True
    before = await accepted_before(session, owner_id, idempotency_key or "", body_sha256)
    assert before is not None, "only a key can be there already"
    return before, False


async def accepted_before(session: AsyncSession, owner_id: UserId, key: str, body_sha256: str) -> RunId | None:
    """Return the reply with an idempotency key, or None if there is none.

    Raises IdempotencyKeyReused if the key has another request, and Conflict if its reply was deleted.
    """
    statement = select(Run.id, Run.kind, Run.body_sha256, Run.deleted_at)
    row = (await session.execute(statement.where(Run.owner_id == owner_id, Run.idempotency_key == key))).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != body_sha256 or row.kind not in REPLIES:
        raise IdempotencyKeyReused(key)
    if row.deleted_at is not None:
        raise Conflict("The reply with this Idempotency-Key was deleted. Use a new key for a new reply.")
    return RunId(row.id)


async def view(connection: Connection, caller: Caller, reply_id: RunId, link_to: LinkTo) -> ReplyView:
    """Return a reply. Administrators see the replies of others without what was said.

    Raises NotFound, also for another user's reply.
    """
    values = {"reply_id": reply_id, "caller_id": caller.user_id, "is_admin": caller.role == "admin"}
    row: Any = await (await connection.execute(_ONE, values)).fetchone()
    if row is None:
        raise NotFound("reply", reply_id)
    reply = _view_of(row, link_to)
    if str(row.owner_id) != caller.user_id:
        reply = reply.model_copy(update={"text": None, "output": None, "tool_calls": (), "metadata": {}})
    if reply.status is RunStatus.WAITING:
        waiting = await wait_of(connection, reply_id, row.needs_budget)
        if isinstance(waiting, BudgetWait):
            remedy = waiting.remedy.model_copy(update={"action": Action.RAISE_REPLY_BUDGET})
            waiting = waiting.model_copy(update={"remedy": remedy})
        return reply.model_copy(update={"waiting": waiting})
    return reply


async def cancel(session: AsyncSession, caller: Caller, reply_id: RunId) -> None:
    """Stop a reply: from now on, the ledger allows no call for it. The text that has arrived is kept.

    Raises NotFound, also for another user's reply, and Conflict for a reply that has ended otherwise.
    """
    await task_controls.cancel(session, caller, reply_id, *REPLIES)


async def raise_budget(session: AsyncSession, caller: Caller, reply_id: RunId, budget: Budget) -> None:
    """Set the limits that `budget` names; a reply that waited for them continues. Raises as for tasks."""
    await task_controls.raise_budget(session, caller, reply_id, budget, *REPLIES)


# Constants are written into the statement, which has no other parameters than those of its caller.
_IS_TURN = (CallAttempt.path == literal_column("''")) & (CallAttempt.purpose == literal_column("'turn'"))
_LAST = (
    select(CallAttempt.model, CallAttempt.agent_version)
    .where(CallAttempt.run_id == Run.id, _IS_TURN)
    .order_by(CallAttempt.started_at.desc())
    .limit(literal_column("1"))
    .lateral("last_attempt")
)
_COLUMNS = (
    *(column for column in Run.__table__.columns if column.name not in ("idempotency_key", "body_sha256")),
    Reply.session_id,
    Reply.message_id,
    Reply.agent,
    Reply.purpose,
    Reply.output,
    Reply.tool_calls,
    Reply.meta.label("reply_metadata"),
    func.coalesce(_LAST.c.model, Reply.model).label("model"),
    _LAST.c.agent_version,
    exists().where(CallAttempt.run_id == Run.id, CallAttempt.estimated).label("estimated"),
)
# Compiled once, for the driver.
_ONE = sql_of(
    select(*_COLUMNS)
    .join(Reply, Reply.run_id == Run.id)
    .outerjoin(_LAST, true())
    .where(
        Run.id == bindparam("reply_id"),
        IS_REPLY,
        Run.deleted_at.is_(None),
        or_(Run.owner_id == bindparam("caller_id", type_=Uuid(as_uuid=False)), bindparam("is_admin", type_=Boolean())),
    )
)


def _view_of(row: Any, link_to: LinkTo) -> ReplyView:
    reply_id = RunId(str(row.id))
    return ReplyView(
        id=reply_id,
        kind=row.kind,
        purpose=row.purpose,
        session_id=None if row.session_id is None else str(row.session_id),
        message_id=None if row.message_id is None else str(row.message_id),
        status=row.status,
        agent=row.agent,
        agent_version=row.agent_version,
        model=row.model,
        simulated=row.simulated,
        text=row.result,
        output=row.output,
        tool_calls=row.tool_calls or (),
        finish_reason=row.finish_reason,
        budget=budget_of(row),
        usage=usage_of(row),
        cost_micro_usd=row.spent_micro_usd,
        estimated=row.estimated,
        in_doubt_micro_usd=row.in_doubt_micro_usd,
        model_calls=row.model_calls,
        subtasks_total=row.subtasks_total,
        approvals_pending=row.approvals_pending,
        error_code=row.error_code,
        error=row.error,
        metadata=row.reply_metadata,
        last_seq=row.event_seq,
        temporal_url=link_to(reply_id),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
