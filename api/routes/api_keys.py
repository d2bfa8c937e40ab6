"""Routes for the caller's API keys. A key can't make or delete keys: that takes a sign-in."""

from fastapi import APIRouter, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import API, ClosedRoute, Parts, WithApiKeyId, WithCaller, WithParts
from api.paging import Cursor, Limit
from chimera.security.api_keys import new_key
from chimera.store import accounts, api_keys, audit, user_limits
from chimera.store.user_limits import API_KEYS_LIMIT
from models.api_keys import ApiKeyPage, ApiKeySpec, NewApiKey
from models.audit import AuditAction
from models.errors import Forbidden
from models.ids import ApiKeyId, UserId
from models.users import Caller, Role

router = APIRouter(prefix="/auth/api-keys", tags=["auth"], route_class=ClosedRoute)


@router.post("", operation_id="create_api_key", summary="Create API Key", status_code=status.HTTP_201_CREATED)
async def create_api_key(spec: ApiKeySpec, caller: WithCaller, parts: WithParts, response: Response) -> NewApiKey:
    """Create an API key for a program. The response contains the key, which isn't shown again.

    Programs send it in the header `Authorization: Bearer <key>` or `X-Api-Key: <key>`.
    """
    response.headers["Location"] = f"{API}/auth/api-keys"
    async with parts.database.begin() as session:
        return await add_key(session, parts, caller, caller.user_id, caller.role, spec)


@router.get("", operation_id="list_api_keys", summary="List API Keys")
async def list_api_keys(
    caller: WithCaller,
    parts: WithParts,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ApiKeyPage:
    """List your API keys, newest first, without their secrets."""
    return await keys_of(parts, caller, caller.user_id, limit, cursor)


@router.delete(
    "/{key_id}", operation_id="delete_api_key", summary="Delete API Key", status_code=status.HTTP_204_NO_CONTENT
)
async def delete_api_key(key_id: WithApiKeyId, caller: WithCaller, parts: WithParts) -> None:
    """Delete an API key. Requests with it are rejected, and sockets opened with it are closed, within 5 seconds."""
    await remove_key(parts, caller, caller.user_id, key_id)


async def add_key(
    session: AsyncSession, parts: Parts, caller: Caller, owner_id: UserId, role: Role, spec: ApiKeySpec
) -> NewApiKey:
    """Create a key for a user with this role. Raises Forbidden for scopes beyond the role, and LimitReached."""
    _check_scopes(spec, role)
    key = new_key()
    view = await api_keys.create(session, owner_id, spec, key.id, key.secret_sha256)
    await user_limits.check_added(session, owner_id, API_KEYS_LIMIT, parts.settings)
    facts = {"name": spec.name, "scopes": list(view.scopes), "owner_id": owner_id}
    await audit.record(session, AuditAction.API_KEY_CREATED, actor_id=caller.user_id, subject_id=key.id, **facts)
    return NewApiKey(**view.model_dump(), key=key.key)


async def keys_of(parts: Parts, caller: Caller, owner_id: UserId, limit: int, cursor: str | None) -> ApiKeyPage:
    """Return a page of a user's keys, whose cursors are the caller's."""
    list_name = f"api keys {caller.user_id} {owner_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await api_keys.page(session, owner_id, after=after, limit=limit)
    return ApiKeyPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


async def remove_key(parts: Parts, caller: Caller, owner_id: UserId, key_id: ApiKeyId) -> None:
    """Delete a user's key. Raises NotFound, and Forbidden unless the user is the caller or the caller administers."""
    async with parts.database.begin() as session:
        if owner_id != caller.user_id:
            await accounts.check_acting(session, caller)
        name = await api_keys.remove(session, owner_id, key_id)
        await audit.record(
            session,
            AuditAction.API_KEY_DELETED,
            actor_id=caller.user_id,
            subject_id=key_id,
            name=name,
            owner_id=owner_id,
        )
    parts.auth.forget(owner_id)


def _check_scopes(spec: ApiKeySpec, role: Role) -> None:
    if "admin" in spec.scopes and role != "admin":
        raise Forbidden("Only administrators can have API keys with the scope 'admin'. Omit this scope.")
    if role == "viewer" and set(spec.scopes) != {"read"}:
        raise Forbidden("A viewer's API key can only read. Use 'read' as its only scope.")
