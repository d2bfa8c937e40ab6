"""Groups of users, with whom owners share what they have."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from models.base import Body, Contract, UtcDatetime
from models.ids import GroupId, MemberId

GroupName = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
MemberEmail = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=254)]
GroupRole = Literal["member", "manager"]
"""A manager adds and removes members, and renames or deletes the group."""


class GroupSpec(Body):
    """A group's name."""

    name: GroupName = Field(description="Unique name of the group, regardless of case")


class GroupView(Contract):
    """A group."""

    id: GroupId
    name: str
    role: GroupRole | None = Field(
        description="Your role in the group. `null` if you aren't a member, but an administrator."
    )
    created_at: UtcDatetime


class GroupPage(Contract):
    """A page of groups, newest first."""

    items: tuple[GroupView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")


class MemberSpec(Body):
    """A member to add, or a member's new role."""

    email: MemberEmail = Field(description="E-mail address of the user's account, or the name of a service account")
    role: GroupRole = Field(default="member", description="`manager` for a member who also manages the group")


class MemberView(Contract):
    """A member of a group. The response doesn't reveal whether the address has an account."""

    id: MemberId
    email: str = Field(description="E-mail address that the manager entered")
    role: GroupRole = Field(description="`manager` for a member who also manages the group")
    created_at: UtcDatetime


class MemberPage(Contract):
    """A page of members, newest first."""

    items: tuple[MemberView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")
