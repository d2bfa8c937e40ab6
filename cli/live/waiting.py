"""Waits until an embedding, an image or a transcription has ended."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from cli.errors import Problem, Refused
from cli.http.client import PATIENCE_S as PATIENCE_OF_AN_OFFER_S
from cli.http.client import Client
from cli.http.trouble import Trouble, retry_until_answered
from cli.live.following import PATIENCE_S
from cli.output.ai_calls import where_it_stands, why_of
from cli.output.text import short
from models.ai_calls import AiCallView, Operation
from models.ids import AiCallId
from models.runs import OPEN, RunStatus

LOOK_AGAIN_S = 1.0
LONGER = timedelta(seconds=10)

Report = Callable[[str], None]


async def made(
    client: Client,
    operation: Operation,
    fields: Mapping[str, Any],
    report: Report,
    *,
    file: tuple[str, bytes] | None = None,
) -> AiCallView:
    """Request a call, only once, and wait for its end. Raises Refused if it failed or was cancelled."""
    # Every try has the same key, so that an accepted call is not paid for twice.
    key, offering = uuid4().hex, Trouble(report, PATIENCE_OF_AN_OFFER_S)
    try:
        call_id = await retry_until_answered(lambda: client.new_ai_call(operation, fields, key, file=file), offering)
    except asyncio.CancelledError:
        report("The server may have accepted the call. To check, run: chimera calls")
        raise
    try:
        return await _finished(client, call_id, report)
    except asyncio.CancelledError:
        report(f"The call continues. To show it, run:   chimera calls show {short(call_id)}")
        report(f"                    To cancel it, run: chimera calls cancel {short(call_id)}")
        raise


async def _finished(client: Client, call_id: AiCallId, report: Report) -> AiCallView:
    trouble = Trouble(report, PATIENCE_S, "The call continues.")
    reported = _Reported()
    while True:
        call = await retry_until_answered(lambda: client.ai_call(call_id), trouble)
        if call.status is RunStatus.COMPLETED:
            return call
        if call.status not in OPEN:
            title, detail = f"The call {_ended(call.status)}", call.error or ""
            raise Refused(Problem(status=502, title=title, detail=detail, code=call.error_code or ""))
        if reported.is_news(call):
            report(f"Waiting for call {short(call_id)}: {where_it_stands(call)}.")
        await asyncio.sleep(LOOK_AGAIN_S)


class _Reported:
    """The last message about a call. The same reason is reported again only if the next try is much later."""

    def __init__(self) -> None:
        self._why = ""
        self._until: datetime | None = None

    def is_news(self, call: AiCallView) -> bool:
        held = call.blocked_by
        why, until = (held.code, held.next_try_at) if held else (why_of(call), None)
        if why == self._why and (until is None or (self._until is not None and until < self._until + LONGER)):
            return False
        self._why, self._until = why, until
        return True


def _ended(status: RunStatus) -> str:
    return "was cancelled" if status is RunStatus.CANCELLED else str(status)
