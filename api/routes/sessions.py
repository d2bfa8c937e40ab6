"""Routes for the caller's sessions."""

from fastapi import APIRouter, status

from api.deps import ClosedRoute, WithCaller, WithParts, WithSessionId, WithSignedIn
from api.paging import Cursor, Limit
from chimera.store import audit, sessions, users
from models.audit import AuditAction
from models.sessions import EndedSessions, SessionPage

router = APIRouter(prefix="/auth/sessions", tags=["auth"], route_class=ClosedRoute)


@router.get("", operation_id="list_sessions")
async def list_sessions(
    signed_in: WithSignedIn, parts: WithParts, limit: Limit = 20, cursor: Cursor = None
) -> SessionPage:
    """List where you are signed in, newest first."""
    user_id = signed_in.caller.user_id
    list_name = f"sessions {user_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await sessions.page(session, user_id, signed_in.session_id, after=after, limit=limit)
    return SessionPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.delete("/{session_id}", operation_id="end_session", status_code=status.HTTP_204_NO_CONTENT)
async def end_session(session_id: WithSessionId, caller: WithCaller, parts: WithParts) -> None:
    """End one of your sessions. Its refresh token stops working immediately, and its access tokens within seconds."""
    async with parts.database.begin() as session:
        await sessions.end(session, caller.user_id, session_id)
        await audit.record(session, AuditAction.SESSION_ENDED, actor_id=caller.user_id, subject_id=session_id)
    parts.auth.forget(caller.user_id)


@router.delete("", operation_id="end_other_sessions")
async def end_other_sessions(signed_in: WithSignedIn, parts: WithParts) -> EndedSessions:
    """End all your sessions except this one. API keys keep working."""
    user_id = signed_in.caller.user_id
    async with parts.database.begin() as session:
        ended = await users.end_sessions_of(session, user_id, but=signed_in.session_id)
        await audit.record(session, AuditAction.SESSION_ENDED, actor_id=user_id, subject_id=user_id, sessions=ended)
    parts.auth.forget(user_id)
    return EndedSessions(ended=ended)
