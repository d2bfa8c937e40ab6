"""Requests about accounts, API keys, invitations and the audit log."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from cli.errors import NotThere
from cli.http.client import Client
from cli.http.pages import items_of
from cli.output.text import one_line
from models.api_keys import ApiKeyPage, ApiKeyView, NewApiKey
from models.audit import AuditPage
from models.base import Contract
from models.invitations import InvitationPage, InvitationView, NewInvitation
from models.sessions import EndedSessions, SessionPage, SessionView
from models.users import MeView, NewPasswordReset, UserDetails, UserPage

Params = Mapping[str, Any]

P = TypeVar("P", bound=Contract)
"""A page of a list."""


async def change_me(client: Client, body: Params) -> MeView:
    return MeView.model_validate_json(await client.call("PUT", "/auth/me", body))


async def sessions(client: Client, limit: int | None = None) -> list[SessionView]:
    return await items_of(lambda most, cursor: _page(client, SessionPage, "/auth/sessions", {}, most, cursor), limit)


async def end_session(client: Client, session_id: str) -> None:
    await client.call("DELETE", f"/auth/sessions/{session_id}")


async def end_other_sessions(client: Client) -> int:
    """End all sessions but this one, and return how many there were."""
    return EndedSessions.model_validate_json(await client.call("DELETE", "/auth/sessions")).ended


async def keys(client: Client, user: str | None = None) -> list[ApiKeyView]:
    """Return the caller's keys, or those of another user."""
    path = await _keys_path(client, user)
    return await items_of(lambda most, cursor: _page(client, ApiKeyPage, path, {}, most, cursor))


async def create_key(client: Client, body: Params, user: str | None = None) -> NewApiKey:
    """Create a key for the caller, or for a service account."""
    return NewApiKey.model_validate_json(await client.call("POST", await _keys_path(client, user), body))


async def delete_key(client: Client, named: str, user: str | None = None) -> ApiKeyView:
    """Delete the key whose ID, or the key itself, begins with `named`, and return it. Raises NotThere."""
    wanted = named.strip().lower().replace("-", "").removeprefix("ck_").partition("_")[0]
    found = [each for each in await keys(client, user) if each.id.replace("-", "").startswith(wanted)]
    if not wanted or len(found) != 1:
        raise NotThere(
            f"{len(found) or 'No'} API keys begin with {one_line(named, 20)!r}. To list the keys, run: chimera keys"
        )
    await client.call("DELETE", f"{await _keys_path(client, user)}/{found[0].id}")
    return found[0]


async def users(client: Client, filters: Params, limit: int | None = None) -> list[UserDetails]:
    wanted = {name: value for name, value in filters.items() if value is not None}
    return await items_of(lambda most, cursor: _page(client, UserPage, "/users", wanted, most, cursor), limit)


async def user_named(client: Client, named: str) -> UserDetails:
    """Return the user with this e-mail address, service account's name or ID. Raises NotThere."""
    wanted = named.strip().lower()
    for kind in ("person", "service"):
        for state in ("active", "disabled"):
            for each in await users(client, {"kind": kind, "state": state, "q": wanted}):
                if each.email == wanted:
                    return each
    if _is_id(wanted):
        return UserDetails.model_validate_json(await client.call("GET", f"/users/{wanted}"))
    raise NotThere(
        f"There is no user {one_line(named, 60)!r}. Enter an e-mail address, a service account's name or an ID. To"
        " list the users, run: chimera users list"
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def change_user(client: Client, named: str, body: Params) -> UserDetails:
    user = await user_named(client, named)
    return UserDetails.model_validate_json(await client.call("PUT", f"/users/{user.id}", body))


async def delete_user(client: Client, named: str) -> UserDetails:
    user = await user_named(client, named)
    await client.call("DELETE", f"/users/{user.id}")
    return user


async def create_service(client: Client, body: Params) -> UserDetails:
    return UserDetails.model_validate_json(await client.call("POST", "/users", body))


async def create_reset(client: Client, named: str) -> NewPasswordReset:
    user = await user_named(client, named)
    return NewPasswordReset.model_validate_json(await client.call("POST", f"/users/{user.id}/password-reset"))


async def invite(client: Client, body: Params) -> NewInvitation:
    return NewInvitation.model_validate_json(await client.call("POST", "/invitations", body))


async def invitations(client: Client) -> list[InvitationView]:
    return await items_of(lambda most, cursor: _page(client, InvitationPage, "/invitations", {}, most, cursor))


async def uninvite(client: Client, named: str) -> None:
    """Delete the invitation whose ID begins with `named`. Raises NotThere."""
    wanted = named.strip().lower()
    found = [each for each in await invitations(client) if wanted and each.id.startswith(wanted)]
    if len(found) != 1:
        raise NotThere(
            f"{len(found) or 'No'} invitations begin with {one_line(named, 20)!r}. To list the invitations, run:"
            " chimera users invitations"
        )
    await client.call("DELETE", f"/invitations/{found[0].id}")


async def audit_page(client: Client, filters: Params, limit: int, cursor: str | None) -> AuditPage:
    wanted = {name: value for name, value in filters.items() if value is not None}
    return await _page(client, AuditPage, "/audit", wanted, limit, cursor)


async def _keys_path(client: Client, user: str | None) -> str:
    return "/auth/api-keys" if user is None else f"/users/{(await user_named(client, user)).id}/api-keys"


async def _page(client: Client, kind: type[P], path: str, params: Params, limit: int, cursor: str | None) -> P:
    place = {} if cursor is None else {"cursor": cursor}
    return kind.model_validate_json(await client.call("GET", path, params={**params, "limit": limit, **place}))
