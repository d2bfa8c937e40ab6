"""Invitations to create an account."""

from pydantic import Field

from models.base import Body, Contract, UtcDatetime, Whole
from models.ids import InvitationId
from models.users import Email, Role


class InvitationSpec(Body):
    """A new invitation."""

    email: Email | None = Field(
        default=None, description="The only e-mail address that can be registered. Default: any address."
    )
    role: Role = Field(default="user", description="Role of the new account")
    expires_in_hours: Whole = Field(default=72, ge=1, le=7 * 24, description="Hours until the invitation expires")


class InvitationView(Contract):
    """An invitation without its token."""

    id: InvitationId
    email: str | None
    role: Role
    created_at: UtcDatetime
    expires_at: UtcDatetime
    used_at: UtcDatetime | None = Field(description="When an account was created with it. `null` if it wasn't used.")


class NewInvitation(InvitationView):
    """A new invitation. Its token is shown only in this response."""

    token: str = Field(description="Give this token to the invited person. It can't be shown again.")


class InvitationPage(Contract):
    """A page of invitations, newest first."""

    items: tuple[InvitationView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")
