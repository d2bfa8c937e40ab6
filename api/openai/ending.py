"""Cancelling the run of a client that has disconnected."""

import asyncio

import structlog

from api.deps import Parts
from chimera.store import replies
from models.errors import ChimeraError
from models.ids import RunId
from models.users import Caller

log = structlog.get_logger()

GONE = 499
"""The status of such a request in the log. The client doesn't receive it."""

_cancelling: set[asyncio.Task[None]] = set()
"""References, because the event loop keeps none."""


def cancel_soon(parts: Parts, caller: Caller, run_id: RunId) -> None:
    """Cancel a run whose client has left. Its request may be stopped meanwhile."""
    task = asyncio.create_task(_cancel(parts, caller, run_id))
    _cancelling.add(task)
    task.add_done_callback(_cancelling.discard)


async def _cancel(parts: Parts, caller: Caller, run_id: RunId) -> None:
    try:
        async with parts.database.begin() as session:
            await replies.cancel(session, caller, run_id)
    except ChimeraError as error:
        # It has ended in the meantime.
        log.debug("run_not_cancelled", run_id=run_id, code=error.code)
    else:
        parts.dispatcher.deliver_soon(run_id)
