"""Delivers accepted messages to Temporal: at once if possible, otherwise by a sweeper, and always once.

The API tries right after its commit. A sweeper in every worker delivers what remains after 5 s.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chimera.bus import Bus
from chimera.db.engine import SESSION_AWAY, Database
from chimera.failpoints import Failpoints
from chimera.ledger import admission, outbox, runs, starts
from chimera.ledger.starts import Start
from chimera.store import chat_deletions, deleted_owners, disabled_owners
from chimera.temporal.client import RPC_TIMEOUT, StillEnding, Temporal
from models.ids import RunId, workflow_id_of

log = structlog.get_logger()

CONCURRENT_DELIVERIES = 10
RUNS_AT_ONCE = 20
"""Maximum number of runs that are emptied per transaction, so that locks are held for a moment only."""
REFUSALS = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.OUT_OF_RANGE})
"""The status codes with which Temporal rejects a request that it can't accept as it is."""
ENDING_TRIES = 7
"""After this many attempts, a minute and a half after its task was retried, a failed run that has not ended is
terminated."""


class StillBeingDeleted(RuntimeError):
    """Temporal has yet to delete a run. This is how each deletion begins, so it isn't logged as a failure."""


class Dispatcher:
    """Delivers messages from the outbox to their runs."""

    def __init__(
        self,
        database: Database,
        temporal: Temporal,
        bus: Bus,
        *,
        most_running: int,
        failpoints: Failpoints | None = None,
    ) -> None:
        """Start new tasks only while fewer than `most_running` are running; others stay queued (`admission.py`)."""
        self._most_running = most_running
        self._database = database
        self._temporal = temporal
        self._bus = bus
        self._failpoints = failpoints or Failpoints()
        self._limit = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        self._underway: set[asyncio.Task[object]] = set()
        self._is_admitting = self._is_admission_due = False

    def deliver_soon(self, run_id: RunId) -> None:
        """Deliver in the background; failures are left to the sweeper."""
        self._spawn(self.deliver(run_id))

    def admit_soon(self) -> None:
        """Start queued tasks in the background. Requests that arrive during a round share the next one."""
        self._is_admission_due = True
        if not self._is_admitting:
            self._is_admitting = True
            self._spawn(self._admit_in_rounds())

    async def drain(self) -> None:
        """Wait for deliveries in progress, at shutdown."""
        while self._underway:
            await asyncio.gather(*self._underway, return_exceptions=True)

    async def deliver(self, run_id: RunId) -> None:
        """Send this run's messages in the outbox, in order. Never raises: a failed entry stays there and is retried.

        A task that has not started is started when its turn comes, which may be now. This happens in the background, as
        in `admit_soon`.
        """
        if not await self._deliver(run_id):
            self.admit_soon()

    async def sweep(self) -> None:
        """Deliver what the API could not deliver itself, and repeat each cancel that has not ended its run."""
        async with self._database.begin() as session:
            await outbox.cancel_again(session)
            run_ids = await outbox.due(session, limit=200)
        await self._deliver_all(run_ids)

    async def admit(self) -> bool:
        """Start the queued tasks that there is room for; return whether any tasks were queued."""
        admitted = await self._admitted()
        await self._deliver_all(admitted or ())
        return admitted is not None

    async def release(self) -> bool:
        """Start the replies whose earlier replies have ended; return whether any others are waiting."""
        async with self._database.begin() as session:
            free, others_wait = await outbox.held_replies(session, limit=200)
        await self._deliver_all(free)
        return others_wait

    async def _admit_in_rounds(self) -> None:
        try:
            while self._is_admission_due:
                self._is_admission_due = False
                for run_id in await self._admitted() or ():
                    self._spawn(self._deliver(run_id))
        except SESSION_AWAY as error:
            log.warning("outbox_database_away", error=type(error).__name__)
        finally:
            self._is_admitting = False

    async def _admitted(self) -> list[RunId] | None:
        try:
            async with self._database.begin() as session:
                return await admission.admit(session, self._most_running)
        except TimeoutError:
            # Another process is admitting tasks.
            log.warning("admission_waited_too_long")
            return []

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._underway.add(task)
        task.add_done_callback(self._underway.discard)

    async def stop_disabled(self) -> None:
        """Cancel the runs of disabled accounts, which can no longer send requests themselves."""
        async with self._database.begin() as session:
            stopped = await disabled_owners.stop(session, limit=200)
        await self._deliver_all(stopped)

    async def delete_sessions(self) -> None:
        """Delete the content of deleted chat sessions whose runs have ended."""
        is_done = False
        while not is_done:
            async with self._database.begin() as session:
                deleted = await chat_deletions.purge(session, limit=RUNS_AT_ONCE)
            await self._deliver_all(deleted)
            is_done = len(deleted) < RUNS_AT_ONCE

    async def empty_deleted(self) -> None:
        """Delete the content of ended runs of deleted accounts."""
        async with self._database.begin() as session:
            emptied = await deleted_owners.empty_runs(session, limit=50)
        await self._deliver_all(emptied)

    async def empty_leftovers(self) -> None:
        """Delete what requests have added to accounts while these were being deleted."""
        async with self._database.begin() as session:
            found = await deleted_owners.owners_of_leftovers(session)
        for user_id in found:
            async with self._database.begin() as session:
                await deleted_owners.empty_again(session, user_id)

    async def _deliver_all(self, run_ids: Iterable[RunId]) -> None:
        await asyncio.gather(*map(self._deliver, run_ids))

    async def _deliver(self, run_id: RunId) -> bool:
        """Send the messages that may be sent to this run; return False if there were none. Never raises."""
        was_tried = False
        try:
            async with self._limit:
                while (is_next := await self._deliver_first(run_id)) is not None:
                    was_tried = True
                    if not is_next:
                        break
        except SESSION_AWAY as error:
            log.warning("outbox_database_away", run_id=run_id, error=type(error).__name__)
        except Exception:
            # The outbox itself could not be read: it may be from a later version.
            log.exception("outbox_not_read", run_id=run_id)
        return was_tried

    async def _deliver_first(self, run_id: RunId) -> bool | None:
        """Deliver the oldest entry; return whether to try the next one now, or None if there is none to deliver."""
        entry = None
        try:
            async with self._database.begin() as session:
                entry = await outbox.take_first(session, run_id)
                if entry is None:
                    return None
                await self._send(session, entry)
                return await outbox.delivered(session, entry)
        except SESSION_AWAY:
            raise
        except Exception as error:
            if entry is None:
                raise
            await self._note_failed(entry, error)
            return False

    async def _note_failed(self, entry: outbox.Entry, error: Exception) -> None:
        """Record a failed attempt, in a transaction of its own because the delivery's transaction may be lost."""
        note = log.debug if isinstance(error, StillBeingDeleted) else log.warning
        note("outbox_delivery_failed", run_id=entry.run_id, kind=entry.kind, error=str(error)[:200])
        async with self._database.begin() as session:
            await outbox.failed(session, entry, str(error))
            if entry.kind == "start" and _is_refusal(error):
                await admission.withdraw(session, entry.run_id)

    async def _send(self, session: AsyncSession, entry: outbox.Entry) -> None:
        match entry.kind:
            case "signal":
                await self._signal(entry.run_id, entry.signal())
            case "start":
                await self._start(session, entry)
            case "forget":
                await self._forget(session, entry)
            case "cancel":
                await self._cancel(session, entry.run_id)
            case _:
                # The entry is from a later version, whose processes deliver it.
                raise ValueError(f"the outbox has no kind {entry.kind!r}")

    async def _signal(self, run_id: RunId, signal: outbox.Signal) -> None:
        client = await self._temporal.client()
        handle = client.get_workflow_handle(workflow_id_of(run_id))
        try:
            await handle.signal(signal.name, args=signal.args, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            # A run that has ended, or that Temporal has forgotten, needs no signal.
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    async def _cancel(self, session: AsyncSession, run_id: RunId) -> None:
        """Cancel a run, or close its row if Temporal has ended or forgotten the run."""
        client = await self._temporal.client()
        try:
            await self._send_cancel(client, session, run_id)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            if await runs.open_among(session, [run_id]):
                # Another process has ended the run.
                scheduled_run_id = await runs.scheduled_run_of(session, run_id)
                await self._temporal.end_runs(scheduled_run_id, reason="The task's run was ended directly in Temporal.")
            await runs.close_from_temporal(session, run_id, True)

    async def _send_cancel(self, client: Client, session: AsyncSession, run_id: RunId) -> None:
        """Cancel a run; a repeated cancel includes its subtasks, and the last one terminates it."""
        cancels_sent, running = await outbox.cancelled_tree(session, run_id)
        handle = client.get_workflow_handle(workflow_id_of(run_id))
        if cancels_sent >= outbox.CANCELS:
            log.error("run_ended_from_outside", run_id=run_id, cancels_sent=cancels_sent)
            await self._end(session, run_id, reason="The task was cancelled but didn't end.")
            await runs.close_from_temporal(session, run_id, True)
            return
        await handle.cancel(rpc_timeout=RPC_TIMEOUT)
        if cancels_sent:
            log.warning("cancel_sent_again", run_id=run_id, cancels_sent=cancels_sent, subtasks=running)
            for path in running:
                with suppress(RPCError):
                    # A subtask that has ended needs no cancel.
                    await client.get_workflow_handle(workflow_id_of(run_id, path)).cancel(rpc_timeout=RPC_TIMEOUT)

    async def _end(self, session: AsyncSession, run_id: RunId, *, reason: str) -> None:
        """Terminate a task's run, and the scheduled run that created it.

        The scheduled run comes first: if Temporal fails in between, the task's own run still shows that there is more
        to terminate.
        """
        scheduled_run_id = await runs.scheduled_run_of(session, run_id)
        await self._temporal.end_runs(scheduled_run_id, workflow_id_of(run_id), reason=reason)

    async def _forget(self, session: AsyncSession, entry: outbox.Entry) -> None:
        """Delete a task's data in Temporal and Redis. Raises StillBeingDeleted until nothing is left.

        There are at least two attempts, because a run that has just ended is not listed yet.
        """
        await self._bus.forget(entry.run_id)
        scheduled_run_id = await runs.scheduled_run_of(session, entry.run_id)
        left = await self._temporal.delete_runs(entry.run_id, scheduled_run_id)
        if left or not entry.attempts:
            # Temporal deletes a run only after it has stored all that came before, about every half minute.
            raise StillBeingDeleted(f"{left} runs are being deleted")

    async def _start(self, session: AsyncSession, entry: outbox.Entry) -> None:
        run_id = entry.run_id
        start = await _start_of(session, run_id)
        if start is None:
            return
        try:
            await self._temporal.start(run_id, start)
        except StillEnding:
            if entry.attempts >= ENDING_TRIES:
                log.error("failed_run_ended_from_outside", run_id=run_id)
                await self._end(session, run_id, reason="The task failed and is being retried.")
            raise
        except WorkflowAlreadyStartedError:
            log.info("run_already_started", run_id=run_id)
        await self._failpoints.hit("after_start")
        await runs.mark_started(session, run_id)


async def _start_of(session: AsyncSession, run_id: RunId) -> Start | None:
    """Read a run's start. Raises ValueError for rows that this version can't read: they wait, and nothing was sent."""
    try:
        return await starts.read_start(session, run_id)
    except SESSION_AWAY:
        raise
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _is_refusal(error: Exception) -> bool:
    """Return whether a start was rejected for its own reasons, so that it certainly hasn't started a run.

    After any other error it may have started one. If such a task also gave up its place, a Temporal that is too slow
    would receive the whole queue, task by task.
    """
    if isinstance(error, RPCError):
        return error.status in REFUSALS
    return isinstance(error, (ValueError, StillEnding))
