"""Groups of users, and their members."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, uuid_key


class Group(Table):
    """A group of users, with whom owners share what they have."""

    __tablename__ = "groups"
    id: Mapped[str] = uuid_key()
    name: Mapped[str]
    created_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("groups_name", text("lower(name)"), unique=True),
        Index("groups_created", "created_at", "id"),
        Index("groups_created_by", "created_by"),
    )


class GroupMember(Table):
    """A member of a group, as a manager named it."""

    __tablename__ = "group_members"
    id: Mapped[str] = uuid_key()
    group_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("groups.id", ondelete="CASCADE"))
    email: Mapped[str]
    """The address as the manager wrote it. Lists show nothing else, so they don't reveal who has an account."""
    user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))
    """The account that had the address at that time; null if there was none. Such a member has no rights, even if
    someone registers the address later."""
    role: Mapped[str]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        CheckConstraint("role IN ('member', 'manager')", name="group_members_role"),
        UniqueConstraint("group_id", "email", name="group_members_email"),
        Index("group_members_user", "user_id", "group_id", unique=True, postgresql_where=text("user_id IS NOT NULL")),
        Index("group_members_created", "group_id", "created_at", "id"),
    )
