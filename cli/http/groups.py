"""Requests about groups and shares."""

from typing import Any, TypeVar
from urllib.parse import quote

from cli.errors import NotThere
from cli.http.client import Client
from cli.http.ids import id_named, schedule_named
from cli.http.pages import items_of
from cli.output.text import one_line
from models.base import Contract
from models.files import FilePage
from models.groups import GroupPage, GroupRole, GroupView, MemberPage, MemberView
from models.shares import Right, ShareKind, SharePage, ShareView

P = TypeVar("P", bound=Contract)
"""A page of a list."""


async def groups(client: Client) -> list[GroupView]:
    return await items_of(lambda most, cursor: _page(client, GroupPage, "/groups", most, cursor))


async def create(client: Client, name: str) -> GroupView:
    return GroupView.model_validate_json(await client.call("POST", "/groups", {"name": name}))


async def rename(client: Client, named: str, name: str) -> GroupView:
    path = await _path_of(client, named)
    return GroupView.model_validate_json(await client.call("PUT", path, {"name": name}))


async def delete(client: Client, named: str) -> GroupView:
    """Delete a group, and return it."""
    group = await group_named(client, named)
    await client.call("DELETE", f"/groups/{group.id}")
    return group


async def members(client: Client, named: str) -> list[MemberView]:
    path = f"{await _path_of(client, named)}/members"
    return await items_of(lambda most, cursor: _page(client, MemberPage, path, most, cursor))


async def put_member(client: Client, named: str, email: str, role: GroupRole) -> MemberView:
    path = f"{await _path_of(client, named)}/members"
    return MemberView.model_validate_json(await client.call("POST", path, {"email": email, "role": role}))


async def remove_member(client: Client, named: str, email: str) -> None:
    """Remove a member from a group. Raises NotThere."""
    wanted = email.strip().lower()
    group = await group_named(client, named)
    found = [each for each in await members(client, group.id) if each.email == wanted]
    if not found:
        raise NotThere(
            f"{one_line(email, 60)!r} isn't a member of this group. To list its members, run: chimera groups members"
            f" {group.id[:8]}"
        )
    await client.call("DELETE", f"/groups/{group.id}/members/{found[0].id}")


async def shares_of_group(client: Client, named: str) -> list[ShareView]:
    """Return what is shared with a group."""
    path = f"{await _path_of(client, named)}/shares"
    return await items_of(lambda most, cursor: _page(client, SharePage, path, most, cursor))


async def share(client: Client, kind: ShareKind, named: str, group: str, right: Right) -> ShareView:
    """Share an object with a group. Raises NotThere or Ambiguous."""
    path = await _share_path(client, kind, named, group)
    return ShareView.model_validate_json(await client.call("PUT", path, {"right": right}))


async def unshare(client: Client, kind: ShareKind, named: str, group: str) -> None:
    """Stop sharing an object with a group. Raises NotThere or Ambiguous."""
    await client.call("DELETE", await _share_path(client, kind, named, group))


async def group_named(client: Client, named: str) -> GroupView:
    """Return the group with this name, or whose ID begins with it. Raises NotThere."""
    wanted = named.strip().lower()
    known = await groups(client)
    found = [each for each in known if each.name.lower() == wanted]
    found = found or [each for each in known if wanted and each.id.startswith(wanted)]
    if len(found) != 1:
        raise NotThere(
            f"{len(found) or 'No'} groups are named {one_line(named, 60)!r}, or have an ID that begins with it. To list"
            " your groups, run: chimera groups"
        )
    return found[0]


async def _path_of(client: Client, named: str) -> str:
    return f"/groups/{(await group_named(client, named)).id}"


async def _share_path(client: Client, kind: ShareKind, named: str, group: str) -> str:
    resource_id = await _object_named(client, kind, named)
    return f"/{kind}s/{resource_id}/shares/{(await group_named(client, group)).id}"


async def _object_named(client: Client, kind: ShareKind, named: str) -> str:
    if kind is ShareKind.TASK:
        return await id_named(client, named)
    if kind is ShareKind.SCHEDULE:
        return (await schedule_named(client, named)).id
    if kind is ShareKind.AGENT:
        return quote(named, safe="")
    wanted = named.strip().lower()
    files = await items_of(lambda most, cursor: _page(client, FilePage, "/files", most, cursor))
    found = [each for each in files if wanted and each.id.startswith(wanted)]
    if len(found) != 1:
        raise NotThere(f"{len(found) or 'No'} file IDs begin with {one_line(named, 60)!r}. Enter the file's whole ID.")
    return found[0].id


async def _page(client: Client, kind: type[P], path: str, limit: int, cursor: str | None) -> P:
    params: dict[str, Any] = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
    return kind.model_validate_json(await client.call("GET", path, params=params))
