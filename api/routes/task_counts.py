"""Route for the numbers of a home page, in one cheap request."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ClosedRoute, WithCaller, WithParts
from api.periods import today
from chimera.ledger.analytics import calls
from chimera.ledger.analytics.window import Window, bounded
from chimera.store import notifications, task_counts
from models.task_counts import TaskCounts

router = APIRouter(prefix="/tasks", tags=["tasks"], route_class=ClosedRoute)


@router.get("/counts", operation_id="get_task_counts")
async def get_task_counts(
    caller: WithCaller,
    parts: WithParts,
    time_zone: Annotated[
        str, Query(max_length=60, description="IANA name of the time zone of today, for example `Europe/Berlin`")
    ] = "UTC",
) -> TaskCounts:
    """Count your own tasks by status and what waits for you, and add up today's cost."""
    period = today(time_zone)
    async with parts.database.begin() as session:
        await bounded(session)
        return TaskCounts(
            by_status=await task_counts.by_status(session, caller),
            waiting=await task_counts.waiting_for(session, caller),
            unread_notifications=await notifications.unread(session, caller.user_id),
            today=await calls.cost_in(session, Window(caller.user_id, period.since, period.until), period),
        )
