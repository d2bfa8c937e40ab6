"""Users, their sessions, and one-time tokens for new passwords."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, Uuid, func, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Money, Table, now, owner, uuid_key


class User(Table):
    __tablename__ = "users"
    id: Mapped[str] = uuid_key()
    email: Mapped[str] = mapped_column(unique=True)
    """For a service account: its name. Such an e-mail address can't be registered, because it has no @."""
    name: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str] = mapped_column(server_default="person")
    password_hash: Mapped[str | None]
    """Null for accounts without a password: service accounts, and users of an identity provider."""
    role: Mapped[str] = mapped_column(server_default="user")
    preferences: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    disabled_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    """When the account was deleted. The row stays without personal data, because what was paid refers to it. A deleted
    account is also disabled."""
    agents_revision: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How often the user's agents have changed. A counter, not a time: a change locks the row until it commits, so a
    reader of a revision also sees every change up to it."""
    max_cost_day_micro_usd: Mapped[int | None] = mapped_column(Money)
    """What the user's runs may cost per day, as in the next one per month; null: what the settings say."""
    max_cost_month_micro_usd: Mapped[int | None] = mapped_column(Money)
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (
        CheckConstraint("role IN ('user', 'admin', 'viewer')", name="users_role"),
        CheckConstraint("kind IN ('person', 'service')", name="users_kind"),
        CheckConstraint("deleted_at IS NULL OR disabled_at IS NOT NULL", name="users_deleted_is_disabled"),
        Index("users_created", "created_at", "id"),
    )


class RefreshToken(Table):
    """A refresh token. It can be used once; a second use revokes the whole family. Only its SHA-256 is stored."""

    __tablename__ = "refresh_tokens"
    id: Mapped[str] = uuid_key()
    user_id: Mapped[str] = owner()
    family_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str | None]
    """The address where the session began; set only for the session's first token."""
    client: Mapped[str | None]
    """The program that began the session, as it described itself; set only for the session's first token."""
    last_used_at: Mapped[datetime | None]
    """When the session was last used while this was its newest token, to the minute."""
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("refresh_tokens_family", "family_id"),
        Index("refresh_tokens_user", "user_id"),
        Index("refresh_tokens_expires", "expires_at", postgresql_where=text("address IS NULL AND client IS NULL")),
        Index("refresh_tokens_began", "created_at", postgresql_where=text("address IS NOT NULL OR client IS NOT NULL")),
    )


class PasswordReset(Table):
    """A one-time token with which a user sets a new password. Only its SHA-256 is stored."""

    __tablename__ = "password_resets"
    id: Mapped[str] = uuid_key()
    user_id: Mapped[str] = owner()
    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (Index("password_resets_user", "user_id"), Index("password_resets_expires", "expires_at"))


class Identity(Table):
    """A user's account at an identity provider (OpenID Connect)."""

    __tablename__ = "identities"
    id: Mapped[str] = uuid_key()
    user_id: Mapped[str] = owner()
    issuer: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        UniqueConstraint("issuer", "subject", name="identities_issuer_subject"),
        Index("identities_user", "user_id"),
    )
