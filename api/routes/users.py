"""Routes for accounts. Only administrators can use them: `api/permissions.py` decides."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response, status

from api.deps import API, ClosedRoute, Parts, WithApiKeyId, WithCaller, WithParts, WithUserId
from api.etags import ChecksTag, ShowsVersion, Tagged
from api.idempotency import WithKey
from api.paging import Cursor, Limit
from api.routes.api_keys import add_key, keys_of, remove_key
from chimera.store import accounts, audit, deleted_owners, users
from chimera.store.accounts import UserFilter
from models.api_keys import ApiKeyPage, ApiKeySpec, NewApiKey
from models.audit import AuditAction
from models.errors import Conflict, InvalidInput
from models.ids import UserId
from models.users import (
    Caller,
    NewPasswordReset,
    Role,
    ServiceAccountSpec,
    UserChange,
    UserDetails,
    UserKind,
    UserPage,
    UserState,
)

router = APIRouter(prefix="/users", tags=["users"], route_class=ClosedRoute)


async def _filter(
    kind: Annotated[
        UserKind, Query(description="Kind of accounts: `person`, or `service` for service accounts")
    ] = "person",
    role: Annotated[Role | None, Query(description="Return only users with this role")] = None,
    state: Annotated[
        UserState | None, Query(description="Return only accounts in this state. Default: all but deleted ones.")
    ] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Return only users whose name or e-mail address contains this")
    ] = None,
    sort: Annotated[
        Literal["-created_at", "created_at", "-email", "email"],
        Query(description="Sort order. A minus sign means descending."),
    ] = "-created_at",
) -> UserFilter:
    if q is not None and "\0" in q:
        raise InvalidInput("q", "The search text contains a NUL character. Remove it.")
    return UserFilter(kind=kind, role=role, state=state, q=q or None, order=sort)


@router.get("", operation_id="list_users")
async def list_users(
    caller: WithCaller,
    parts: WithParts,
    only: Annotated[UserFilter, Depends(_filter)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> UserPage:
    """List accounts, newest first."""
    list_name = f"users {caller.user_id} {json.dumps(only)}"
    after = _place_of(parts.cursors.open_text(cursor, list_name), only) if cursor else None
    async with parts.database.begin() as session:
        views, place = await accounts.page(session, only=only, after=after, limit=limit)
    sealed = parts.cursors.seal_text(_text_of(place), list_name) if place else None
    return UserPage(items=tuple(views), next_cursor=sealed)


@router.post("", operation_id="create_service_account", status_code=status.HTTP_201_CREATED)
async def create_service_account(
    spec: ServiceAccountSpec, caller: WithCaller, parts: WithParts, keyed: WithKey
) -> UserDetails:
    """Create a service account: a user for a program. It has no password, so it needs an API key."""
    async with parts.database.begin() as session:
        await accounts.check_acting(session, caller)
        user = await users.create(session, spec.name, None, name=spec.name, role=spec.role, kind="service")
        facts = {"kind": "service", "name": spec.name, "role": spec.role}
        await audit.record(session, AuditAction.USER_CREATED, actor_id=caller.user_id, subject_id=user.id, **facts)
        view = await accounts.one(session, user.id)
        await keyed.made(session, view, status.HTTP_201_CREATED, location=f"{API}/users/{user.id}")
    return view


@router.get("/{user_id}", operation_id="get_user")
async def get_user(user_id: WithUserId, parts: WithParts, tagged: ShowsVersion) -> UserDetails:
    """Show an account."""
    async with parts.database.begin() as session:
        view = await accounts.one(session, user_id)
    tagged.show(*_edited(view))
    return view


@router.put("/{user_id}", operation_id="change_user")
async def change_user(
    user_id: WithUserId, change: UserChange, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> UserDetails:
    """Change an account's role or name, or disable or enable it.

    A new role takes effect within 5 seconds, and closes the user's sockets and streams. The last administrator can't be
    demoted or disabled.
    """
    return await _changed(parts, caller, user_id, change, tagged)


@router.post("/{user_id}/disable", operation_id="disable_user")
async def disable_user(user_id: WithUserId, caller: WithCaller, parts: WithParts) -> UserDetails:
    """Disable an account. Its sessions end, its API keys stop working, and its open tasks are cancelled in seconds."""
    return await _changed(parts, caller, user_id, UserChange(disabled=True))


@router.post("/{user_id}/enable", operation_id="enable_user")
async def enable_user(user_id: WithUserId, caller: WithCaller, parts: WithParts) -> UserDetails:
    """Enable a disabled account. The user has to sign in again; API keys work again."""
    return await _changed(parts, caller, user_id, UserChange(disabled=False))


@router.delete("/{user_id}", operation_id="delete_user", status_code=status.HTTP_204_NO_CONTENT)
async def delete_user(user_id: WithUserId, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> None:
    """Delete an account and its content. The record of its costs is kept, without the user's name.

    Open tasks are cancelled, and their content is deleted when they have ended.
    """
    async with parts.database.begin() as session:
        user = await accounts.locked(session, user_id, by=caller)
        tagged.check(*_edited(await accounts.one(session, user_id)))
        await accounts.check_not_last(session, user)
        schedules = await deleted_owners.empty(session, user)
        await audit.record(session, AuditAction.USER_DELETED, actor_id=caller.user_id, subject_id=user_id)
    parts.auth.forget(user_id)
    for schedule_id in schedules:
        await parts.schedule_dispatcher.deliver(schedule_id)


@router.post("/{user_id}/password-reset", operation_id="create_password_reset", status_code=status.HTTP_201_CREATED)
async def create_password_reset(user_id: WithUserId, caller: WithCaller, parts: WithParts) -> NewPasswordReset:
    """Create a one-time token with which the user can set a new password within 30 minutes."""
    return await parts.accounts.create_reset(caller, user_id)


@router.post("/{user_id}/api-keys", operation_id="create_service_key", status_code=status.HTTP_201_CREATED)
async def create_service_key(
    user_id: WithUserId, spec: ApiKeySpec, caller: WithCaller, parts: WithParts, response: Response
) -> NewApiKey:
    """Create an API key for a service account. The response contains the key, which isn't shown again."""
    response.headers["Location"] = f"{API}/users/{user_id}/api-keys"
    async with parts.database.begin() as session:
        user = await accounts.locked(session, user_id, by=caller)
        if user.kind != "service":
            raise Conflict("Users create their API keys themselves. Only a service account's keys are created here.")
        return await add_key(session, parts, caller, user_id, (await accounts.one(session, user_id)).role, spec)


