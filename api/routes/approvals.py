"""Routes for approvals: the inbox of a user, and the decisions. A decision is stored before the run hears of it."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import replies
from api.deps import (
    ClosedRoute,
    Parts,
    WithApprovalId,
    WithCaller,
    WithParts,
    WithQuestionId,
    WithReplyId,
    WithTaskId,
)
from api.paging import Cursor, Limit
from chimera.store import approval_views, approvals
from chimera.store.approval_views import ApprovalFilter
from chimera.store.approvals import Recorded
from models.approvals import (
    Answer,
    ApprovalDecision,
    ApprovalId,
    ApprovalKind,
    ApprovalPage,
    ApprovalStatus,
    ApprovalView,
    Delegation,
)
from models.ids import RunId
from models.users import Caller

router = APIRouter(tags=["approvals"], route_class=ClosedRoute)

Statuses = Annotated[
    list[ApprovalStatus] | None,
    Query(
        description="Return only approvals with this status, including those that others decide about, if you can see"
        " them. To select several statuses, repeat the parameter. Default: only those that wait for you."
    ),
]
Kinds = Annotated[
    list[ApprovalKind] | None,
    Query(description="Return only approvals of this kind. To select several kinds, repeat the parameter."),
]


@router.get("/approvals", operation_id="list_approvals")
async def list_approvals(
    caller: WithCaller,
    parts: WithParts,
    status: Statuses = None,
    kind: Kinds = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ApprovalPage:
    """List the decisions that wait for you, newest first. Administrators can decide about all of them."""
    only = ApprovalFilter(statuses=tuple(sorted(set(status or ()))), kinds=tuple(sorted(set(kind or ()))))
    return await _page(parts, caller, only, limit, cursor)


@router.get("/approvals/{approval_id}", operation_id="get_approval")
async def get_approval(approval_id: WithApprovalId, caller: WithCaller, parts: WithParts) -> ApprovalView:
    """Show an approval with the complete arguments of the call, and who has decided."""
    async with parts.database.begin() as session:
        return await approval_views.one(session, caller, approval_id)


@router.post("/approvals/{approval_id}/delegate", operation_id="delegate_approval")
async def delegate_approval(
    approval_id: WithApprovalId, wish: Delegation, caller: WithCaller, parts: WithParts
) -> ApprovalView:
    """Let another user decide instead of you or, with `keep`, besides you."""
    async with parts.database.begin() as session:
        done = await approvals.delegate(session, caller, approval_id, wish)
        # From now on, a caller who has given the decision away may no longer see the approval.
        view = await approval_views.one(session, caller, approval_id, is_allowed=True)
    _announce(parts, done)
    return view


@router.post("/approvals/{approval_id}/decision", operation_id="decide", summary="Decide about a Call")
async def decide(
    approval_id: WithApprovalId, decision: ApprovalDecision, caller: WithCaller, parts: WithParts
) -> ApprovalView:
    """Decide about a tool call of a task or a reply, or about the unknown outcome of one. The first decision counts."""
    async with parts.database.begin() as session:
        done = await approvals.decide(session, caller, approval_id, decision, settings=parts.settings)
    return await _announced(parts, caller, approval_id, done)


@router.post("/approvals/{approval_id}/answer", operation_id="answer", summary="Answer an Agent")
async def answer(approval_id: WithApprovalId, given: Answer, caller: WithCaller, parts: WithParts) -> ApprovalView:
    """Answer the question of an agent in a task or a reply. The options of a question are suggestions, so any text is
    accepted."""
    async with parts.database.begin() as session:
        done = await approvals.answer(session, caller, approval_id, given)
    return await _announced(parts, caller, approval_id, done)


@router.get("/tasks/{task_id}/approvals", operation_id="list_task_approvals")
async def list_task_approvals(
    task_id: WithTaskId,
    caller: WithCaller,
    parts: WithParts,
    status: Statuses = None,
    kind: Kinds = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ApprovalPage:
    """List the approvals of one of your tasks, newest first, whatever their status."""
    await parts.hub.progress(caller, task_id)
    return await _page(parts, caller, _of_run(task_id, status, kind), limit, cursor)


@router.get(
    "/replies/{reply_id}/approvals", operation_id="list_reply_approvals", summary="List the Approvals of a Reply"
)
async def list_reply_approvals(
    reply_id: WithReplyId,
    caller: WithCaller,
    parts: WithParts,
    status: Statuses = None,
    kind: Kinds = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ApprovalPage:
    """List the approvals of one of your replies, newest first, whatever their status."""
    await replies.find(parts, caller, reply_id)
    return await _page(parts, caller, _of_run(reply_id, status, kind), limit, cursor)


@router.post("/tasks/{task_id}/approvals/{approval_id}", operation_id="decide_approval")
async def decide_approval(
    task_id: WithTaskId,
    approval_id: WithApprovalId,
    decision: ApprovalDecision,
    caller: WithCaller,
    parts: WithParts,
) -> ApprovalView:
    """Decide about a tool call, or about the unknown outcome of one. The first decision counts."""
    async with parts.database.begin() as session:
        done = await approvals.decide(session, caller, approval_id, decision, settings=parts.settings, task_id=task_id)
    return await _announced(parts, caller, approval_id, done)


@router.post("/tasks/{task_id}/answers/{question_id}", operation_id="answer_question")
async def answer_question(
    task_id: WithTaskId, question_id: WithQuestionId, answer: Answer, caller: WithCaller, parts: WithParts
) -> ApprovalView:
    """Answer an agent's question. The options of a question are suggestions, so any text is accepted."""
    async with parts.database.begin() as session:
        done = await approvals.answer(session, caller, question_id, answer, task_id=task_id)
    return await _announced(parts, caller, question_id, done)


def _of_run(run_id: RunId, status: list[ApprovalStatus] | None, kind: list[ApprovalKind] | None) -> ApprovalFilter:
    """Return the filter for a run's approvals, by default with any status."""
    return ApprovalFilter(
        statuses=tuple(sorted(set(status or ApprovalStatus))), kinds=tuple(sorted(set(kind or ()))), run_id=run_id
    )


async def _page(parts: Parts, caller: Caller, only: ApprovalFilter, limit: int, cursor: str | None) -> ApprovalPage:
    list_name = f"approvals {caller.user_id} {only}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await approval_views.page(session, caller, only=only, after=after, limit=limit)
    return ApprovalPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


async def _announced(parts: Parts, caller: Caller, approval_id: ApprovalId, done: Recorded) -> ApprovalView:
    """Return the approval. In the background, notify the run and the clients that follow it."""
    _announce(parts, done)
    async with parts.database.begin() as session:
        return await approval_views.one(session, caller, approval_id)


def _announce(parts: Parts, done: Recorded) -> None:
    if done.is_decided:
        parts.dispatcher.deliver_soon(done.run_id)
    if done.seq:
        parts.bus.wake(done.run_id, done.seq)
