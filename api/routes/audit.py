"""Routes for the audit log. Only administrators can use them: `api/permissions.py` decides."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.deps import ClosedRoute, WithCaller, WithParts
from api.paging import Cursor, Limit
from chimera.store import audit
from chimera.store.audit import AuditFilter
from models.audit import AuditAction, AuditPage
from models.ids import UserId
from models.schedules import Moment

router = APIRouter(prefix="/audit", tags=["users"], route_class=ClosedRoute)


async def _filter(
    action: Annotated[AuditAction | None, Query(description="Return only entries for this kind of act")] = None,
    actor_id: Annotated[UUID | None, Query(description="Return only what this user did")] = None,
    subject_id: Annotated[
        UUID | None, Query(description="Return only what was done to the object with this ID, such as a user")
    ] = None,
    since: Annotated[
        Moment | None, Query(description="Return only entries from this time on, such as 2026-11-01T00:00:00Z")
    ] = None,
    until: Annotated[Moment | None, Query(description="Return only entries before this time")] = None,
) -> AuditFilter:
    return AuditFilter(
        action=action,
        actor_id=UserId(str(actor_id)) if actor_id else None,
        subject_id=str(subject_id) if subject_id else None,
        since=since,
        until=until,
    )


@router.get("", operation_id="list_audit_entries", summary="List Audit Log")
async def list_audit_entries(
    caller: WithCaller,
    parts: WithParts,
    only: Annotated[AuditFilter, Depends(_filter)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> AuditPage:
    """List what was done to accounts, credentials and the installation's rules, newest first."""
    list_name = f"audit {caller.user_id} {' '.join(map(_words, only))}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        entries, place = await audit.page(session, only=only, after=after, limit=limit)
    return AuditPage(items=tuple(entries), next_cursor=parts.cursors.seal(place, list_name) if place else None)


def _words(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "-")
