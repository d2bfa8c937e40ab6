"""What the routes of embeddings, images and transcriptions share: how a call is taken in and waited for."""

import asyncio
import hashlib
import re
from typing import Annotated, Any

from fastapi import Depends, Header, Response, status
from pydantic_core import to_json

from api.deps import API, Parts
from chimera.db import ai_call_views, ai_calls
from chimera.db.ai_calls import NewCall
from chimera.providers.base import Provider
from models.ai_calls import (
    OPEN,
    AiCallStatus,
    AiCallView,
    EmbeddingsView,
    ImagesView,
    Operation,
    TranscriptionView,
)
from models.base import IDEMPOTENCY_KEY
from models.errors import AiCallFailed, CallCancelled
from models.ids import AiCallId
from models.users import Caller

LONGEST_WAIT_S = 55
"""Less than the minute after which proxies give a request up."""
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?=$|[,;\s])", re.IGNORECASE)
LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": AiCallView, "description": "Kept and under way; GET its Location until it has ended"}
}

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=IDEMPOTENCY_KEY,
        description="Chosen by the client, one per call that it means; the same key again gives the same call",
    ),
]


async def _wait_s(
    prefer: Annotated[str | None, Header(description="wait=N: answer 202 after N seconds (RFC 7240)")] = None,
) -> int:
    told = _WAIT.search(prefer or "")
    return min(LONGEST_WAIT_S, int(told[1])) if told else LONGEST_WAIT_S


WithWait = Annotated[int, Depends(_wait_s)]


def new_call(
    operation: Operation,
    provider: Provider,
    model: str,
    request: dict[str, Any],
    key: str | None,
    *,
    meant: dict[str, Any] | None = None,
) -> NewCall:
    """`meant` is what makes two requests the same, where that isn't the request itself."""
    body = to_json([operation, model, request if meant is None else meant])
    return NewCall(
        operation=operation,
        model=model,
        request=request,
        simulated=provider.simulated,
        body_sha256=hashlib.sha256(body).hexdigest(),
        idempotency_key=key,
    )


async def made(
    parts: Parts, caller: Caller, new: NewCall, response: Response, wait_s: int
) -> EmbeddingsView | ImagesView | TranscriptionView | AiCallView:
    async with parts.database.begin() as session:
        call_id, created = await ai_calls.create(session, caller.user_id, new)
    return await answered(parts, caller, call_id, response, wait_s, created=created)


async def answered(
    parts: Parts, caller: Caller, call_id: AiCallId, response: Response, wait_s: int, *, created: bool
) -> EmbeddingsView | ImagesView | TranscriptionView | AiCallView:
    """Have a call's run started and wait for its end. The row has what came of it, whatever happens meanwhile."""
    response.headers["Location"] = f"{API}/ai/calls/{call_id}"
    if not created:
        response.headers["Idempotent-Replayed"] = "true"
    await parts.failpoints.hit("after_insert")
    view = await view_of(parts, caller, call_id)
    if view.status in OPEN:
        if await parts.ai_calls.start(call_id) and wait_s:
            await parts.ai_calls.wait(call_id, wait_s)
        view = await view_of(parts, caller, call_id)
    if view.status is AiCallStatus.FAILED:
        raise AiCallFailed(call_id, view.error_code or "failed", view.error or "")
    if view.status is AiCallStatus.CANCELLED:
        raise CallCancelled(call_id)
    if view.result is not None:
        return view.result
    response.status_code = status.HTTP_202_ACCEPTED
    return view


async def view_of(parts: Parts, caller: Caller, call_id: AiCallId) -> AiCallView:
    async with parts.database.begin() as session:
        row = await ai_call_views.read(session, caller, call_id)
    return await asyncio.to_thread(ai_call_views.view_of, row)


async def dumped(view: EmbeddingsView | AiCallView, response: Response) -> Response:
    """Write an answer that may have two million numbers, 40 MB, beside the loop; `response` has status and headers."""
    content = await asyncio.to_thread(json_of, view)
    code = response.status_code or status.HTTP_200_OK
    return Response(content, status_code=code, headers=dict(response.headers), media_type="application/json")


def json_of(view: EmbeddingsView | AiCallView) -> bytes:
    """Write vectors one at a time: a call for all of them would hold the interpreter, and with it every thread."""
    match view:
        case EmbeddingsView():
            name, value = "data", b"[" + b",".join(map(to_json, view.data)) + b"]"
        case AiCallView(result=EmbeddingsView() as result):
            name, value = "result", json_of(result)
        case _:
            return view.model_dump_json().encode()
    rest = view.model_dump_json(exclude={name}).encode()
    return b"%s,%s:%s}" % (rest[:-1], to_json(name), value)
