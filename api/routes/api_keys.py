"""Routes for the caller's API keys. A key can't make or delete keys: that takes a sign-in."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api.deps import API, ClosedRoute, WithApiKeyId, WithCaller, WithParts
from chimera.security.api_keys import new_key
from chimera.store import api_keys, audit, user_limits
from chimera.store.user_limits import API_KEYS_LIMIT
from models.api_keys import ApiKeyPage, ApiKeySpec, NewApiKey
from models.audit import AuditAction
from models.errors import Forbidden
from models.users import Role

router = APIRouter(prefix="/auth/api-keys", tags=["auth"], route_class=ClosedRoute)


@router.post("", operation_id="create_api_key", summary="Create API Key", status_code=status.HTTP_201_CREATED)
async def create_api_key(spec: ApiKeySpec, caller: WithCaller, parts: WithParts, response: Response) -> NewApiKey:
    """Create an API key for a program. The response contains the key, which isn't shown again.

    Programs send it in the header `Authorization: Bearer <key>` or `X-Api-Key: <key>`.
    """
    response.headers["Location"] = f"{API}/auth/api-keys"
    check_scopes(spec, caller.role)
    key = new_key()
    async with parts.database.begin() as session:
        view = await api_keys.create(session, caller.user_id, spec, key.id, key.secret_sha256)
        await user_limits.check_added(session, caller.user_id, API_KEYS_LIMIT, parts.settings)
        await audit.record(
            session,
            AuditAction.API_KEY_CREATED,
            actor_id=caller.user_id,
            subject_id=key.id,
            name=spec.name,
            scopes=list(spec.scopes),
        )
    return NewApiKey(**view.model_dump(), key=key.key)


@router.get("", operation_id="list_api_keys", summary="List API Keys")
async def list_api_keys(
    caller: WithCaller,
    parts: WithParts,
    limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of items per page")] = 20,
    cursor: Annotated[
        str | None, Query(max_length=200, description="Value of `next_cursor` from the previous page")
    ] = None,
) -> ApiKeyPage:
    """List your API keys, newest first, without their secrets."""
    list_name = f"api keys {caller.user_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await api_keys.page(session, caller.user_id, after=after, limit=limit)
    return ApiKeyPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.delete(
    "/{key_id}", operation_id="delete_api_key", summary="Delete API Key", status_code=status.HTTP_204_NO_CONTENT
)
async def delete_api_key(key_id: WithApiKeyId, caller: WithCaller, parts: WithParts) -> None:
    """Delete an API key. Requests with it are rejected, and sockets opened with it are closed, within 5 seconds."""
    async with parts.database.begin() as session:
        name = await api_keys.remove(session, caller.user_id, key_id)
        await audit.record(session, AuditAction.API_KEY_DELETED, actor_id=caller.user_id, subject_id=key_id, name=name)
    parts.auth.forget(caller.user_id)


def check_scopes(spec: ApiKeySpec, role: Role) -> None:
    """Raise Forbidden if a user with this role can't have a key with these scopes."""
    if "admin" in spec.scopes and role != "admin":
        raise Forbidden("Only administrators can have API keys with the scope 'admin'. Omit this scope.")
    if role == "viewer" and set(spec.scopes) != {"read"}:
        raise Forbidden("A viewer's API key can only read. Use 'read' as its only scope.")
