"""A model call: the one hot path. Ledger, limiter, provider, settlement, in this order, once.

Two short transactions and one HTTP request; nothing else remote stands in the way. Safe to run twice: a finished call
comes back from the ledger; an unfinished one is marked doubtful and counted before the provider is asked again.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog
from temporalio import activity

from activities import questions
from activities.calls.chains import Chain, chain_of
from activities.calls.failures import SHORT_WAIT_S, Failures
from activities.calls.heartbeats import heartbeats
from activities.calls.settle import Settlements
from activities.calls.shielded import shielded
from activities.calls.stops import Stops
from activities.calls.stream import Answers, PartialAnswer, ReadyCall
from activities.calls.underway import Underway
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import AWAY, Connection, Database
from chimera.failpoints import Failpoints
from chimera.ledger import accounts, calls, events, in_doubt, transcripts
from chimera.ledger.calls import Intent
from chimera.ledger.transcripts import CallContext
from chimera.pricing import price_of, window_of
from chimera.providers import Providers
from chimera.providers.base import ChatEnd
from chimera.providers.health.accounts import Standings
from chimera.providers.health.circuit_breaker import Asker, asker_of
from chimera.providers.limits.limiter import ProviderLimits
from models import activities as contract
from models.agents import AgentSpec
from models.errors import (
    AnswerNotKept,
    BudgetHeld,
    BudgetReached,
    ChimeraError,
    InvalidInput,
    ProviderAway,
    ProviderError,
    RateLimited,
    RootStopped,
    StillUnderway,
    SubtaskSkipped,
    TaskPaused,
)
from models.events import ModelCallWaiting
from models.ids import TaskId, call_id_of
from models.model_calls import ModelCallOutcome, ModelCallRequest
from models.tasks import STOPPED, TaskStatus
from models.usage import Usage

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a call stands, and who may be asked for it."""

    context: CallContext
    agent: AgentSpec
    chain: Chain
    asker: Asker


