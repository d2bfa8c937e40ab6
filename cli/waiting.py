"""Wait for an embedding, an image or a transcription to its end, and say what it waits for."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from cli.actions.ids import SHORT_CHARS
from cli.client import PATIENCE_S as PATIENCE_OF_AN_OFFER_S
from cli.client import Client
from cli.errors import Problem, Refused
from cli.following import PATIENCE_S
from cli.text import count, one_line
from cli.trouble import Trouble, come_through
from models.ai_calls import OPEN, AiCallStatus, AiCallSummary, AiCallView, Operation
from models.ids import AiCallId

LOOK_AGAIN_S = 1.0
_SAID = {
    AiCallStatus.QUEUED: "it is queued, and no worker has begun it",
    AiCallStatus.STARTED: "its provider works on it",
    AiCallStatus.FINISHED: "it is finished",
    AiCallStatus.FAILED: "it failed",
    AiCallStatus.CANCELLED: "it was cancelled",
}

Say = Callable[[str], None]


async def made(
    client: Client,
    operation: Operation,
    fields: Mapping[str, Any],
    say: Say,
    *,
    file: tuple[str, bytes] | None = None,
) -> AiCallView:
    """Hand a call in, once, and wait for its end. Raises Refused when it failed."""
    # The same key goes with every try, so that one that got through is not paid twice.
    key, offering = uuid4().hex, Trouble(say, PATIENCE_OF_AN_OFFER_S)
    try:
        call_id = await come_through(lambda: client.new_ai_call(operation, fields, key, file=file), offering)
    except asyncio.CancelledError:
        say("The call may have got through. See whether it goes on: chimera calls")
        raise
    try:
        return await _finished(client, call_id, say)
    except asyncio.CancelledError:
        say(f"The call goes on: chimera calls show {call_id[:SHORT_CHARS]}")
        say(f"         stop it: chimera calls cancel {call_id[:SHORT_CHARS]}")
        raise


def where_it_stands(call: AiCallSummary) -> str:
    """Say where a call stands and, where its row tells, why."""
    said = f"{call.error_code}: {call.error or ''}".rstrip(". :") if call.error_code else _SAID[call.status]
    return one_line(f"{said}; {count(call.attempts, 'attempt')} so far" if call.attempts else said, 400)


async def _finished(client: Client, call_id: AiCallId, say: Say) -> AiCallView:
    trouble = Trouble(say, PATIENCE_S, "The call goes on.")
    told = ""
    while True:
        call = await come_through(lambda: client.ai_call(call_id), trouble)
        if call.status is AiCallStatus.FINISHED:
            return call
        if call.status not in OPEN:
            title, detail = f"The call {_ended(call.status)}", call.error or ""
            raise Refused(Problem(status=502, title=title, detail=detail, code=call.error_code or ""))
        stands = where_it_stands(call)
        if stands != told:
            say(f"Waiting for call {call_id[:SHORT_CHARS]}: {stands}.")
            told = stands
        await asyncio.sleep(LOOK_AGAIN_S)


def _ended(status: AiCallStatus) -> str:
    return "was cancelled" if status is AiCallStatus.CANCELLED else str(status)
