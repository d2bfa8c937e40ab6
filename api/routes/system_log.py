"""Routes for administrators: the system log."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ClosedRoute, WithCaller, WithParts
from api.paging import Limit
from chimera.store import system_log
from chimera.store.system_log import LogFilter
from models.errors import Forbidden, InvalidInput
from models.system_log import Level, LogPage

router = APIRouter(prefix="/system", tags=["system"], route_class=ClosedRoute)


@router.get("/logs", operation_id="list_system_log", summary="List System Log")
async def list_system_log(
    caller: WithCaller,
    parts: WithParts,
    level: Annotated[Level | None, Query(description="Only entries of this level")] = None,
    component: Annotated[
        str | None, Query(max_length=60, description="Only entries of this component, for example `worker`")
    ] = None,
    since: Annotated[datetime | None, Query(description="Only entries since this time, with a time zone")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Text that the event or its fields contain")
    ] = None,
    limit: Limit = 50,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="The `next_cursor` of the previous page, unchanged")
    ] = None,
) -> LogPage:
    """List warnings and errors of the installation's processes, newest first. Only administrators can do this."""
    if caller.role != "admin":
        raise Forbidden("Only administrators can read the system log.")
    for name, value in (("component", component), ("q", q)):
        if value is not None and "\0" in value:
            raise InvalidInput(name, "The text contains a NUL character. Remove it.")
    if since is not None and since.tzinfo is None:
        raise InvalidInput("since", "The time has no time zone. Add one, for example Z for UTC.")
    of = f"log {caller.user_id} {level} {component} {since} {q}"
    before = None if cursor is None else int(parts.cursors.open_text(cursor, of))
    async with parts.database.begin() as session:
        only = LogFilter(level=level, component=component, since=since, text=q)
        found = await system_log.page(session, only, before=before, limit=limit + 1)
    items = found[:limit]
    return LogPage(
        items=tuple(items),
        next_cursor=parts.cursors.seal_text(str(items[-1].id), of) if len(found) > limit else None,
    )