class ModelCalls(contract.ModelCalls):
    """Serves `complete_model_call`; one instance a worker, with the worker's clients."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        bus: Bus,
        providers: Providers,
        limits: ProviderLimits,
        standings: Standings,
        stops: Stops[TaskId],
        failpoints: Failpoints,
        worker_name: str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._bus = bus
        self._providers = providers
        self._limits = limits
        self._standings = standings
        self._stops = stops
        self._failpoints = failpoints
        self._worker_name = worker_name
        self._prepared: set[str] = set()
        self._underway = Underway[ModelCallRequest, ModelCallOutcome](self._say_seen)
        self._answers = Answers(settings=settings, providers=providers, bus=bus)
        self._settlements = Settlements(settings=settings, database=database, bus=bus)
        self._failures = Failures(standings, self._settlements)

    @activity.defn(name=contract.COMPLETE_MODEL_CALL)
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make the call at this place once, or return what it already gave.

        Raises BudgetReached when the account refuses, RootStopped when the task was stopped, SubtaskSkipped when the
        run has gone on without the node, and a ProviderError when the provider failed (retryable or not, as the error
        says).
        """
        call_id = call_id_of(request.task_id, request.path, request.purpose, request.step)
        async with heartbeats():
            return await self._underway.join(call_id, request, lambda: self._make(request))

    async def close(self) -> None:
        """End what is still under way, before the clients are closed."""
        await self._underway.close()

    async def _make(self, request: ModelCallRequest) -> ModelCallOutcome:
        async with self._stops.watch(request.task_id):
            try:
                ready = await self._intend(request)
            except (RateLimited, ProviderAway) as error:
                await self._say_that_it_waits(request, error)
                raise
            if isinstance(ready, ModelCallOutcome):
                return ready
            self._bus.wake(request.task_id, ready.seq)
            await self._failpoints.hit("before_provider")
            answer = PartialAnswer()
            end = await self._read(ready, answer)
            await self._failpoints.hit("after_provider")
            # A paid answer is kept, also when a cancel arrives just now.
            outcome = await shielded(self._settlements.settle(ready.intent, ready.chat, answer.text, end))
            await self._failpoints.hit("before_complete")
            return outcome

    async def _read(self, ready: ReadyCall, answer: PartialAnswer) -> ChatEnd:
        """Ask the provider and read the answer to its end. Raises once it is noted how that failed."""
        began_at = self._standings.clock()
        try:
            end = await self._answers.read(ready.intent, ready.chat, answer)
        except ProviderError as error:
            failure = await shielded(self._failures.judge(ready, answer.text, error, began_at))
            if failure.raised.retryable or not ready.intent.begun:
                await shielded(self._failures.write(ready, answer.text, failure))
                raise failure.raised from None
            # An answer that was cut can't be gone on with: what there is of it stands, and is marked as cut.
            return ChatEnd("length", error.usage or (None if error.may_be_billed else Usage()))
        except asyncio.CancelledError as error:
            await shielded(self._settlements.write_failure(ready.intent, ready.chat, answer.text, error))
            raise
        except Exception as error:  # noqa: BLE001
            # What breaks on our side must not buy a second answer: the words that came stand. Without the traceback,
            # whose frames and message may hold them.
            log.error("answer_not_read", attempt=ready.intent.attempt, error=type(error).__name__)
            if not answer.text:
                refusal = AnswerNotKept()
                await shielded(
                    self._settlements.write_failure(ready.intent, ready.chat, "", refusal, is_tried_again=False)
                )
                raise refusal from None
            return ChatEnd("other", usage=None)
        if end.skipped:
            log.info("pieces_skipped", count=end.skipped, model=ready.intent.model)
        self._standings.answered(ready.account)
        return end

    async def _say_seen(self, requests: Collection[ModelCallRequest]) -> None:
        async with self._database.statements() as connection:
            await in_doubt.say_seen(connection, requests, self._worker_name)

    async def _intend(self, request: ModelCallRequest) -> ReadyCall | ModelCallOutcome:
        async with self._database.statements() as connection:
            place = await self._look_at(connection, request)
            if isinstance(place, ModelCallOutcome):
                return place
            if self._prepared.issuperset(place.chain.left()):
                model, passed_over = await self._choose(place.chain, place.asker)
                return await self._reserve(connection, request, place, model, passed_over)
        # Without a connection: a fresh worker may need seconds to load an SDK.
        model, passed_over = await self._choose(place.chain, place.asker)
        async with self._database.statements() as connection:
            return await self._reserve(connection, request, place, model, passed_over)

    async def _look_at(self, connection: Connection, request: ModelCallRequest) -> _Place | ModelCallOutcome:
        """Read where a call stands, or what it already gave."""
        context = await transcripts.read_context(connection, request)
        if context.task_status in STOPPED:
            raise RootStopped(request.task_id)
        if context.call_status == "started":
            await self._leave_to_the_living(connection, request, context.attempt)
            # Committed whatever follows: nobody else will come back to that attempt.
            async with connection.transaction():
                await in_doubt.mark_doubtful(connection, request, context.attempt)
            context = await transcripts.read_context(connection, request)
        if context.call_status == "finished":
            log.info("model_call_replayed", step=request.step)
            return ModelCallOutcome.model_validate(context.outcome)
        if context.left_out:
            raise SubtaskSkipped(request.path)
        if context.task_status == TaskStatus.PAUSED:
            raise TaskPaused(request.task_id)
        agent = questions.agent_of(request, context)
        chain = chain_of(agent, context, retry=request.retry, max_attempts=self._settings.call_max_attempts)
        if not chain.left():
            # Whoever made the last attempt died before it could say so.
            code, message = await calls.last_error(connection, request)
            raise chain.used_up(request.task_id, code, message)
        return _Place(context, agent, chain, asker_of(context.owner_id, request.task_id, request.path))

    async def _leave_to_the_living(self, connection: Connection, request: ModelCallRequest, attempt: int) -> None:
        """Raise StillUnderway while the attempt at a call may still bring its answer.

        One of this process would have been joined. Others say that they live; where this process has just stood still,
        they may not have come to it.
        """
        worker, is_alive = await in_doubt.seen(connection, request, attempt)
        if worker != self._worker_name and (is_alive or self._underway.thawed_lately()):
            raise StillUnderway

    async def _reserve(
        self,
        connection: Connection,
        request: ModelCallRequest,
        place: _Place,
        model: str,
        passed_over: Mapping[str, ChimeraError],
    ) -> ReadyCall:
        """Put the question together and write the intent, if the account allows it."""
        context, chain = place.context, place.chain
        question = await questions.put_together(connection, request, context, place.agent, model, self._settings)
        chat = question.chat
        intent = questions.intent_of(
            request,
            question,
            context=context,
            model=model,
            fell_back=chain.fell_back(request, chat.attempt, model, passed_over),
            simulated=self._providers.of(model).simulated,
            worker=self._worker_name,
            settings=self._settings,
        )
        account = self._providers.account_of(model)
        # Before the reservation: a call without a place holds nobody's money.
        await self._limits.take(account, intent.reserve_tokens)
        # Perhaps somebody was told to wait while the question was put together.
        self._standings.check_wait(account)
        seq = await calls.reserve(connection, intent)
        if seq is None:
            seq = await self._reserve_or_refuse(connection, intent)
        return ReadyCall(intent, chat, account, place.asker, chain, seq)

    async def _prepare(self, model: str) -> None:
        """Have a fresh worker load SDK and price list before anybody's money is held, not on the way to the request.

        Raises a ProviderError when the SDK or its client can't be made.
        """
        if model not in self._prepared:
            await self._providers.of(model).connect()
            await asyncio.to_thread(price_of, model, self._settings.own_prices)
            await asyncio.to_thread(window_of, model, self._settings.own_windows)
            self._prepared.add(model)

    async def _say_that_it_waits(self, request: ModelCallRequest, error: ProviderError) -> None:
        """Tell once why a call has to wait for its provider: it may be a long time in which nothing else happens."""
        event = ModelCallWaiting(
            path=request.path,
            step=request.step,
            purpose=request.purpose,
            code=error.code,
            message=error.message,
            retry_after_s=error.retry_after_s,
        )
        try:
            async with self._database.statements() as connection:
                seq = await events.append_once(connection, request.task_id, event, like=("purpose", "code"))
        except AWAY:
            return
        if seq is not None:
            self._bus.wake(request.task_id, seq)

    async def _choose(self, chain: Chain, asker: Asker) -> tuple[str, dict[str, ChimeraError]]:
        """Choose the first model of the chain that may be asked now; return also why others were passed over.

        Where another one is left, nobody waits for a provider that is away or wants to be left alone for long. Raises
        what brings the call back soonest when no model may be asked.
        """
        passed_over: dict[str, ChimeraError] = {}
        for model in chain.left():
            try:
                self._providers.of(model)
                await self._standings.admit(self._providers.account_of(model), asker)
                await self._prepare(model)
            except (ProviderError, InvalidInput) as refusal:
                if isinstance(refusal, RateLimited) and (refusal.retry_after_s or 0.0) <= SHORT_WAIT_S:
                    raise
                passed_over[model] = refusal
            else:
                return model, passed_over
        raise min(passed_over.values(), key=lambda refusal: (not refusal.retryable, refusal.retry_after_s or 0.0))

    async def _reserve_or_refuse(self, connection: Connection, intent: Intent) -> int:
        """Ask the account again, locked: at first it was judged without waiting for whoever was settling."""
        request = intent.request
        async with connection.transaction():
            await calls.lock_root(connection, request.task_id)
            reserved = await calls.reserve(connection, intent)
            if reserved is not None:
                return reserved
            await calls.check_next(connection, intent)
            refusal = await accounts.why_refused(connection, intent)
            asks = not (refusal.stopped or refusal.left_out or refusal.for_now)
            seq = await accounts.wait_for_budget(connection, request.task_id, refusal) if asks else 0
        if seq:
            self._bus.wake(request.task_id, seq)
        if refusal.stopped:
            raise RootStopped(request.task_id)
        if refusal.left_out:
            raise SubtaskSkipped(request.path)
        if refusal.for_now:
            raise BudgetHeld(refusal.message, retry_after_s=min(30.0, float(activity.info().attempt)))
        raise BudgetReached(refusal.message)
