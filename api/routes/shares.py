"""Routes for shares, the same for each kind of object that can be shared."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, status

from api.chat import WithSessionId
from api.deps import ClosedRoute, WithCaller, WithFileId, WithGroupId, WithParts, WithScheduleId, WithTaskId
from api.paging import Cursor, Limit
from api.routes.agents import AgentInPath
from chimera.store import agents, audit, shares
from models.audit import AuditAction
from models.shares import Right, ShareKind, SharePage, ShareSpec, ShareView

router = APIRouter(route_class=ClosedRoute)


async def _task(task_id: WithTaskId) -> str:
    return task_id


async def _schedule(schedule_id: WithScheduleId) -> str:
    return schedule_id


async def _chat_session(session_id: WithSessionId) -> str:
    return session_id


async def _file(file_id: WithFileId) -> str:
    return file_id


async def _agent(agent: AgentInPath, caller: WithCaller, parts: WithParts) -> str:
    async with parts.database.begin() as session:
        return (await agents.found(session, caller, agent, Right.VIEW, to_be="shared")).row.id


def _add_routes(kind: ShareKind, id_of: Callable[..., Awaitable[str]], place: str, tag: str) -> None:
    """Add the routes of a kind below the place of its objects, with the ID that `id_of` reads."""
    address = f"{place}/shares"

    async def list_shares(
        resource_id: Annotated[str, Depends(id_of)],
        caller: WithCaller,
        parts: WithParts,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> SharePage:
        list_name = f"shares {caller.user_id} {kind} {resource_id}"
        after = parts.cursors.open(cursor, list_name) if cursor else None
        async with parts.database.begin() as session:
            await shares.check_owner(session, caller, kind, resource_id)
            views, place = await shares.page(session, kind, resource_id, after=after, limit=limit)
        return SharePage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)

    async def put_share(
        resource_id: Annotated[str, Depends(id_of)],
        group_id: WithGroupId,
        spec: ShareSpec,
        caller: WithCaller,
        parts: WithParts,
    ) -> ShareView:
        async with parts.database.begin() as session:
            view = await shares.put(session, caller, kind, resource_id, group_id, spec.right)
            facts = {"kind": kind.value, "group_id": group_id, "right": spec.right.value}
            await audit.record(session, AuditAction.SHARED, actor_id=caller.user_id, subject_id=resource_id, **facts)
        return view

    async def remove_share(
        resource_id: Annotated[str, Depends(id_of)], group_id: WithGroupId, caller: WithCaller, parts: WithParts
    ) -> None:
        async with parts.database.begin() as session:
            await shares.remove(session, caller, kind, resource_id, group_id)
            facts = {"kind": kind.value, "group_id": group_id}
            await audit.record(session, AuditAction.UNSHARED, actor_id=caller.user_id, subject_id=resource_id, **facts)

    router.add_api_route(
        address,
        list_shares,
        tags=[tag],
        operation_id=f"list_{kind}_shares",
        summary=f"List Shares of a {kind.noun.title()}",
        description=f"List the groups that one of your {kind.noun}s is shared with, newest first.",
    )
    router.add_api_route(
        f"{address}/{{group_id}}",
        put_share,
        methods=["PUT"],
        tags=[tag],
        operation_id=f"share_{kind}",
        summary=f"Share a {kind.noun.title()}",
        description=f"Share one of your {kind.noun}s with a group of yours, or change the right that the group has.",
    )
    router.add_api_route(
        f"{address}/{{group_id}}",
        remove_share,
        methods=["DELETE"],
        status_code=status.HTTP_204_NO_CONTENT,
        tags=[tag],
        operation_id=f"unshare_{kind}",
        summary=f"Stop Sharing a {kind.noun.title()}",
        description=f"Stop sharing one of your {kind.noun}s with a group. Its open streams end within 5 seconds.",
    )


_add_routes(ShareKind.TASK, _task, "/tasks/{task_id}", "tasks")
_add_routes(ShareKind.SCHEDULE, _schedule, "/schedules/{schedule_id}", "schedules")
_add_routes(ShareKind.FILE, _file, "/files/{file_id}", "files")
_add_routes(ShareKind.AGENT, _agent, "/agents/{agent}", "agents")
_add_routes(ShareKind.CHAT_SESSION, _chat_session, "/chat/sessions/{session_id}", "chat")
