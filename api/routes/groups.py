"""Routes for groups: users who share what they have. Members see a group, and its managers change it."""

from fastapi import APIRouter, status

from api.deps import API, ClosedRoute, WithCaller, WithGroupId, WithMemberId, WithParts
from api.etags import ChecksTag, ShowsTag
from api.idempotency import WithKey
from api.paging import Cursor, Limit
from chimera.store import audit, groups, shares
from models.audit import AuditAction
from models.groups import GroupPage, GroupSpec, GroupView, MemberPage, MemberSpec, MemberView
from models.shares import SharePage

router = APIRouter(prefix="/groups", tags=["groups"], route_class=ClosedRoute)


@router.get("", operation_id="list_groups")
async def list_groups(caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None) -> GroupPage:
    """List the groups that you are a member of, newest first. Administrators see all groups."""
    list_name = f"groups {caller.user_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await groups.page(session, caller, after=after, limit=limit)
    return GroupPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.post("", operation_id="create_group", status_code=status.HTTP_201_CREATED)
async def create_group(spec: GroupSpec, caller: WithCaller, parts: WithParts, keyed: WithKey) -> GroupView:
    """Create a group. You are its first member and manager."""
    async with parts.database.begin() as session:
        view = await groups.create(session, caller, spec)
        await audit.record(
            session, AuditAction.GROUP_CREATED, actor_id=caller.user_id, subject_id=view.id, name=view.name
        )
        await keyed.made(session, view, status.HTTP_201_CREATED, location=f"{API}/groups/{view.id}")
    return view


@router.get("/{group_id}", operation_id="get_group")
async def get_group(group_id: WithGroupId, caller: WithCaller, parts: WithParts, tagged: ShowsTag) -> GroupView:
    """Show a group."""
    async with parts.database.begin() as session:
        view = (await groups.one(session, caller, group_id)).view
    tagged.show(view)
    return view


@router.put("/{group_id}", operation_id="rename_group")
async def rename_group(
    group_id: WithGroupId, spec: GroupSpec, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> GroupView:
    """Rename a group that you manage."""
    async with parts.database.begin() as session:
        found = await groups.one(session, caller, group_id, to_manage=True, lock=True)
        tagged.check(found.view)
        view = await groups.rename(session, found, spec)
        await audit.record(
            session, AuditAction.GROUP_CHANGED, actor_id=caller.user_id, subject_id=group_id, name=view.name
        )
    tagged.show(view)
    return view


@router.delete("/{group_id}", operation_id="delete_group", status_code=status.HTTP_204_NO_CONTENT)
async def delete_group(group_id: WithGroupId, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> None:
    """Delete a group that you manage. What was shared with it stays with its owners, and is no longer shared."""
    async with parts.database.begin() as session:
        found = await groups.one(session, caller, group_id, to_manage=True, lock=True)
        tagged.check(found.view)
        await groups.remove(session, found)
        await audit.record(
            session, AuditAction.GROUP_DELETED, actor_id=caller.user_id, subject_id=group_id, name=found.row.name
        )


@router.get("/{group_id}/members", operation_id="list_members")
async def list_members(
    group_id: WithGroupId, caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None
) -> MemberPage:
    """List the members of a group, newest first."""
    list_name = f"members {caller.user_id} {group_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        await groups.one(session, caller, group_id)
        views, place = await groups.members(session, group_id, after=after, limit=limit)
    return MemberPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.post("/{group_id}/members", operation_id="put_member")
async def put_member(group_id: WithGroupId, spec: MemberSpec, caller: WithCaller, parts: WithParts) -> MemberView:
    """Add a member to a group that you manage, or change a member's role.

    The response doesn't reveal whether the address has an account. If it has none, ask the person to create one, and
    add the address again.
    """
    async with parts.database.begin() as session:
        found = await groups.one(session, caller, group_id, to_manage=True, lock=True)
        view = await groups.put_member(session, found, spec)
        facts = {"email": view.email, "role": view.role}
        await audit.record(session, AuditAction.MEMBER_ADDED, actor_id=caller.user_id, subject_id=group_id, **facts)
    return view


@router.delete("/{group_id}/members/{member_id}", operation_id="remove_member", status_code=status.HTTP_204_NO_CONTENT)
async def remove_member(group_id: WithGroupId, member_id: WithMemberId, caller: WithCaller, parts: WithParts) -> None:
    """Remove a member from a group that you manage, or leave a group.

    The member loses what the group shares within 5 seconds, and the group what the member has shared with it.
    """
    async with parts.database.begin() as session:
        view = await groups.remove_member(session, caller, group_id, member_id)
        await audit.record(
            session, AuditAction.MEMBER_REMOVED, actor_id=caller.user_id, subject_id=group_id, email=view.email
        )


@router.get("/{group_id}/shares", operation_id="list_group_shares")
async def list_group_shares(
    group_id: WithGroupId, caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None
) -> SharePage:
    """List what is shared with a group, newest first."""
    list_name = f"group shares {caller.user_id} {group_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await shares.page_of_group(session, caller, group_id, after=after, limit=limit)
    return SharePage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)
