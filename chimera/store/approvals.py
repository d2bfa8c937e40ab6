"""Decisions of people: each is one transaction with its vote, its event, and the message to the run.

The row of the run is locked first, and then the approval, so of two decisions at the same moment, the second one finds
the first. A decision is never lost: if Temporal or the workers are down, its message waits in the outbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db import sql
from chimera.db.tables import Approval, ApprovalVote, Run, ToolCall, User
from chimera.ledger import events, notifications, outbox
from chimera.ledger.approvals import COUNT_CLOSED
from chimera.store import users
from chimera.store.approval_access import deciders_of, may_decide, visible
from chimera.store.approval_arguments import check_changed
from models.approvals import (
    Again,
    Answer,
    ApprovalDecision,
    ApprovalId,
    ApprovalKind,
    ApprovalStatus,
    Approve,
    Delegation,
    Happened,
    NotHappened,
    Reject,
)
from models.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.events import EVENT, ApprovalDecided, ApprovalEscalated
from models.ids import NodePath, RunId, UserId
from models.policies import ApprovalTerms
from models.remedies import Action, Remedy
from models.runs import UNCALLABLE
from models.tool_calls import Decision
from models.users import Caller
from models.workflows import TaskSignal

MAX_APPROVERS = 20
"""As many as a rule can name."""

_NAMES = {
    Approve: "approve",
    Reject: "reject",
    Happened: "happened",
    NotHappened: "not_happened",
    Again: "again",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a request has changed: the run, and the sequence of its last event; 0 if there is no new event."""

    run_id: RunId
    seq: int
    is_decided: bool
    """Whether the run continues, so that a message has to be delivered."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A pending approval that the caller may decide about, with its run. Both rows are locked."""

    row: Approval
    run: Run
    email: str
    """The caller's address, which goes on record."""

    @property
    def terms(self) -> ApprovalTerms:
        return ApprovalTerms.model_validate(self.row.terms)


async def decide(
    session: AsyncSession,
    caller: Caller,
    approval_id: ApprovalId,
    decision: ApprovalDecision,
    *,
    settings: Settings,
    task_id: RunId | None = None,
) -> Recorded:
    """Record a user's decision about a tool call, or about the unknown outcome of one.

    Raises NotFound for an approval that the caller may not see, Forbidden for one that others decide about, Conflict if
    another user was first, if it has expired, or if the run has ended, and InvalidInput for a decision of another
    kind, or for arguments that the tool doesn't accept.
    """
    pending = await _pending(session, caller, approval_id, task_id)
    row = pending.row
    match ApprovalKind(row.kind), decision:
        case ApprovalKind.TOOL_CALL, Approve():
            return await _approve(session, settings, caller, pending, decision)
        case ApprovalKind.TOOL_CALL, Reject():
            row.answer = decision.reason or None
            return await _close(session, caller, pending, ApprovalStatus.REJECTED, "reject", decision.reason)
        case ApprovalKind.OUTCOME, Happened():
            row.answer = decision.result or None
            return await _close(session, caller, pending, ApprovalStatus.ANSWERED, "happened")
        case ApprovalKind.OUTCOME, NotHappened():
            return await _close(session, caller, pending, ApprovalStatus.REJECTED, "not_happened")
        case ApprovalKind.OUTCOME, Again():
            await _let_run_again(session, row)
            return await _close(session, caller, pending, ApprovalStatus.APPROVED, "again")
    raise InvalidInput("decision", _WANTED[ApprovalKind(row.kind)].format(_NAMES[type(decision)]))


async def answer(
    session: AsyncSession, caller: Caller, question_id: ApprovalId, given: Answer, *, task_id: RunId | None = None
) -> Recorded:
    """Record a user's answer to an agent's question. Raises as `decide` does; NotFound for what isn't a question."""
    pending = await _pending(session, caller, question_id, task_id, kind=ApprovalKind.QUESTION)
    pending.row.answer = given.answer
    return await _close(session, caller, pending, ApprovalStatus.ANSWERED, "answer")


