"""`Idempotency-Key` on requests that make or start something else than a run: a repeated one gets the first answer.

The key is claimed before the work begins. If the request had no effect, the key is free again, so that the request can
be corrected. If that isn't certain (a service doesn't respond, the client has gone), only the same request can use it.
Routes keep their answer in the transaction that does the work (`Keyed.made`). So even if the process ends right after
the commit, a repeated request finds the answer, and does nothing twice.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, JsonValue
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from api.errors import translated
from chimera.content.fingerprints import canonical
from chimera.db.engine import Database
from chimera.store import idempotency
from chimera.store.idempotency import Claim, Kept
from models.base import IDEMPOTENCY_KEY
from models.errors import ChimeraError, InvalidInput, RequestInProgress, Unavailable
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


class Keyed:
    """A request's claim of its key, and the answer that is kept for it."""

    def __init__(self, claimed: Claim | None, response: Response) -> None:
        self.claimed = claimed
        """None for a request without a key."""
        self._response = response

    async def made(self, session: AsyncSession, view: BaseModel, status: int, *, location: str | None = None) -> None:
        """Answer with the address of what was made, and keep the answer in the transaction that made it.

        `status` is the route's own. What is sent later may contain more, and then replaces what is kept here. Raises
        RequestInProgress, which undoes the work, if another try has replaced this one.
        """
        if location is not None:
            self._response.headers["Location"] = location
        headers = [("content-type", "application/json"), *_kept_headers(self._response.headers)]
        await keep_with(session, self.claimed, Kept(status, headers, view.model_dump_json().encode()))


async def keyed(request: Request, response: Response, key: Key = None) -> Keyed:
    """Let a route accept an idempotency key. `ClosedRoute` claims it."""
    return Keyed(getattr(request.state, "claimed", None), response)


WithKey = Annotated[Keyed, Depends(keyed)]
"""For a route that makes rows: it calls `made` at the end of its transaction."""
KEYED = Depends(keyed)
"""For a route whose work isn't in the database, and has the same effect if a repeated request does it again."""


async def once(
    database: Database, caller: Caller, request: Request, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Do the work of a request with a JSON body, or return the response to the same request before it."""
    if KEY not in request.headers:
        return await work()
    body = b"" if not await request.body() else _canonical_bytes(await request.json())
    what = f"{request.method} {request.url.path}?{request.url.query}".encode()

    async def claimed(claim: Claim | None) -> Response:
        request.state.claimed = claim
        return await work()

    return await once_for(database, caller, request.headers[KEY], what + b"\0" + body, claimed)


async def once_for(
    database: Database,
    caller: Caller,
    key: str | None,
    meaning: bytes,
    work: Callable[[Claim | None], Awaitable[Response]],
) -> Response:
    """Do the work of a request that means `meaning`, or return the response to the same request before it.

    `work` gets the claim of the key, for `keep_with`. Raises IdempotencyKeyReused, RequestInProgress, and InvalidInput
    for a key that isn't one.
    """
    if key is None:
        return await work(None)
    if not _VALID.fullmatch(key):
        raise InvalidInput(KEY, PATTERNS[IDEMPOTENCY_KEY])
    async with database.begin() as session:
        claimed = await idempotency.claim(session, caller.user_id, key, hashlib.sha256(meaning).hexdigest())
    if isinstance(claimed, Kept):
        return Response(claimed.body, claimed.status, {**dict(claimed.headers), REPLAYED: "true"})
    try:
        response = await work(claimed)
    except BaseException as error:
        await _free(database, claimed, had_no_effect=_is_rejection(error))
        raise
    await _keep(database, claimed, response)
    return response


async def keep_with(session: AsyncSession, claimed: Claim | None, answer: Kept) -> None:
    """Keep a request's answer in the transaction that does its work. Raises RequestInProgress, as `Keyed.made` does."""
    if claimed is not None and not await idempotency.keep(session, claimed, answer):
        raise RequestInProgress(claimed.key)


def answer_of(response: Response) -> Kept:
    """Return what is kept of a response."""
    assert not isinstance(response, StreamingResponse), "the body of a stream can't be kept"
    return Kept(response.status_code, _kept_headers(response.headers), bytes(response.body))


async def _keep(database: Database, claimed: Claim, response: Response) -> None:
    async with database.begin() as session:
        await idempotency.keep(session, claimed, answer_of(response))


def _kept_headers(headers: MutableHeaders) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if name in _KEPT_HEADERS]


async def _free(database: Database, claimed: Claim, *, had_no_effect: bool) -> None:
    """Free the key. If the database is away, the key is free again later, when the request counts as given up."""
    try:
        async with database.begin() as session:
            await (idempotency.forget if had_no_effect else idempotency.give_up)(session, claimed)
    except (SQLAlchemyError, OSError):
        return


def _is_rejection(error: BaseException) -> bool:
    """Return whether a request was rejected, so that it had no effect, or its effect was undone."""
    if isinstance(error, (HTTPException, RequestValidationError)):
        return True
    known = translated(error) if isinstance(error, Exception) and not isinstance(error, ChimeraError) else error
    return isinstance(known, ChimeraError) and not isinstance(known, Unavailable)


def _canonical_bytes(body: JsonValue) -> bytes:
    return json.dumps(canonical(body), sort_keys=True, separators=(",", ":")).encode()
