"""Waiting for AI calls, and why an open one makes no progress."""

import asyncio
from datetime import UTC, datetime

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.service import RPCError

from chimera.db.engine import Database
from chimera.ledger import runs
from chimera.temporal.client import Temporal
from models.ai_calls import Blocked
from models.errors import Unavailable
from models.ids import RunId
from models.remedies import Action, Remedy

_TEMPORAL_AWAY = Blocked(
    code=Unavailable.code,
    message="Temporal isn't responding or hasn't started the AI call yet. The call is stored and will start later.",
)
_NO_WORKER = Blocked(
    code="no_worker",
    message="No worker has started the AI call yet. Check that workers are running.",
    remedy=Remedy(action=Action.CHECK_HEALTH),
)
_WORKER_LOST = "The AI call's worker stopped responding. Another worker will make the call."


class AiCallWaits:
    """Waits for the runs of AI calls."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal
        self._stopping = asyncio.Event()

    async def wait(self, run_id: RunId, wait_s: float) -> None:
        """Wait until a call's run has ended, the time is over, or this process stops."""
        waits = [
            asyncio.create_task(self._temporal.await_run(run_id, wait_s)),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def blocked_by(self, run_id: RunId) -> Blocked | None:
        """Return why an open call makes no progress now, or None while a worker processes it.

        Temporal keeps the last failure of a run's activity and the time of its next attempt, so they aren't stored
        anywhere else.
        """
        try:
            run = await self._temporal.activity_of(run_id)
        except (RPCError, RuntimeError):
            return _TEMPORAL_AWAY
        if run.pending is not None:
            return blocked_in(run.pending)
        # A run has no pending activity before the activity begins, but also after it has ended. In the second case, the
        # row that was read before is out of date, so it is read again.
        return None if run.has_ended or not await self._is_open(run_id) else _NO_WORKER

    async def _is_open(self, run_id: RunId) -> bool:
        async with self._database.begin() as session:
            return bool(await runs.open_among(session, [run_id]))

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def stop_waiting(self) -> None:
        """End all waits because this process stops. The calls continue."""
        self._stopping.set()


def blocked_in(pending: PendingActivityInfo) -> Blocked | None:
    """Return why the activity of an open call isn't running, or None if it is."""
    if pending.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return None
    if not pending.HasField("last_failure"):
        return _NO_WORKER
    code, message = _error_in(pending.last_failure)
    due = pending.next_attempt_schedule_time.ToDatetime(UTC)
    return Blocked(code=code, message=message, next_try_at=due if due > datetime.now(UTC) else None)


def _error_in(failure: Failure) -> tuple[str, str]:
    if failure.HasField("application_failure_info"):
        return failure.application_failure_info.type, failure.message
    return "worker_lost", _WORKER_LOST