async def delegate(session: AsyncSession, caller: Caller, approval_id: ApprovalId, wish: Delegation) -> Recorded:
    """Let another user decide, instead of the caller or besides.

    Raises as `decide` does, and InvalidInput for an unknown or disabled user.
    """
    pending = await _pending(session, caller, approval_id, None)
    row = pending.row
    found = select(User.id).where(User.email == wish.to, User.disabled_at.is_(None))
    other = await session.scalar(found)
    if other is None:
        raise InvalidInput("to", f"There is no active user {wish.to!r}. Name the e-mail address of a user.")
    before = deciders_of(row, pending.run.owner_id)
    after = [each for each in before if wish.keep or each != caller.user_id]
    after += [other] if other not in after else []
    if len(after) < pending.terms.quorum and len(after) < len(before):
        raise Conflict(
            f"Then only {len(after)} users could decide, and {pending.terms.quorum} have to approve. Keep your own"
            " right to decide, or name a user who isn't an approver yet."
        )
    if len(after) > MAX_APPROVERS:
        raise Conflict(f"{MAX_APPROVERS} users may decide already. Give your own right away, without keeping it.")
    row.approvers = after
    await session.flush()
    await notifications.approval_waits(session, ApprovalId(row.id))
    still = [UserId(each) for each in after]
    await notifications.approvals_closed(session, [ApprovalId(row.id)], except_for=still)
    named = ApprovalEscalated(
        path=NodePath(row.path), step=row.step, approval_id=ApprovalId(row.id), approvers=(wish.to,)
    )
    return Recorded(RunId(row.run_id), await events.append(session, RunId(row.run_id), named), is_decided=False)


_WANTED = {
    ApprovalKind.TOOL_CALL: "{!r} is not possible for a tool call that hasn't run. Send 'approve' or 'reject'.",
    ApprovalKind.OUTCOME: ("{!r} is not possible for an unknown outcome. Send 'happened', 'not_happened' or 'again'."),
    ApprovalKind.QUESTION: "{!r} is not possible for a question. Send an answer instead.",
}
"""The decisions that are possible, by kind."""


async def _pending(
    session: AsyncSession,
    caller: Caller,
    approval_id: ApprovalId,
    task_id: RunId | None,
    kind: ApprovalKind | None = None,
) -> _Pending:
    """Return a pending approval that the caller may decide about, locked after its run."""
    noun = "question" if kind is ApprovalKind.QUESTION else "approval"
    conditions = [Approval.id == approval_id, Run.deleted_at.is_(None), visible(caller)]
    conditions += [Approval.run_id == task_id] if task_id else []
    conditions += [Approval.kind == kind] if kind else []
    found = select(Approval.run_id, Approval.status).join(Run, Run.id == Approval.run_id).where(*conditions)
    known = (await session.execute(found)).one_or_none()
    if known is None:
        raise NotFound(noun, approval_id)
    if known.status != ApprovalStatus.PENDING:
        # A status that isn't pending is final. Such requests take no lock, so a flood of them doesn't hold up the run.
        raise await _decided_before(session, approval_id)
    run = await session.scalar(select(Run).where(Run.id == known.run_id).with_for_update(key_share=True))
    is_expired = (Approval.expires_at <= func.clock_timestamp()).label("is_expired")
    locked = select(Approval, is_expired).where(Approval.id == approval_id).with_for_update()
    row, expired = (await session.execute(locked)).one()
    if run is None or run.deleted_at is not None:
        raise NotFound(noun, approval_id)
    if row.status != ApprovalStatus.PENDING:
        raise await _decided_before(session, approval_id)
    if not may_decide(caller, row, run.owner_id):
        raise Forbidden("Others decide about this approval. You can see it because the task is yours.")
    if expired:
        raise Conflict("The approval has expired: no decision was made in time.", remedy=_show(approval_id))
    if run.status in UNCALLABLE:
        raise Conflict(f"The task is {run.status}, so there is nothing to decide.", remedy=_show(approval_id))
    return _Pending(row, run, await users.email_of(session, caller.user_id))


async def _decided_before(session: AsyncSession, approval_id: ApprovalId) -> Conflict:
    """Return the error for an approval that isn't pending, with who decided and when."""
    votes = (
        select(Approval.status, Approval.decided_at, User.email)
        .outerjoin(ApprovalVote, ApprovalVote.approval_id == Approval.id)
        .outerjoin(User, User.id == ApprovalVote.user_id)
        .where(Approval.id == approval_id)
        .order_by(ApprovalVote.at.desc().nulls_last())
        .limit(1)
    )
    last = (await session.execute(votes)).one()
    is_by_user = last.status in (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED, ApprovalStatus.ANSWERED)
    by = f" by {last.email}" if is_by_user and last.email else ""
    at = f" at {last.decided_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if last.decided_at else ""
    ended = "expired" if last.status == ApprovalStatus.EXPIRED else f"was {last.status}"
    return Conflict(
        f"The approval {ended}{by}{at}. A decision can't be changed.",
        remedy=_show(approval_id),
    )


