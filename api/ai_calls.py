"""Shared by the routes of AI calls (embeddings, images and transcriptions): accepting a call and waiting for it."""

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Header, Response, status
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from api.deps import API, Parts
from chimera.ledger.kept_bytes import LEAST_BYTES
from chimera.providers.base import Provider
from chimera.providers.media import Vectors
from chimera.store import ai_calls, user_limits
from chimera.store.ai_calls import NewAiCall
from chimera.store.user_limits import FILES_LIMIT, OPEN_AI_CALLS_LIMIT
from models.ai_calls import (
    AiCallResult,
    AiCallView,
    EmbeddingView,
    Operation,
)
from models.base import IDEMPOTENCY_KEY
from models.errors import REQUESTS_FAULT, AiCallCancelled, AiCallFailed, AiCallRejected, SpendingLimitReached
from models.ids import AiCallId
from models.runs import OPEN, STOPPED, RunStatus
from models.users import Caller

LONGEST_WAIT_S = 55
"""Shorter than the minute after which proxies time out."""
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?=$|[,;\s])", re.IGNORECASE)
LATER: dict[int | str, dict[str, Any]] = {
    202: {
        "model": AiCallView,
        "description": "The call was accepted and is running. Poll the `Location` header's URL until the call ends.",
    }
}

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="Unique key that you choose for the call. If you repeat the request with this key, the API"
        " returns the same call.",
    ),
]


async def _wait_s(
    prefer: Annotated[
        str | None, Header(description="`wait=N`: return 202 if the call is still running after N seconds (RFC 7240)")
    ] = None,
) -> int:
    preference = _WAIT.search(prefer or "")
    return min(LONGEST_WAIT_S, int(preference[1])) if preference else LONGEST_WAIT_S


WithWait = Annotated[int, Depends(_wait_s)]


def new_call(
    operation: Operation,
    provider: Provider,
    model: str,
    request: dict[str, Any],
    key: str | None,
    *,
    meant: dict[str, Any] | None = None,
) -> NewAiCall:
    """Build a call. If `meant` is given, it is compared instead of `request` to detect repeated requests."""
    body = to_json([operation, model, request if meant is None else meant])
    return NewAiCall(
        operation=operation,
        model=model,
        request=request,
        simulated=provider.simulated,
        body_sha256=hashlib.sha256(body).hexdigest(),
        idempotency_key=key,
    )


async def made(parts: Parts, caller: Caller, new: NewAiCall, response: Response, wait_s: int) -> Response:
    async with parts.database.begin() as session:
        call_id, created = await ai_calls.create(session, caller.user_id, new)
        if created:
            if new.operation is Operation.IMAGES:
                # Generated images are stored, so check that there is room before they are paid for. Until they are
                # stored, the request counts in their place.
                reserved = LEAST_BYTES * int(new.request["n"])
                await user_limits.check_added(session, caller.user_id, FILES_LIMIT, parts.settings, reserved)
            await user_limits.check_added(session, caller.user_id, OPEN_AI_CALLS_LIMIT, parts.settings)
    return await answered(parts, caller, call_id, response, wait_s, created=created)


async def answered(
    parts: Parts, caller: Caller, call_id: AiCallId, response: Response, wait_s: int, *, created: bool
) -> Response:
    """Start a call's run, wait for its end and respond. However the wait ends, the call's row has the result."""
    response.headers["Location"] = f"{API}/ai/calls/{call_id}"
    if not created:
        response.headers["Idempotent-Replayed"] = "true"
    await parts.failpoints.hit("after_insert")
    found = await find(parts, caller, call_id)
    if found.view.status in OPEN:
        await parts.dispatcher.deliver(call_id)
        if wait_s:
            await parts.ai_call_waits.wait(call_id, wait_s)
        found = await find(parts, caller, call_id)
    view = found.view
    if view.status is RunStatus.FAILED and view.error_code == SpendingLimitReached.code:
        raise SpendingLimitReached(view.error or "")
    if view.status is RunStatus.FAILED:
        failure = AiCallRejected if view.error_code in REQUESTS_FAULT else AiCallFailed
        raise failure(call_id, view.error_code or "failed", view.error or "")
    if view.status in STOPPED:
        raise AiCallCancelled(call_id)
    if view.result is None:
        response.status_code = status.HTTP_202_ACCEPTED
        view = await with_reason(parts, view)
    return written(view.result or view, found.vectors, response)


async def with_reason(parts: Parts, view: AiCallView) -> AiCallView:
    """Add the reason why an open call is blocked, if it is."""
    if view.status not in OPEN:
        return view
    return view.model_copy(update={"blocked_by": await parts.ai_call_waits.blocked_by(view.id)})


class Found(NamedTuple):
    """A call. Its view lacks the vectors, which are converted from their bytes while the response is sent."""

    view: AiCallView
    vectors: Vectors | None


async def find(parts: Parts, caller: Caller, call_id: AiCallId) -> Found:
    """Read a call. Raises NotFound, also for another user's call."""
    async with parts.database.begin() as session:
        row = await ai_calls.read(session, caller, call_id)
    return Found(ai_calls.view_of(row), ai_calls.vectors_of(row))


def written(view: AiCallResult | AiCallView, vectors: Vectors | None, response: Response) -> Response:
    """Build a response of up to two million numbers (40 MB), with the status and headers of `response`."""
    how: dict[str, Any] = {
        "status_code": response.status_code or status.HTTP_200_OK,
        "headers": dict(response.headers),
        "media_type": "application/json",
    }
    if vectors is None:
        return Response(view.model_dump_json(), **how)
    return StreamingResponse(pieces_of(view, vectors), **how)


def pieces_of(view: AiCallResult | AiCallView, vectors: Vectors) -> Iterator[bytes]:
    """Yield a response vector by vector. All at once would block the interpreter and take 170 MB per request."""
    if isinstance(view, AiCallView):
        assert view.result is not None, "only a result contains vectors"
        yield _begun(view, "result")
        yield from pieces_of(view.result, vectors)
    else:
        yield _begun(view, "data") + b"["
        for index, vector in enumerate(vectors.floats()):
            yield (b"," if index else b"") + to_json(EmbeddingView(index=index, embedding=vector))
        yield b"]"
    yield b"}"


def _begun(view: AiCallResult | AiCallView, last: str) -> bytes:
    """Return the JSON of an object up to the value of the field `last`, which comes last."""
    return b"%s,%s:" % (view.model_dump_json(exclude={last}).encode()[:-1], to_json(last))
