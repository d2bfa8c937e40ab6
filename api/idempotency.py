"""`Idempotency-Key` on requests that make or start something else than a run: a repeated one gets the first answer.

The key is claimed before the work begins. If the request fails, the key is free again, so that it can be corrected.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import JsonValue
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import StreamingResponse

from chimera.content.fingerprints import canonical
from chimera.db.engine import Database
from chimera.store import idempotency
from chimera.store.idempotency import Claim, Kept
from models.base import IDEMPOTENCY_KEY
from models.errors import InvalidInput
from models.users import Caller
from models.wording import PATTERNS

KEY = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})
_VALID = re.compile(IDEMPOTENCY_KEY)

Key = Annotated[
    str | None,
    Header(
        alias=KEY,
        pattern=IDEMPOTENCY_KEY,
        description="Unique key that you choose for the request. If you repeat the request with this key within 24"
        " hours, the API returns the first response and changes nothing.",
    ),
]


async def keyed(key: Key = None) -> None:
    """Let a route accept an idempotency key: `dependencies=[KEYED]`. `ClosedRoute` does the work."""


KEYED = Depends(keyed)


async def once(
    database: Database, caller: Caller, request: Request, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Do the work of a request with a JSON body, or return the response to the same request before it."""
    if KEY not in request.headers:
        return await work()
    body = b"" if not await request.body() else _canonical_bytes(await request.json())
    what = f"{request.method} {request.url.path}?{request.url.query}".encode()
    return await once_for(database, caller, request.headers[KEY], what + b"\0" + body, work)


async def once_for(
    database: Database, caller: Caller, key: str | None, meaning: bytes, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Do the work of a request that means `meaning`, or return the response to the same request before it.

    Raises IdempotencyKeyReused, RequestInProgress, and InvalidInput for a key that isn't one.
    """
    if key is None:
        return await work()
    if not _VALID.fullmatch(key):
        raise InvalidInput(KEY, PATTERNS[IDEMPOTENCY_KEY])
    async with database.begin() as session:
        claimed = await idempotency.claim(session, caller.user_id, key, hashlib.sha256(meaning).hexdigest())
    if isinstance(claimed, Kept):
        return Response(claimed.body, claimed.status, {**dict(claimed.headers), REPLAYED: "true"})
    try:
        response = await work()
    except BaseException:
        await _free(database, claimed)
        raise
    await _keep(database, claimed, response)
    return response


async def _keep(database: Database, claimed: Claim, response: Response) -> None:
    assert not isinstance(response, StreamingResponse), "the body of a stream can't be kept"
    headers = [(name, value) for name, value in response.headers.items() if name in _KEPT_HEADERS]
    answer = Kept(response.status_code, headers, bytes(response.body))
    async with database.begin() as session:
        await idempotency.keep(session, claimed, answer)


async def _free(database: Database, claimed: Claim) -> None:
    """Free the key. If the database is away, the key is free again later, when the request counts as given up."""
    try:
        async with database.begin() as session:
            await idempotency.forget(session, claimed)
    except (SQLAlchemyError, OSError):
        return


def _canonical_bytes(body: JsonValue) -> bytes:
    return json.dumps(canonical(body), sort_keys=True, separators=(",", ":")).encode()