async def _approve(
    session: AsyncSession, settings: Settings, caller: Caller, pending: _Pending, wish: Approve
) -> Recorded:
    """Record an approval. With a quorum, the call runs once enough users have approved the same arguments."""
    row, quorum = pending.row, pending.terms.quorum
    if wish.arguments is not None and wish.arguments != row.arguments:
        if quorum > 1:
            raise InvalidInput(
                "arguments",
                f"{quorum} users have to approve the same call, so its arguments can't be changed. Reject the call"
                " with a reason, so that the agent can change it.",
            )
        await check_changed(session, settings, pending.run, row, wish.arguments)
        row.changed_arguments = dict(wish.arguments)
    approved = select(func.count()).where(ApprovalVote.approval_id == row.id, ApprovalVote.decision == "approve")
    if (await session.scalar(approved) or 0) + 1 < quorum:
        await _vote(session, caller, row, "approve")
        return Recorded(RunId(row.run_id), 0, is_decided=False)
    return await _close(session, caller, pending, ApprovalStatus.APPROVED, "approve")


async def _close(
    session: AsyncSession,
    caller: Caller,
    pending: _Pending,
    status: ApprovalStatus,
    decision: str,
    reason: str = "",
) -> Recorded:
    """Write the decision, its event and the message to the run."""
    row, run_id = pending.row, RunId(pending.row.run_id)
    await _vote(session, caller, row, decision, reason)
    await session.flush()
    closed = update(Approval).where(Approval.id == row.id)
    await session.execute(closed.values(status=status, decided_at=func.clock_timestamp()))
    await notifications.approvals_closed(session, [ApprovalId(row.id)])
    path = NodePath(row.path)
    decided = ApprovalDecided(
        path=path,
        step=row.step,
        approval_id=ApprovalId(row.id),
        kind=ApprovalKind(row.kind),
        status=status,
        by=pending.email or None,
    )
    values: Mapping[str, Any] = {"run_id": run_id, "event": EVENT.dump_json(decided).decode()}
    seq: int = (await sql.execute(session, COUNT_CLOSED, values)).scalar_one()
    await outbox.signal(session, run_id, TaskSignal.DECIDED, Decision(path=path, step=row.step, index=row.index))
    return Recorded(run_id, seq, is_decided=True)


async def _vote(session: AsyncSession, caller: Caller, row: Approval, decision: str, reason: str = "") -> None:
    """Record who decided. Raises Conflict if the user has decided before, and others still have to."""
    before = select(ApprovalVote.decision).where(
        ApprovalVote.approval_id == row.id, ApprovalVote.user_id == caller.user_id
    )
    given = await session.scalar(before)
    if given == "approve" and decision == "reject":
        # Until enough users have approved, an approval can be withdrawn.
        change = update(ApprovalVote).where(ApprovalVote.approval_id == row.id, ApprovalVote.user_id == caller.user_id)
        await session.execute(change.values(decision=decision, reason=reason, at=func.now()))
        return
    if given is not None:
        raise Conflict("You have approved this call. Others have to approve it, too.", remedy=_show(ApprovalId(row.id)))
    session.add(ApprovalVote(approval_id=row.id, user_id=caller.user_id, decision=decision, reason=reason))
    await session.flush()


async def _let_run_again(session: AsyncSession, row: Approval) -> None:
    """Let a call that may have had its effect be claimed once more."""
    place = (ToolCall.run_id == row.run_id) & (ToolCall.path == row.path) & (ToolCall.step == row.step)
    again = update(ToolCall).where(place, ToolCall.index == row.index, ToolCall.status == "started")
    await session.execute(again.values(status="waiting"))
    # What runs again is what ran before, with the arguments that a person may have changed.
    changed = (
        select(Approval.changed_arguments)
        .where(Approval.run_id == row.run_id, Approval.path == row.path, Approval.step == row.step)
        .where(Approval.index == row.index, Approval.status == ApprovalStatus.APPROVED)
        .order_by(Approval.created_at.desc(), Approval.id)
        .limit(1)
    )
    if (arguments := await session.scalar(changed)) is not None:
        row.changed_arguments = arguments


def _show(approval_id: ApprovalId) -> Remedy:
    return Remedy(action=Action.SHOW_APPROVAL, target=approval_id)
