"""The audit log: who did what to accounts, credentials and rules, and when."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import UserId


class AuditAction(StrEnum):
    """An act that is recorded."""

    SIGNED_IN = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGNED_OUT = "sign_out"
    SESSION_ENDED = "session.ended"
    REFRESH_TOKEN_REUSED = "refresh_token.reused"  # noqa: S105  # no secret
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  # no secret
    PASSWORD_CHANGE_FAILED = "password.change_failed"  # noqa: S105  # no secret
    PASSWORD_RESET_CREATED = "password.reset_created"  # noqa: S105  # no secret
    PASSWORD_RESET = "password.reset"  # noqa: S105  # no secret
    API_KEY_CREATED = "api_key.created"
    API_KEY_DELETED = "api_key.deleted"
    USER_REGISTERED = "user.registered"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    LIMITS_CHANGED = "limits.changed"
    INVITATION_CREATED = "invitation.created"
    INVITATION_DELETED = "invitation.deleted"
    IDENTITY_LINKED = "identity.linked"
    POLICY_REPLACED = "policy.replaced"
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    MEMBER_ADDED = "group.member_added"
    MEMBER_REMOVED = "group.member_removed"
    SHARED = "share.set"
    UNSHARED = "share.removed"
    RETENTION_STARTED = "retention.started"
    CONTENT_ERASED = "content.erased"
    CONTENT_READ = "content.read"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    CODEC_ADDRESS_CREATED = "codec_address.created"


class AuditEntryView(Contract):
    """An entry of the audit log."""

    id: str
    at: UtcDatetime
    action: str = Field(description="What was done, such as `user.disabled`")
    actor_id: UserId | None = Field(
        description="ID of the user who did it. `null` if no user was signed in, or if an operator used a command."
    )
    actor: str | None = Field(description="E-mail address of that user now. `null` if there is none.")
    subject_id: str | None = Field(description="ID of the user, key, invitation or other object that it was done to")
    address: str | None = Field(description="IP address that the request came from")
    request_id: str | None = Field(description="ID of the request, as in the `X-Request-ID` header and in log lines")
    details: dict[str, Any] = Field(description="Facts about the act. They contain no secrets.")


class AuditPage(Contract):
    """A page of the audit log, newest entries first."""

    items: tuple[AuditEntryView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")
