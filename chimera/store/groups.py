"""Groups of users. Members see their groups, managers change them, and administrators do both for all groups."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Group, GroupMember, Share, User
from chimera.store import pages
from chimera.store.pages import Place
from models.errors import Conflict, Forbidden, NotFound
from models.groups import GroupRole, GroupSpec, GroupView, MemberSpec, MemberView
from models.ids import GroupId, MemberId
from models.users import Caller

MAX_GROUPS = 100
"""Groups that a user can create."""
MAX_MEMBERS = 500
"""Members that a group can have."""


class Found(NamedTuple):
    """A group, and the caller's role in it; None for an administrator who isn't a member."""

    row: Group
    role: GroupRole | None

    @property
    def view(self) -> GroupView:
        row = self.row
        return GroupView(id=GroupId(row.id), name=row.name, role=self.role, created_at=row.created_at)


async def create(session: AsyncSession, caller: Caller, spec: GroupSpec) -> GroupView:
    """Create a group whose manager is the caller. Raises Conflict if the name is taken, or there are too many."""
    # Locked, so that two requests at once can't exceed the limit.
    email = await session.scalar(select(User.email).where(User.id == caller.user_id).with_for_update(key_share=True))
    number = await session.scalar(select(func.count()).where(Group.created_by == caller.user_id)) or 0
    if number >= MAX_GROUPS:
        raise Conflict(f"You have created {number} groups, and can have at most {MAX_GROUPS}. Delete one first.")
    statement = insert(Group).values(name=spec.name, created_by=caller.user_id).on_conflict_do_nothing()
    row = await session.scalar(statement.returning(Group))
    if row is None:
        raise _taken(spec.name)
    session.add(GroupMember(group_id=row.id, email=email or "", user_id=caller.user_id, role="manager"))
    await session.flush()
    return Found(row, "manager").view


async def page(
    session: AsyncSession, caller: Caller, *, after: Place | None, limit: int
) -> tuple[list[GroupView], Place | None]:
    """Return up to `limit` groups of the caller (for an administrator, all), newest first, and where they end."""
    found, place = await pages.newest(session, _seen_by(caller), Group.created_at, Group.id, after=after, limit=limit)
    return [Found(row.Group, row.role).view for row in found], place


async def one(
    session: AsyncSession, caller: Caller, group_id: GroupId, *, to_manage: bool = False, lock: bool = False
) -> Found:
    """Return a group that the caller may see, locked until the transaction ends if `lock` is true.

    Raises NotFound, also for a group of others, and Forbidden if the caller must be its manager and isn't.
    """
    if lock:
        # A statement of its own: the next one then sees the members as the transaction before has left them.
        await session.execute(select(Group.id).where(Group.id == group_id).with_for_update())
    row = (await session.execute(_seen_by(caller).where(Group.id == group_id))).one_or_none()
    if row is None:
        raise NotFound("group", group_id)
    if to_manage and row.role != "manager" and caller.role != "admin":
        raise Forbidden("Only a group's managers can do this. Ask one of them; the list of members names them.")
    return Found(row.Group, row.role)


async def rename(session: AsyncSession, found: Found, spec: GroupSpec) -> GroupView:
    """Rename a locked group. Raises Conflict if the name is taken."""
    same = exists().where(func.lower(Group.name) == func.lower(spec.name), Group.id != found.row.id)
    if await session.scalar(select(same)):
        raise _taken(spec.name)
    try:
        async with session.begin_nested():
            found.row.name = spec.name
    except IntegrityError:
        # Another group got the name at the same moment.
        raise _taken(spec.name) from None
    return found.view


async def remove(session: AsyncSession, found: Found) -> None:
    """Delete a locked group with its members and shares."""
    await session.delete(found.row)


async def members(
    session: AsyncSession, group_id: GroupId, *, after: Place | None, limit: int
) -> tuple[list[MemberView], Place | None]:
    """Return up to `limit` members of a group that the caller may see, newest first, and where they end."""
    rows = select(GroupMember, GroupMember.created_at, GroupMember.id).where(GroupMember.group_id == group_id)
    found, place = await pages.newest(session, rows, GroupMember.created_at, GroupMember.id, after=after, limit=limit)
    return [_member_view_of(row.GroupMember) for row in found], place


async def put_member(session: AsyncSession, found: Found, spec: MemberSpec) -> MemberView:
    """Add a member to a locked group, or change the member's role.

    The outcome is the same for an address without an account, except that it gives no user a right. Raises Conflict
    if the group is full or would have no manager, and if the member's account no longer has this address.
    """
    of_group = GroupMember.group_id == found.row.id
    user_id = await session.scalar(select(User.id).where(User.email == spec.email, User.deleted_at.is_(None)))
    is_same = GroupMember.email == spec.email
    if user_id is not None:
        # The user may be a member already, under an earlier address.
        is_same = or_(is_same, GroupMember.user_id == user_id)
    same = (await session.scalars(select(GroupMember).where(of_group, is_same))).all()
    if not same:
        number = await session.scalar(select(func.count()).select_from(GroupMember).where(of_group)) or 0
        if number >= MAX_MEMBERS:
            raise Conflict(f"The group has {number} members, and can have at most {MAX_MEMBERS}. Remove one first.")
    for member in same:
        if member.email == spec.email and member.user_id not in (None, user_id):
            # Otherwise, the membership would pass to a user who has registered the address since.
            raise Conflict(
                f"The account that was added as {spec.email!r} has another address now. Remove this member first, then"
                " add the address again."
            )
        if member.role == "manager" and spec.role != "manager":
            await _check_other_manager(session, member)
        if member.email != spec.email:
            await session.delete(member)
    await session.flush()
    values = {"role": spec.role, "user_id": user_id}
    statement = insert(GroupMember).values(group_id=found.row.id, email=spec.email, **values)
    statement = statement.on_conflict_do_update(constraint="group_members_email", set_=values)
    returned = statement.returning(GroupMember).execution_options(populate_existing=True)
    return _member_view_of((await session.scalars(returned)).one())


async def remove_member(session: AsyncSession, caller: Caller, group_id: GroupId, member_id: MemberId) -> MemberView:
    """Remove a member, and what the member has shared with the group. Members can also remove themselves.

    Raises NotFound, Forbidden unless the caller manages the group, and Conflict for the last manager.
    """
    await one(session, caller, group_id, lock=True)
    member = await session.scalar(
        select(GroupMember).where(GroupMember.id == member_id, GroupMember.group_id == group_id)
    )
    if member is None:
        raise NotFound("member", member_id)
    if member.user_id != caller.user_id:
        await one(session, caller, group_id, to_manage=True)
    if member.role == "manager":
        await _check_other_manager(session, member)
    if member.user_id is not None:
        await session.execute(delete(Share).where(Share.group_id == group_id, Share.owner_id == member.user_id))
    await session.delete(member)
    return _member_view_of(member)


async def _check_other_manager(session: AsyncSession, member: GroupMember) -> None:
    # Addresses without an account count too: otherwise, the answer would reveal that they have none.
    other = exists().where(
        GroupMember.group_id == member.group_id, GroupMember.role == "manager", GroupMember.id != member.id
    )
    if not await session.scalar(select(other)):
        raise Conflict("This is the group's last manager. Make another member a manager first, or delete the group.")


def _seen_by(caller: Caller) -> Select[*tuple[Any, ...]]:
    """Select the groups that a caller may see, each with the caller's role."""
    is_own = and_(GroupMember.group_id == Group.id, GroupMember.user_id == caller.user_id)
    seen: ColumnElement[bool] = true() if caller.role == "admin" else GroupMember.id.is_not(None)
    columns = (Group, Group.id, Group.created_at, GroupMember.role)
    # An inner join for members, so that their groups are found by the index on members.
    return select(*columns).join(GroupMember, is_own, isouter=caller.role == "admin").where(seen)


def _member_view_of(row: GroupMember) -> MemberView:
    return MemberView.model_validate(row, from_attributes=True)


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a group named {name!r} already. Choose another name.", field="name")
