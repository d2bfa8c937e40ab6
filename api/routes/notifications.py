"""Routes for notifications: list them, and mark them as read."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.deps import ClosedRoute, WithCaller, WithParts
from api.paging import Cursor, Limit
from chimera.store import notifications
from models.notifications import (
    MAX_ID,
    NotificationCounts,
    NotificationId,
    NotificationPage,
    NotificationView,
    ReadMark,
)

router = APIRouter(prefix="/system/notifications", tags=["notifications"], route_class=ClosedRoute)

Unread = Annotated[bool, Query(description="`true` to return only notifications that you haven't read")]
Id = Annotated[int, Path(ge=1, le=MAX_ID, description="ID of the notification, as shown in the list")]


@router.get("", operation_id="list_notifications")
async def list_notifications(
    caller: WithCaller, parts: WithParts, unread: Unread = False, limit: Limit = 20, cursor: Cursor = None
) -> NotificationPage:
    """List your notifications, newest first: what waits for you, and what went wrong."""
    list_name = f"notifications {caller.user_id} {unread}"
    after = NotificationId(int(parts.cursors.open_text(cursor, list_name))) if cursor else None
    async with parts.database.begin() as session:
        found, last = await notifications.page(session, caller.user_id, unread=unread, after=after, limit=limit)
        count = await notifications.unread(session, caller.user_id)
    next_cursor = None if last is None else parts.cursors.seal_text(str(last), list_name)
    return NotificationPage(items=tuple(found), unread=count, next_cursor=next_cursor)


@router.post("/read", operation_id="read_notifications", summary="Mark Notifications as Read")
async def read_notifications(mark: ReadMark, caller: WithCaller, parts: WithParts) -> NotificationCounts:
    """Mark all your notifications up to an ID as read. Newer ones stay unread."""
    async with parts.database.begin() as session:
        marked = await notifications.mark_all_read(session, caller.user_id, NotificationId(mark.up_to))
        left = await notifications.unread(session, caller.user_id)
    return NotificationCounts(marked=marked, unread=left)


@router.post("/{notification_id}/read", operation_id="read_notification", summary="Mark Notification as Read")
async def read_notification(notification_id: Id, caller: WithCaller, parts: WithParts) -> NotificationView:
    """Mark one of your notifications as read. Doing so again changes nothing."""
    async with parts.database.begin() as session:
        return await notifications.mark_read(session, caller.user_id, NotificationId(notification_id))
