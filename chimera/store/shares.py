"""Shares: the rights of groups to objects. Only an object's owner gives rights; administrators can also take them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Agent, ChatSession, File, Group, Run, Schedule, Share
from chimera.store import groups, pages
from chimera.store.access import IS_TASK, open_to, too_little
from chimera.store.pages import Place
from models.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.ids import GroupId, UserId
from models.shares import RIGHTS, Right, ShareKind, ShareView
from models.users import Caller

MAX_SHARES = 50
"""Groups that one object can be shared with."""


async def check_owner(
    session: AsyncSession, caller: Caller, kind: ShareKind, resource_id: str, *, lock: bool = False
) -> UserId:
    """Return the owner of an object that is the caller's own, or any if the caller is an administrator.

    Raises NotFound, and Forbidden for an object that is only shared with the caller.
    """
    owner = _owner_of(caller, kind, resource_id, None)
    owner_id = await session.scalar(owner.with_for_update(key_share=True) if lock else owner)
    if owner_id is not None:
        return UserId(owner_id)
    if await session.scalar(_owner_of(caller, kind, resource_id, Right.VIEW)) is not None:
        raise too_little(kind.noun, None)
    raise NotFound(kind.noun, resource_id)


async def put(
    session: AsyncSession, caller: Caller, kind: ShareKind, resource_id: str, group_id: GroupId, right: Right
) -> ShareView:
    """Give a group of the owner's a right to an object, instead of the right that it had.

    Raises NotFound for an object or a group that the caller doesn't see, Forbidden for an administrator who doesn't
    own the object, InvalidInput for a right that the kind doesn't have, and Conflict for too many groups.
    """
    owner_id = await check_owner(session, caller, kind, resource_id, lock=True)
    if owner_id != caller.user_id:
        raise Forbidden(f"Only the owner of a {kind.noun} can share it. Administrators can remove its shares.")
    # Locked, so that a member who is being removed leaves no share behind.
    group = await groups.one(session, caller, group_id, lock=True)
    if group.role is None:
        raise Forbidden("You can share only with groups that you are a member of. Ask one of its managers to add you.")
    if right not in RIGHTS[kind]:
        known = ", ".join(RIGHTS[kind])
        raise InvalidInput("right", f"A {kind.noun} can't be shared with the right {right.value!r}. Use: {known}.")
    of_object = (Share.kind == kind.value, Share.resource_id == resource_id, Share.group_id != group_id)
    if (await session.scalar(select(func.count()).select_from(Share).where(*of_object)) or 0) >= MAX_SHARES:
        raise Conflict(f"A {kind.noun} can be shared with at most {MAX_SHARES} groups. Remove a share first.")
    values = {"kind": kind.value, "resource_id": resource_id, "group_id": group_id, "owner_id": owner_id}
    statement = insert(Share).values(**values, right=right.value)
    await session.execute(
        statement.on_conflict_do_update(constraint="shares_resource_group", set_={"right": right.value})
    )
    found = _rows().where(Share.kind == kind.value, Share.resource_id == resource_id, Share.group_id == group_id)
    return _view_of((await session.execute(found)).one())


async def page(
    session: AsyncSession, kind: ShareKind, resource_id: str, *, after: Place | None, limit: int
) -> tuple[list[ShareView], Place | None]:
    """Return up to `limit` shares of an object, newest first, and where they end. `check_owner` comes first."""
    rows = _rows().where(Share.kind == kind.value, Share.resource_id == resource_id)
    found, place = await pages.newest(session, rows, Share.created_at, Share.id, after=after, limit=limit)
    return [_view_of(row) for row in found], place


async def page_of_group(
    session: AsyncSession, caller: Caller, group_id: GroupId, *, after: Place | None, limit: int
) -> tuple[list[ShareView], Place | None]:
    """Return up to `limit` shares with a group that the caller may see, newest first, and where they end."""
    await groups.one(session, caller, group_id)
    rows = _rows().where(Share.group_id == group_id)
    found, place = await pages.newest(session, rows, Share.created_at, Share.id, after=after, limit=limit)
    return [_view_of(row) for row in found], place


async def remove(session: AsyncSession, caller: Caller, kind: ShareKind, resource_id: str, group_id: GroupId) -> None:
    """Take a group's right to an object. Raises NotFound, and Forbidden for an object that is only shared."""
    await check_owner(session, caller, kind, resource_id, lock=True)
    of_group = (Share.kind == kind.value, Share.resource_id == resource_id, Share.group_id == group_id)
    if await session.scalar(delete(Share).where(*of_group).returning(Share.id)) is None:
        raise NotFound("share", group_id)


async def forget(session: AsyncSession, kind: ShareKind, resource_ids: Sequence[str]) -> None:
    """Delete all shares of objects that are being deleted."""
    if resource_ids:
        await session.execute(delete(Share).where(Share.kind == kind.value, Share.resource_id.in_(resource_ids)))


def _owner_of(caller: Caller, kind: ShareKind, resource_id: str, right: Right | None) -> Select[str]:
    is_open = open_to(caller, kind, right)
    match kind:
        case ShareKind.TASK:
            return select(Run.owner_id).where(Run.id == resource_id, IS_TASK, Run.deleted_at.is_(None), *is_open)
        case ShareKind.SCHEDULE:
            return select(Schedule.owner_id).where(Schedule.id == resource_id, *is_open)
        case ShareKind.FILE:
            return select(File.owner_id).where(File.id == resource_id, *is_open)
        case ShareKind.CHAT_SESSION:
            exists = ChatSession.deleted_at.is_(None)
            return select(ChatSession.owner_id).where(ChatSession.id == resource_id, exists, *is_open)
        case ShareKind.AGENT:
            return select(Agent.owner_id).where(Agent.id == resource_id, *is_open)


def _rows() -> Select[*tuple[Any, ...]]:
    return select(Share, Share.id, Share.created_at, Group.name.label("group")).join(Group, Group.id == Share.group_id)


def _view_of(row: Any) -> ShareView:
    share: Share = row.Share
    return ShareView(
        group_id=GroupId(share.group_id),
        group=row.group,
        kind=ShareKind(share.kind),
        resource_id=share.resource_id,
        right=Right(share.right),
        created_at=share.created_at,
    )
