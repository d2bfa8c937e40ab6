"""Routes for retention: its rules and runs, for administrators; holds, and the erasure of one's own content."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response, status

from api.deps import ClosedRoute, Parts, WithAddress, WithCaller, WithParts
from api.idempotency import WithKey
from api.paging import Cursor, Limit
from chimera.config.settings import RETENTION_SETTINGS
from chimera.store import accounts, audit, deleted_owners, holds, retention
from chimera.temporal.retention import RetentionStarts
from models.audit import AuditAction
from models.errors import InvalidInput
from models.ids import RetentionId, UserId
from models.retention import (
    EraseRequest,
    HoldPage,
    HoldView,
    RetentionKind,
    RetentionPage,
    RetentionRequest,
    RetentionRule,
    RetentionView,
)

router = APIRouter(prefix="/system/retention", tags=["retention"], route_class=ClosedRoute)
own = APIRouter(prefix="/auth/me/erase", tags=["retention"], route_class=ClosedRoute)
of_holds = APIRouter(prefix="/holds", tags=["retention"], route_class=ClosedRoute)

WithRunId = Annotated[UUID, Path(alias="retention_id", description="ID of the retention run, as shown in the list")]
WithSubjectId = Annotated[
    UUID, Path(alias="subject_id", description="ID of the task, chat session, completion, AI call or file")
]


@router.get("", operation_id="list_retention_runs", summary="List Retention Rules and Runs")
async def list_retention_runs(
    caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None
) -> RetentionPage:
    """List how long each kind of content is kept, and the retention runs, newest first."""
    list_name = f"retention {caller.user_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        runs, place = await retention.page(session, after=after, limit=limit)
    return RetentionPage(
        rules=_rules_of(parts),
        hour=parts.settings.retention_hour,
        items=tuple(runs),
        next_cursor=parts.cursors.seal(place, list_name) if place else None,
    )


@router.get("/{retention_id}", operation_id="get_retention_run")
async def get_retention_run(retention_id: WithRunId, parts: WithParts) -> RetentionView:
    """Return a retention run: what it has deleted, and how far it has come."""
    async with parts.database.begin() as session:
        return await retention.view(session, RetentionId(str(retention_id)))


@router.post(
    "",
    operation_id="run_retention",
    summary="Delete Old Content Now",
    status_code=status.HTTP_202_ACCEPTED,
    responses={200: {"model": RetentionView, "description": "A dry run: what would be deleted"}},
)
async def run_retention(
    request: RetentionRequest, caller: WithCaller, parts: WithParts, response: Response, keyed: WithKey
) -> RetentionView:
    """Delete the content that is older than the settings permit, or all content of a user.

    If such a run is in progress, the response is that run. Costs are always kept. A dry run only counts.
    """
    if request.dry_run:
        if request.user_id is not None:
            raise InvalidInput("dry_run", "A dry run counts content by age. Leave out user_id.")
        response.status_code = status.HTTP_200_OK
        async with parts.database.begin() as session:
            return await retention.preview(session, parts.settings.kept_days, caller.user_id)
    user_id = None if request.user_id is None else UserId(str(request.user_id))
    async with parts.database.begin() as session:
        await accounts.check_acting(session, caller)
        if user_id is not None:
            await accounts.locked(session, user_id)
        row = await retention.create(session, parts.settings.kept_days, user_id=user_id, requested_by=caller.user_id)
        action = AuditAction.RETENTION_STARTED if user_id is None else AuditAction.CONTENT_ERASED
        await audit.record(session, action, actor_id=caller.user_id, subject_id=user_id or row.id)
        view, workflow_id = retention.view_of(row), row.workflow_id
        await keyed.made(session, view, status.HTTP_202_ACCEPTED)
    await _start(parts, view, workflow_id)
    return view


@own.post("", operation_id="erase_me", summary="Erase Own Content", status_code=status.HTTP_202_ACCEPTED)
async def erase_me(request: EraseRequest, caller: WithCaller, parts: WithParts, address: WithAddress) -> RetentionView:
    """Delete all your content: tasks, chat sessions, calls, files, agents, schedules, tools and notifications.

    Open tasks are cancelled first. The record of your costs is kept. Your account is kept too, unless you ask to delete
    it.
    """
    await parts.accounts.confirm(caller, request.current_password, address)
    async with parts.database.begin() as session:
        user = await accounts.locked(session, caller.user_id)
        if request.delete_account:
            await accounts.check_not_last(session, user)
        row = await retention.create(session, {}, user_id=caller.user_id, requested_by=caller.user_id)
        await audit.record(
            session,
            AuditAction.USER_DELETED if request.delete_account else AuditAction.CONTENT_ERASED,
            actor_id=caller.user_id,
            subject_id=caller.user_id,
        )
        view, workflow_id = retention.view_of(row), row.workflow_id
        schedules = await deleted_owners.empty(session, user) if request.delete_account else []
    if request.delete_account:
        parts.auth.forget(caller.user_id)
    for schedule_id in schedules:
        await parts.schedule_dispatcher.deliver(schedule_id)
    await _start(parts, view, workflow_id)
    return view


@own.get("", operation_id="get_erasure", summary="Get Erasure of Own Content")
async def get_erasure(caller: WithCaller, parts: WithParts) -> RetentionView:
    """Return how far the latest erasure of your content has come."""
    async with parts.database.begin() as session:
        return await retention.newest_of(session, caller.user_id)


@of_holds.get("", operation_id="list_holds")
async def list_holds(caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None) -> HoldPage:
    """List what retention doesn't delete, newest first. Administrators see the holds on all users' content."""
    list_name = f"holds {caller.user_id} {caller.role}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        found, place = await holds.page(session, caller, after=after, limit=limit)
    return HoldPage(items=tuple(found), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@of_holds.put("/{subject_id}", operation_id="place_hold")
async def place_hold(subject_id: WithSubjectId, caller: WithCaller, parts: WithParts) -> HoldView:
    """Exempt a task, chat session, completion, AI call or file from retention. Its owner can still delete it."""
    async with parts.database.begin() as session:
        hold, is_new = await holds.place(session, caller, str(subject_id))
        if is_new:
            await audit.record(session, AuditAction.HOLD_PLACED, actor_id=caller.user_id, subject_id=hold.id)
    return hold


@of_holds.delete("/{subject_id}", operation_id="lift_hold", status_code=status.HTTP_204_NO_CONTENT)
async def lift_hold(subject_id: WithSubjectId, caller: WithCaller, parts: WithParts) -> None:
    """Lift a hold. Only administrators can lift what an administrator has placed."""
    async with parts.database.begin() as session:
        owner_id = await holds.lift(session, caller, str(subject_id))
        await deleted_owners.empty_freed(session, owner_id)
        await audit.record(session, AuditAction.HOLD_LIFTED, actor_id=caller.user_id, subject_id=str(subject_id))


def _rules_of(parts: Parts) -> tuple[RetentionRule, ...]:
    return tuple(
        RetentionRule(
            kind=RetentionKind(kind),
            days=days,
            setting=f"CHIMERA_{RETENTION_SETTINGS[kind].upper()}",
            continuous=kind not in retention.BY_AGE,
        )
        for kind, days in parts.settings.kept_days.items()
    )


async def _start(parts: Parts, view: RetentionView, workflow_id: str) -> None:
    assert view.id is not None
    await RetentionStarts(parts.settings, parts.database, parts.temporal).start(view.id, workflow_id)
