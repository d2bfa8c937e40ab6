"""Records the outcome of an answer or a failure in one statement, even if the database is sometimes unavailable."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from activities.calls.kind import Spent
from activities.replies import NO_PLAN
from chimera.bus import Bus
from chimera.content.text import clean_text
from chimera.db.engine import AWAY, Connection, Database
from chimera.ledger import ai_calls, failures, in_doubt, plans, settlements, subtasks, transcripts
from chimera.ledger.calls import Intent, lock_run
from chimera.ledger.failures import Failure
from chimera.ledger.plans import PlanRoom
from chimera.ledger.settlements import Settlement
from models.errors import AnswerMissing, Overtaken, ProviderError, RootStopped
from models.events import ModelCallFailed
from models.ids import ROOT
from models.model_calls import PURPOSES, SETTLE_SECONDS, AttemptStatus, ModelCallOutcome, ModelCallRequest, Purpose
from models.runs import COMPLETABLE, STOPPED

log = structlog.get_logger()


class Settled(Protocol):
    """Determines the effects of an answer from the known state of its run."""

    def __call__(
        self, *, task_ends: bool = ..., unseen: bool | None = ..., plan_room: PlanRoom = ...
    ) -> Settlement: ...


class Settlements:
    """Records how calls end."""

    def __init__(self, *, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    async def settle(self, intent: Intent, settled: Settled) -> ModelCallOutcome:
        """Store a paid answer and return the outcome.

        Raises Overtaken if another attempt replaced this one, RootStopped if the answer would complete a run that was
        stopped, AnswerMissing if it would complete a run without a subtask's answer, and the database's error if the
        database rejects the answer. While the database is unavailable, waits for it, and finally raises its error.
        """
        give_up = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                return await self._settle_once(intent, settled)
            except AWAY as error:
                if time.monotonic() > give_up:
                    raise
                log.warning("settle_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _settle_once(self, intent: Intent, settled: Settled) -> ModelCallOutcome:
        request = intent.request
        may_end_task = request.path == ROOT and PURPOSES[request.purpose].ends_node
        # One statement settles a call, unless something that the call depends on has happened in the meantime.
        async with self._database.statements() as connection:
            missing = await subtasks.unanswered(connection, request.run_id, ROOT) if may_end_task else []
            settlement = settled(task_ends=may_end_task and not missing, plan_room=await _room_for(connection, request))
            kept = _Kept(settlement.outcome, await _write(connection, settlement))
            if kept.seq is None:
                # While the root is locked, no guidance, stop or failure can be recorded.
                async with connection.transaction():
                    kept = await _settle_locked(connection, intent, settled, may_end_task=may_end_task and not missing)
        if kept.seq is not None:
            self._bus.wake(request.run_id, kept.seq)
        if kept.outcome is None:
            raise Overtaken(intent.attempt)
        if missing:
            raise AnswerMissing(missing)
        if may_end_task and kept.is_stopped:
            # The answer is stored but doesn't complete the task, because the run has to end as requested.
            raise RootStopped(request.run_id)
        return kept.outcome

    async def write_failure(
        self,
        intent: Intent,
        spent: Spent,
        error: BaseException,
        *,
        is_retried: bool = True,
        kept_text: str | None = None,
    ) -> None:
        """Record how an attempt failed.

        If the database is unavailable too, the next attempt finds this one unfinished and marks it as in doubt.
        """
        failure = replace(failure_of(intent, spent, error, is_retried=is_retried), kept_text=kept_text)
        try:
            async with self._database.statements() as connection:
                seq = await failures.fail(connection, failure)
                if seq is None:
                    seq = await in_doubt.fail_late(connection, failure)
        except AWAY:
            log.warning("failure_not_written", code=failure.code)
            return
        if seq is not None:
            self._bus.wake(intent.request.run_id, seq)

    async def end(self, intent: Intent, spent: Spent, refusal: ProviderError) -> None:
        """Record a failure that no retry would fix."""
        await self.write_failure(intent, spent, refusal, is_retried=False)


def failure_of(intent: Intent, spent: Spent, error: BaseException, *, is_retried: bool) -> Failure:
    """Determine how an attempt failed. Any error other than a ProviderError means that it was interrupted."""
    code, message, retry_after_s = "cancelled", "The call was interrupted.", None
    status, is_asked = AttemptStatus.CANCELLED, True
    if isinstance(error, ProviderError):
        code, message, retry_after_s = error.code, clean_text(error.message)[:500], error.retry_after_s
        status, is_asked = AttemptStatus.FAILED, error.accepted
    request = intent.request
    event = ModelCallFailed(
        path=request.path,
        step=request.step,
        attempt=intent.attempt,
        purpose=request.purpose,
        code=code,
        message=message,
        retryable=is_retried,
        retry_after_s=retry_after_s if is_retried else None,
    )
    return Failure(
        intent=intent,
        status=status,
        code=code,
        message=message,
        usage=spent.usage,
        cost_micro_usd=spent.cost_micro_usd,
        estimated=spent.estimated,
        asked=is_asked,
        events=(event,),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """The ledger's state of an attempt. `outcome` is None if the ledger has only its cost and no answer."""

    outcome: ModelCallOutcome | None
    seq: int | None
    """The sequence number of the task's last event."""
    is_stopped: bool = False
    """Whether the task had been stopped before."""


async def _settle_locked(connection: Connection, intent: Intent, settled: Settled, *, may_end_task: bool) -> _Kept:
    """Settle, by the current state, what the first try could not settle, or record only its cost."""
    request = intent.request
    status = await lock_run(connection, request.run_id)
    known = await in_doubt.settled_by(connection, intent)
    if known is not None:
        log.info("settled_before", attempt=intent.attempt)
        return _Kept(known[0] or settled().outcome, known[1], status in STOPPED)
    if await in_doubt.reinstate(connection, intent):
        log.info("in_doubt_attempt_reinstated", attempt=intent.attempt)
    settlement = settled(
        task_ends=may_end_task and status in COMPLETABLE,
        unseen=await transcripts.has_unseen_guidance(connection, request),
        plan_room=await _room_for(connection, request),
    )
    seq = await _write(connection, settlement)
    if seq is not None:
        if status in STOPPED and request.path == ROOT and settlement.node_result:
            # The answer was complete, but its reply had been stopped a moment before.
            await failures.keep_text(connection, request.run_id, settlement.node_result)
        return _Kept(settlement.outcome, seq, status in STOPPED)
    log.warning("late_attempt_booked", attempt=intent.attempt)
    return _Kept(None, await in_doubt.book_late(connection, settlement), status in STOPPED)


async def _write(connection: Connection, settlement: Settlement) -> int | None:
    """Write an answer and its files in one transaction."""
    if not settlement.files:
        return await settlements.settle(connection, settlement)
    async with connection.transaction():
        seq = await settlements.settle(connection, settlement)
        if seq is not None:
            await ai_calls.keep(connection, settlement.files)
        return seq


async def _room_for(connection: Connection, request: ModelCallRequest) -> PlanRoom:
    if request.purpose is not Purpose.PLAN:
        return NO_PLAN
    return await plans.room_for(connection, request.run_id, request.path)
