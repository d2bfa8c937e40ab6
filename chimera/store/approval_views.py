"""Views of approvals: the inbox of a user, a page of a task's approvals, and one approval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Approval, ApprovalVote, ChatSession, Reply, Run, Task, User
from chimera.store import pages
from chimera.store.approval_access import decidable, deciders_of, may_decide, visible
from chimera.store.pages import Place
from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus, ApprovalView, VoteView
from models.errors import NotFound
from models.ids import NodePath, RunId
from models.policies import ApprovalTerms
from models.runs import RunKind
from models.users import Caller


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    """The filter for a list of approvals. Without statuses, it selects those that the caller may decide about now."""

    statuses: tuple[ApprovalStatus, ...] = ()
    kinds: tuple[ApprovalKind, ...] = ()
    run_id: RunId | None = None


async def page(
    session: AsyncSession, caller: Caller, *, only: ApprovalFilter, after: Place | None, limit: int
) -> tuple[list[ApprovalView], Place | None]:
    """Return up to `limit` approvals, newest first, and the place where they end if more follow."""
    rows, place = await pages.newest(
        session,
        _rows().where(visible(caller), *_conditions(caller, only)),
        Approval.created_at,
        Approval.id,
        after=after,
        limit=limit,
    )
    return await _views_of(session, caller, rows), place


async def one(
    session: AsyncSession, caller: Caller, approval_id: ApprovalId, *, is_allowed: bool = False
) -> ApprovalView:
    """Return an approval that the caller may see. Raises NotFound, also for one that the caller may not see.

    Pass `is_allowed=True` for an approval that the caller could see until a moment ago.
    """
    rows = _rows() if is_allowed else _rows().where(visible(caller))
    row = (await session.execute(rows.where(Approval.id == approval_id))).one_or_none()
    if row is None:
        raise NotFound("approval", approval_id)
    return (await _views_of(session, caller, [row]))[0]


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Approval,
            Approval.id,
            Approval.created_at,
            Run.owner_id,
            Run.kind,
            func.coalesce(Task.title, ChatSession.title, "").label("title"),
        )
        .join(Run, Run.id == Approval.run_id)
        .outerjoin(Task, Task.run_id == Run.id)
        .outerjoin(Reply, Reply.run_id == Run.id)
        .outerjoin(ChatSession, ChatSession.id == Reply.session_id)
        .where(Run.deleted_at.is_(None))
    )


def _conditions(caller: Caller, only: ApprovalFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if only.statuses:
        conditions.append(Approval.status.in_(only.statuses))
    else:
        conditions += [Approval.status == ApprovalStatus.PENDING, decidable(caller)]
    if only.kinds:
        conditions.append(Approval.kind.in_(only.kinds))
    if only.run_id is not None:
        conditions.append(Approval.run_id == only.run_id)
    return conditions


async def _views_of(session: AsyncSession, caller: Caller, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[ApprovalView]:
    votes = await _votes_of(session, [row.id for row in rows])
    users = {user for row in rows for user in deciders_of(row.Approval, row.owner_id)}
    emails = {row.id: row.email for row in await session.execute(select(User.id, User.email).where(User.id.in_(users)))}
    return [_view_of(caller, row, votes.get(row.id, ()), emails) for row in rows]


async def _votes_of(session: AsyncSession, ids: Sequence[str]) -> dict[str, tuple[VoteView, ...]]:
    statement = (
        select(ApprovalVote, User.email)
        .join(User, User.id == ApprovalVote.user_id)
        .where(ApprovalVote.approval_id.in_(ids))
        .order_by(ApprovalVote.at)
    )
    votes: dict[str, tuple[VoteView, ...]] = {}
    for vote, email in await session.execute(statement):
        seen = VoteView(user=email, decision=vote.decision, reason=vote.reason, at=vote.at)
        votes[vote.approval_id] = (*votes.get(vote.approval_id, ()), seen)
    return votes


def _view_of(
    caller: Caller, found: Row[*tuple[Any, ...]], votes: tuple[VoteView, ...], emails: dict[str, str]
) -> ApprovalView:
    row: Approval = found.Approval
    deciders = deciders_of(row, found.owner_id)
    is_pending = row.status == ApprovalStatus.PENDING
    return ApprovalView(
        id=ApprovalId(row.id),
        kind=ApprovalKind(row.kind),
        status=ApprovalStatus(row.status),
        task_id=RunId(row.run_id),
        run_kind=RunKind(found.kind),
        # An approver who isn't the owner sees nothing of the task but the call.
        task_title=found.title if caller.role == "admin" or caller.user_id == found.owner_id else "",
        path=NodePath(row.path),
        step=row.step,
        index=row.index,
        agent=row.agent,
        tool=row.tool,
        arguments=row.arguments,
        sha256=row.sha256,
        question=row.question,
        options=tuple(row.options),
        default=row.default,
        reason=row.reason,
        terms=ApprovalTerms.model_validate(row.terms),
        approvers=tuple(sorted(emails[each] for each in deciders if each in emails)),
        votes=votes,
        changed_arguments=row.changed_arguments,
        answer=row.answer,
        created_at=row.created_at,
        may_decide=is_pending and may_decide(caller, row, found.owner_id),
        expires_at=row.expires_at,
        decided_at=row.decided_at,
    )