@router.get("/{user_id}/api-keys", operation_id="list_user_keys")
async def list_user_keys(
    user_id: WithUserId, caller: WithCaller, parts: WithParts, limit: Limit = 20, cursor: Cursor = None
) -> ApiKeyPage:
    """List a user's API keys, newest first, without their secrets."""
    async with parts.database.begin() as session:
        await accounts.one(session, user_id)
    return await keys_of(parts, caller, user_id, limit, cursor)


@router.delete("/{user_id}/api-keys/{key_id}", operation_id="delete_user_key", status_code=status.HTTP_204_NO_CONTENT)
async def delete_user_key(user_id: WithUserId, key_id: WithApiKeyId, caller: WithCaller, parts: WithParts) -> None:
    """Delete a user's API key."""
    await remove_key(parts, caller, user_id, key_id)


async def _changed(
    parts: Parts, caller: Caller, user_id: UserId, change: UserChange, tagged: Tagged | None = None
) -> UserDetails:
    async with parts.database.begin() as session:
        if tagged is not None:
            await accounts.locked(session, user_id, by=caller)
            tagged.check(*_edited(await accounts.one(session, user_id)))
        changed = await accounts.change(session, user_id, change, by=caller)
        if "disabled" in changed:
            action = AuditAction.USER_DISABLED if changed.pop("disabled") else AuditAction.USER_ENABLED
            await audit.record(session, action, actor_id=caller.user_id, subject_id=user_id)
        if changed:
            await audit.record(
                session, AuditAction.USER_CHANGED, actor_id=caller.user_id, subject_id=user_id, **changed
            )
        view = await accounts.one(session, user_id)
    parts.auth.forget(user_id)
    if tagged is not None:
        tagged.show(*_edited(view))
    return view


def _edited(view: UserDetails) -> tuple[object, ...]:
    """Return what administrators edit in an account, without when it was used."""
    return view.name, view.role, view.state


def _text_of(place: tuple[Any, str]) -> str:
    key, user_id = place
    return json.dumps([key.isoformat() if isinstance(key, datetime) else key, user_id], ensure_ascii=False)


def _place_of(text: str, only: UserFilter) -> tuple[Any, str]:
    key, user_id = json.loads(text)
    return (datetime.fromisoformat(key) if only.order.endswith("created_at") else key), user_id
