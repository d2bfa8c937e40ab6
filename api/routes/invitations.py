"""Routes for invitations. Only administrators can use them: `api/permissions.py` decides."""

from fastapi import APIRouter, Response, status

from api.deps import API, ClosedRoute, WithCaller, WithInvitationId, WithParts
from api.paging import Cursor, Limit
from chimera.security.one_time import new_token
from chimera.store import accounts, audit, invitations
from models.audit import AuditAction
from models.errors import Conflict
from models.invitations import InvitationPage, InvitationSpec, NewInvitation

router = APIRouter(prefix="/invitations", tags=["users"], route_class=ClosedRoute)


@router.post("", operation_id="create_invitation", status_code=status.HTTP_201_CREATED)
async def create_invitation(
    spec: InvitationSpec, caller: WithCaller, parts: WithParts, response: Response
) -> NewInvitation:
    """Invite a person to create an account. The response contains the invitation's token, which isn't shown again."""
    response.headers["Location"] = f"{API}/invitations"
    if parts.settings.registration == "off":
        raise Conflict(
            "Registration is off, so an invitation couldn't be used. Start Chimera with CHIMERA_REGISTRATION=invited."
        )
    token = new_token()
    async with parts.database.begin() as session:
        await accounts.check_acting(session, caller)
        view = await invitations.create(session, caller.user_id, spec, token.sha256)
        facts = {"email": spec.email, "role": spec.role}
        await audit.record(
            session, AuditAction.INVITATION_CREATED, actor_id=caller.user_id, subject_id=view.id, **facts
        )
    return NewInvitation(**view.model_dump(), token=token.token)


@router.get("", operation_id="list_invitations")
async def list_invitations(
    caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None
) -> InvitationPage:
    """List invitations, newest first, without their tokens."""
    list_name = f"invitations {caller.user_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await invitations.page(session, after=after, limit=limit)
    return InvitationPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.delete("/{invitation_id}", operation_id="delete_invitation", status_code=status.HTTP_204_NO_CONTENT)
async def delete_invitation(invitation_id: WithInvitationId, caller: WithCaller, parts: WithParts) -> None:
    """Delete an invitation, so that it can't be used. An account that was created with it stays."""
    async with parts.database.begin() as session:
        await accounts.check_acting(session, caller)
        await invitations.remove(session, invitation_id)
        await audit.record(session, AuditAction.INVITATION_DELETED, actor_id=caller.user_id, subject_id=invitation_id)
