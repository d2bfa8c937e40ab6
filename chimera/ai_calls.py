"""Hands embeddings, images and transcriptions to Temporal: at once where possible, else by a sweeper, and always once.

Their rows are what is swept: one that Temporal has not taken over yet, and one that is open though its run has closed.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chimera.db import ai_call_attempts, ai_calls
from chimera.db.engine import Database
from chimera.temporal import Temporal
from models.ids import AiCallId, ai_call_workflow_id

log = structlog.get_logger()

PREFIX = ai_call_workflow_id(AiCallId(""))
SWEPT_AT_ONCE = 100
LOOK_FOR_LOST = timedelta(minutes=1)
"""How often rows are held against Temporal whose runs it may have lost, with its data or after its retention."""
LOOK_BACK = timedelta(seconds=10)
"""Visibility lags a little behind."""


class AiCallStarts:
    """Starts the runs of calls and watches over those that were forgotten."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal
        self._reconciled_to: datetime | None = None
        self._looked_at = datetime.now(UTC)
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

    def stop_waiting(self) -> None:
        """Let everybody go who waits: their calls go on, and this process doesn't."""
        self._stopping.set()

    async def sweep(self) -> None:
        """Start what the API could not start itself."""
        async with self._database.begin() as session:
            call_ids = await ai_calls.to_hand_over(session, limit=SWEPT_AT_ONCE)
        await asyncio.gather(*map(self.start, call_ids))

    async def reconcile(self) -> None:
        """Close the rows of runs that ended without telling us: terminated in the Web UI, say."""
        client = await self._temporal.client()
        started = datetime.now(UTC)
        if self._reconciled_to is None:
            async with self._database.begin() as session:
                self._reconciled_to = await ai_calls.oldest_open(session) or started
        since = self._reconciled_to - LOOK_BACK
        ids = await self._temporal.closed_since("AiCallWorkflow", since)
        closed = [AiCallId(id.removeprefix(PREFIX)) for id in ids if id.startswith(PREFIX)]
        async with self._database.begin() as session:
            suspects = set(await ai_calls.open_among(session, closed))
            if started - self._looked_at >= LOOK_FOR_LOST:
                suspects.update(await ai_calls.handed_over_before(session, started - LOOK_FOR_LOST, SWEPT_AT_ONCE))
                self._looked_at = started
        for call_id in suspects:
            await self._reconcile(client, call_id)
        self._reconciled_to = started

    async def _reconcile(self, client: Client, call_id: AiCallId) -> None:
        """Close the row of a run that has ended; have one started anew that Temporal has lost."""
        try:
            # The newest run under this id counts: a reset in the Web UI closes one and starts the next.
            status = (await client.get_workflow_handle(ai_call_workflow_id(call_id)).describe()).status
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            log.warning("ai_call_lost_by_temporal", call_id=call_id)
            async with self._database.begin() as session:
                await ai_calls.take_back(session, call_id)
            return
        if status == WorkflowExecutionStatus.RUNNING:
            return
        log.warning("ai_call_reconciled", call_id=call_id, temporal_status=status.name if status else None)
        async with self._database.begin() as session:
            await ai_calls.close(session, call_id, "run_ended", "Its run was ended from outside.")
