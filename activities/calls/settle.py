"""What an answer or a failure makes true, written: one statement, also while the database comes and goes."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from activities import replies
from activities.plans import Plans
from activities.replies import NO_PLAN
from activities.tool_results import results_at_once
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import AWAY, Connection, Database
from chimera.ledger import calls, in_doubt, plans, subtasks, transcripts
from chimera.ledger.calls import Intent, Settlement
from chimera.ledger.plans import PlanRoom
from chimera.providers.base import ChatEnd, ChatRequest
from models.errors import AnswerMissing, AnswerNotKept, ChimeraError, Overtaken, RootStopped
from models.ids import ROOT
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.tasks import COMPLETABLE, STOPPED

log = structlog.get_logger()

SETTLE_SECONDS = 3600.0
"""How long a paid answer waits for a database that is away before the attempt is given up."""


class _Settled(Protocol):
    """What an answer makes true, by what is known of its task."""

    def __call__(
        self, *, task_ends: bool = ..., unheard: bool | None = ..., plan_room: PlanRoom = ...
    ) -> Settlement: ...


class Settlements:
    """Writes how calls end."""

    def __init__(self, *, settings: Settings, database: Database, bus: Bus) -> None:
        self._settings = settings
        self._database = database
        self._bus = bus

    async def settle(self, intent: Intent, chat: ChatRequest, text: str, end: ChatEnd) -> ModelCallOutcome:
        """Keep a paid answer; return what holds then.

        What breaks on our side doesn't buy another answer: one that can't be written as it is, is written without
        what came beside its words. Raises Overtaken when another attempt has the call, RootStopped when the task that
        the answer would complete was stopped, AnswerMissing when it would be without a subtask's answer, and
        AnswerNotKept when the database refuses it for good. A database that is away is waited for, and its error
        raised when it stays away.
        """
        settled = partial(replies.settlement_of, intent, chat, text, settings=self._settings)
        found: Plans | None = None
        try:
            results = await results_at_once(replies.calls_of(intent, end))
            found = await replies.plans_of(intent, text)
            return await self._settle(intent, partial(settled, end, plans=found, results=results))
        except (ChimeraError, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, the answer is paid)
            # Its kind alone: PostgreSQL quotes what it refuses.
            log.error("answer_not_settled", attempt=intent.attempt, error=type(error).__name__)
        refusal = AnswerNotKept(usage=end.usage)
        try:
            if text:
                return await self._settle(intent, partial(settled, ChatEnd("other", usage=end.usage), plans=found))
        except (ChimeraError, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001  (as above)
            log.error("answer_not_kept", attempt=intent.attempt, error=type(error).__name__)
        await self.write_failure(intent, chat, text, refusal, is_tried_again=False)
        raise refusal

    async def _settle(self, intent: Intent, settled: _Settled) -> ModelCallOutcome:
        give_up = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                return await self._settle_once(intent, settled)
            except AWAY as error:
                if time.monotonic() > give_up:
                    raise
                log.warning("settle_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _settle_once(self, intent: Intent, settled: _Settled) -> ModelCallOutcome:
        request = intent.request
        may_end_task = request.path == ROOT and request.purpose is Purpose.AGGREGATE
        # One statement settles a call, unless something came between that it would have to know of.
        async with self._database.statements() as connection:
            missing = await subtasks.unanswered(connection, request.task_id, ROOT) if may_end_task else []
            settlement = settled(task_ends=may_end_task and not missing, plan_room=await _room_for(connection, request))
            kept = _Kept(settlement.outcome, await calls.settle(connection, settlement))
            if kept.seq is None:
                # Nobody steers, stops or gives up while the root is locked.
                async with connection.transaction():
                    kept = await _settle_locked(connection, intent, settled, may_end_task=may_end_task and not missing)
        if kept.seq is not None:
            self._bus.wake(request.task_id, kept.seq)
        if kept.outcome is None:
            raise Overtaken(intent.attempt)
        if missing:
            raise AnswerMissing(missing)
        if may_end_task and kept.is_stopped:
            # It is kept and completes nothing: the run has to end as it was told.
            raise RootStopped(request.task_id)
        return kept.outcome

    async def write_failure(
        self, intent: Intent, chat: ChatRequest, text: str, error: BaseException, *, is_tried_again: bool = True
    ) -> None:
        """Note how an attempt failed. When the database is away too, the next attempt finds it unfinished: doubtful."""
        failure = replies.failure_of(intent, chat, text, error, is_tried_again=is_tried_again, settings=self._settings)
        try:
            async with self._database.statements() as connection:
                seq = await calls.fail(connection, failure)
                if seq is None:
                    seq = await in_doubt.fail_late(connection, failure)
        except AWAY:
            log.warning("failure_not_written", code=failure.code)
            return
        if seq is not None:
            self._bus.wake(intent.request.task_id, seq)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the ledger holds of an attempt: None when it holds no answer of it, only its cost."""

    outcome: ModelCallOutcome | None
    seq: int | None
    """Of the task's last event."""
    is_stopped: bool = False
    """Whether the task was stopped before."""


async def _settle_locked(connection: Connection, intent: Intent, settled: _Settled, *, may_end_task: bool) -> _Kept:
    """Settle by what is true now what the first try could not, or book its cost."""
    request = intent.request
    status = await calls.lock_root(connection, request.task_id)
    known = await in_doubt.settled_by(connection, intent)
    if known is not None:
        log.info("settled_before", attempt=intent.attempt)
        return _Kept(known[0] or settled().outcome, known[1], status in STOPPED)
    if await in_doubt.take_up(connection, intent):
        log.info("doubtful_attempt_taken_up", attempt=intent.attempt)
    settlement = settled(
        task_ends=may_end_task and status in COMPLETABLE,
        unheard=await transcripts.has_unheard_guidance(connection, request),
        plan_room=await _room_for(connection, request),
    )
    seq = await calls.settle(connection, settlement)
    if seq is not None:
        return _Kept(settlement.outcome, seq, status in STOPPED)
    log.warning("late_attempt_booked", attempt=intent.attempt)
    return _Kept(None, await in_doubt.book_late(connection, settlement), status in STOPPED)


async def _room_for(connection: Connection, request: ModelCallRequest) -> PlanRoom:
    if request.purpose is not Purpose.PLAN:
        return NO_PLAN
    return await plans.room_for(connection, request.task_id, request.path)
