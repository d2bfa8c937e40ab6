"""Hands embeddings, images and transcriptions to Temporal: at once where possible, else by a sweeper, and always once.

Their rows are what is swept: those that Temporal has not taken over yet.
"""

import asyncio
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from chimera.db import ai_call_attempts, ai_calls
from chimera.db.engine import Database
from chimera.temporal.client import Temporal
from models.ai_calls import HeldUp
from models.errors import Unavailable
from models.ids import AiCallId

log = structlog.get_logger()

SWEPT_AT_ONCE = 100

_TEMPORAL_AWAY = HeldUp(
    code=Unavailable.code,
    message="Temporal doesn't answer or has not taken the call over yet; it is kept, and made then.",
)
_NO_WORKER = HeldUp(code="no_worker", message="No worker has taken it up yet; `chimera doctor` counts those that run.")
_WORKER_LOST = "The worker that had it gave no more sign of life; another one takes it up."


class AiCallStarts:
    """Starts the runs of calls."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal
        self._stopping = asyncio.Event()

    async def start(self, call_id: AiCallId) -> bool:
        """Start a call's run; twice is once. False when Temporal is away: the sweeper does it later."""
        try:
            async with self._database.begin() as session:
                call = await ai_call_attempts.read(session, call_id)
            try:
                await self._temporal.start_ai_call(call_id, call.operation, call.owner_id, call.model)
            except WorkflowAlreadyStartedError:
                log.info("ai_call_already_started", call_id=call_id)
            async with self._database.begin() as session:
                await ai_calls.handed_over(session, call_id)
        except (RPCError, RuntimeError, SQLAlchemyError, OSError) as error:
            log.warning("ai_call_not_started", call_id=call_id, error=str(error)[:200])
            return False
        return True

    async def wait(self, call_id: AiCallId, wait_s: float) -> None:
        """Wait until a call's run has ended, the time is over, or this process stops."""
        waits = [
            asyncio.create_task(self._temporal.await_ai_call(call_id, wait_s)),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def held_up(self, call_id: AiCallId) -> HeldUp | None:
        """Say why an open call makes no progress now; None while a worker has it.

        Temporal keeps the last failure of a run's activity and when it is due again, so nothing else has to note them.
        """
        try:
            run = await self._temporal.ai_call_run(call_id)
        except (RPCError, RuntimeError):
            return _TEMPORAL_AWAY
        if run.pending is not None:
            return held_up_in(run.pending)
        # Before its activity begins a run looks as it does after it: then the row, read before the run, is out of date.
        return None if run.has_ended or not await self._is_open(call_id) else _NO_WORKER

    async def _is_open(self, call_id: AiCallId) -> bool:
        async with self._database.begin() as session:
            return bool(await ai_calls.open_among(session, [call_id]))

    def stop_waiting(self) -> None:
        """Let everybody go who waits: their calls go on, and this process doesn't."""
        self._stopping.set()

    async def sweep(self) -> None:
        """Start what the API could not start itself."""
        async with self._database.begin() as session:
            call_ids = await ai_calls.to_hand_over(session, limit=SWEPT_AT_ONCE)
        await asyncio.gather(*map(self.start, call_ids))


def held_up_in(pending: PendingActivityInfo) -> HeldUp | None:
    """Read why the activity of an open call isn't at work; None when it is."""
    if pending.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return None
    if not pending.HasField("last_failure"):
        return _NO_WORKER
    code, message = _said_in(pending.last_failure)
    due = pending.next_attempt_schedule_time.ToDatetime(UTC)
    return HeldUp(code=code, message=message, next_try_at=due if due > datetime.now(UTC) else None)


def _said_in(failure: Failure) -> tuple[str, str]:
    if failure.HasField("application_failure_info"):
        return failure.application_failure_info.type, failure.message
    return "worker_lost", _WORKER_LOST
