"""What users share with groups."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class Share(Table):
    """A right to one object for the members of a group. It is deleted with its object, its group and its owner."""

    __tablename__ = "shares"
    id: Mapped[str] = uuid_key()
    group_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("groups.id", ondelete="CASCADE"))
    kind: Mapped[str]
    resource_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    """The object's ID. There is no foreign key, because the kinds have different tables."""
    right: Mapped[str]
    owner_id: Mapped[str] = owner()
    """The object's owner, who is the only one who can share it."""
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        CheckConstraint("\"right\" IN ('view', 'use', 'edit')", name="shares_right"),
        # Rights are looked up by object, and lists by group.
        UniqueConstraint("kind", "resource_id", "group_id", name="shares_resource_group"),
        Index("shares_group", "group_id", "created_at", "id"),
        Index("shares_owner", "owner_id"),
    )
