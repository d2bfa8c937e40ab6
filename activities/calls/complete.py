"""Model calls, the one hot path: ledger, rate limiter, provider and settlement, in this order, once.

A call takes two short transactions, one HTTP request and no other remote step. Running it twice is safe: the ledger
returns the result of a finished call, and an unfinished attempt is marked as in doubt and counted before the provider
is called again. The request and the effects of its answer differ by kind (`chat.py`, `media.py`).
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from temporalio import activity

from activities.calls.chains import Chain
from activities.calls.chat import Chat
from activities.calls.failures import SHORT_WAIT_S, Failures
from activities.calls.heartbeats import heartbeats
from activities.calls.kind import Kind, PartialAnswer, Place, ReadyCall
from activities.calls.media import Media
from activities.calls.refusals import reserve
from activities.calls.settle import Settlements
from activities.calls.shielded import shielded
from activities.calls.stops import Stops
from activities.calls.underway import Underway
from activities.prompts.conversation import SummaryNeeded
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import AWAY, Connection, Database
from chimera.failpoints import Failpoints
from chimera.ledger import attempts, calls, events, in_doubt
from chimera.ledger.spending import SpendingRules
from chimera.providers import Providers
from chimera.providers.health.accounts import ProviderHealth
from chimera.providers.health.circuit_breaker import Asker, asker_of
from chimera.providers.limits.limiter import ProviderLimits
from chimera.tools.catalog import Catalog
from models import activities as contract
from models.errors import (
    AnswerNotKept,
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
from models.ids import call_id_of
from models.model_calls import MEDIA, ModelCallOutcome, ModelCallRequest
from models.runs import STOPPED, RunStatus

log = structlog.get_logger()


class ModelCalls(contract.ModelCalls):
    """Implements `complete_model_call`. Each worker has one instance, with the worker's clients."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        bus: Bus,
        providers: Providers,
        limits: ProviderLimits,
        health: ProviderHealth,
        stops: Stops,
        catalog: Catalog,
        failpoints: Failpoints,
        worker_name: str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._bus = bus
        self._providers = providers
        self._limits = limits
        self._health = health
        self._stops = stops
        self._failpoints = failpoints
        self._spending = SpendingRules.of(settings)
        self._worker_name = worker_name
        self._prepared: set[tuple[str, str]] = set()
        self._underway = Underway[ModelCallRequest, ModelCallOutcome](self._report_alive)
        settlements = Settlements(database=database, bus=bus)
        self._failures = Failures(health, settlements)
        shared: dict[str, Any] = {
            "settings": settings,
            "providers": providers,
            "settlements": settlements,
            "worker_name": worker_name,
        }
        self._chat = Chat(bus=bus, catalog=catalog, **shared)
        self._media = Media(**shared)

    @activity.defn(name=contract.COMPLETE_MODEL_CALL)
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make the call at this place once, or return its earlier result.

        Raises BudgetReached or SpendingLimitReached if a limit rejects the call, RootStopped if the run was stopped,
        SubtaskSkipped if the run continues without the node, and a ProviderError if the provider failed. The error says
        whether it is retryable.
        """
        call_id = call_id_of(request.run_id, request.path, request.purpose, request.step)
        async with heartbeats():
            return await self._underway.join(call_id, request, lambda: self._make(request))

    def in_progress(self) -> int:
        """Return how many calls this worker is making."""
        return self._underway.number()

    async def close(self) -> None:
        """End the calls in flight, before the clients are closed."""
        await self._underway.close()

    async def _make(self, request: ModelCallRequest) -> ModelCallOutcome:
        kind: Kind[Any, Any, Any] = self._media if request.purpose in MEDIA else self._chat
        async with self._stops.watch(request.run_id), kind.room(request):
            try:
                ready = await self._intend(kind, request)
            except SummaryNeeded:
                return ModelCallOutcome(needs_summary=True)
            except (RateLimited, ProviderAway) as error:
                await self._report_wait(request, error)
                raise
            if isinstance(ready, ModelCallOutcome):
                return ready
            self._bus.wake(request.run_id, ready.seq)
            await self._failpoints.hit("before_provider")
            answer = PartialAnswer[Any]()
            end = await self._read(kind, ready, answer)
            await self._failpoints.hit("after_provider")
            # A paid answer is stored even if a cancellation arrives at this moment.
            outcome = await shielded(kind.settle(ready, answer.text, end))
            await self._failpoints.hit("before_complete")
            return outcome

    async def _read(self, kind: Kind[Any, Any, Any], ready: ReadyCall[Any], answer: PartialAnswer[Any]) -> Any:
        """Call the provider and read the answer to its end. Raises once the failure is recorded."""
        began_at = self._health.clock()
        try:
            end = await kind.ask(ready, answer)
        except ProviderError as error:
            spent = kind.spent(ready, answer.text, error)
            failure = await shielded(self._failures.judge(ready, spent, error, began_at))
            end = None if failure.raised.retryable else kind.cut_short(ready, answer, error)
            if end is None:
                await shielded(self._failures.write(ready, spent, failure))
                raise failure.raised from None
            return end
        except asyncio.CancelledError as error:
            spent, kept = kind.spent(ready, answer.text, error), kind.kept_of(ready, answer.text)
            await shielded(self._failures.note(ready, spent, error, kept))
            raise
        except Exception as error:  # noqa: BLE001
            # A failure on our side must not cause a second paid answer. The traceback isn't logged, because its frames
            # and message may contain the answer.
            log.error("answer_not_read", attempt=ready.intent.attempt, error=type(error).__name__)
            end = kind.broken(answer)
            if end is None:
                refusal = AnswerNotKept()
                await shielded(self._failures.end(ready, kind.spent(ready, "", refusal), refusal))
                raise refusal from None
            return end
        self._health.answered(ready.account)
        return end

    async def _report_alive(self, requests: Collection[ModelCallRequest]) -> None:
        async with self._database.statements() as connection:
            await attempts.report_alive(connection, requests, self._worker_name)

    async def _intend(self, kind: Kind[Any, Any, Any], request: ModelCallRequest) -> ReadyCall[Any] | ModelCallOutcome:
        async with self._database.statements() as connection:
            place = await self._look_at(connection, kind, request)
            if isinstance(place, ModelCallOutcome):
                return place
            if all(_loaded_for(request, model) in self._prepared for model in place.chain.left()):
                model, passed_over = await self._choose(kind, request, place.chain, place.asker)
                return await self._reserve(connection, kind, request, place, model, passed_over)
        # Without a connection: a fresh worker may need seconds to load an SDK.
        model, passed_over = await self._choose(kind, request, place.chain, place.asker)
        async with self._database.statements() as connection:
            return await self._reserve(connection, kind, request, place, model, passed_over)

    async def _look_at(
        self, connection: Connection, kind: Kind[Any, Any, Any], request: ModelCallRequest
    ) -> Place[Any] | ModelCallOutcome:
        """Read a call's state, or its earlier result."""
        context = await kind.context(connection, request)
        if context.run_status in STOPPED:
            raise RootStopped(request.run_id)
        if context.call_status == "started":
            await self._leave_to_the_living(connection, request, context.attempt)
            # Committed whatever follows: no other attempt will settle that one.
            async with connection.transaction():
                await in_doubt.mark(connection, request, context.attempt)
            context = await kind.context(connection, request)
        if context.call_status == "finished":
            log.info("model_call_replayed", step=request.step)
            return ModelCallOutcome.model_validate(context.outcome)
        if context.left_out:
            raise SubtaskSkipped(request.path)
        if context.run_status == RunStatus.PAUSED:
            raise TaskPaused(request.run_id)
        chain = kind.chain(request, context)
        if not chain.left():
            # The worker that made the last attempt died before it could report that no attempts are left.
            code, message = await calls.last_error(connection, request)
            raise chain.used_up(code, message)
        return Place(context, chain, asker_of(context.owner_id, request.run_id, request.path))

    async def _leave_to_the_living(self, connection: Connection, request: ModelCallRequest, attempt: int) -> None:
        """Raise StillUnderway while an earlier attempt may still return its answer.

        An attempt in this process would have been joined. Other processes report that their attempts are alive. If this
        process was just frozen, they may not have had time to report.
        """
        worker, is_alive = await attempts.seen(connection, request, attempt)
        if worker != self._worker_name and (is_alive or self._underway.thawed_lately()):
            raise StillUnderway

    async def _reserve(
        self,
        connection: Connection,
        kind: Kind[Any, Any, Any],
        request: ModelCallRequest,
        place: Place[Any],
        model: str,
        passed_over: Mapping[str, ChimeraError],
    ) -> ReadyCall[Any]:
        """Assemble the prompt and record the intent, if the account allows it."""
        provider_request, intent = await kind.provider_request(connection, request, place, model, passed_over)
        account = self._providers.account_of(model)
        # Before the reservation, so that a call without capacity doesn't reserve money.
        await self._limits.take(account, intent.reserve_tokens)
        # The provider may have asked for a pause while the prompt was assembled.
        self._health.check_wait(account)
        provider_request = await kind.load(connection, provider_request)
        seq = await reserve(connection, self._bus, intent, self._spending)
        return ReadyCall(intent, provider_request, account, place.asker, place.chain, seq)

    async def _prepare(self, kind: Kind[Any, Any, Any], request: ModelCallRequest, model: str) -> None:
        """Load the SDK and the price list in a new worker, before money is reserved and not just before the request.

        Raises a ProviderError if the SDK can't be loaded or its client can't be created.
        """
        if _loaded_for(request, model) not in self._prepared:
            await self._providers.of(model).connect()
            await kind.prepare(request, model)
            self._prepared.add(_loaded_for(request, model))

    async def _report_wait(self, request: ModelCallRequest, error: ProviderError) -> None:
        """Report once why a call has to wait for its provider, because no other event may follow for a long time."""
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
                seq = await events.append_once(connection, request.run_id, event, like=("purpose", "code"))
        except AWAY:
            return
        if seq is not None:
            self._bus.wake(request.run_id, seq)

    async def _choose(
        self, kind: Kind[Any, Any, Any], request: ModelCallRequest, chain: Chain, asker: Asker
    ) -> tuple[str, dict[str, ChimeraError]]:
        """Choose the first model of the chain that is available now; return also why others were skipped.

        A call waits for a provider that is unavailable or asks for a long pause only if no other model is left. If none
        is available, raises the error with the soonest retry.
        """
        passed_over: dict[str, ChimeraError] = {}
        for model in chain.left():
            try:
                self._providers.of(model)
                await self._health.admit(self._providers.account_of(model), asker)
                await self._prepare(kind, request, model)
            except (ProviderError, InvalidInput) as refusal:
                if isinstance(refusal, RateLimited) and (refusal.retry_after_s or 0.0) <= SHORT_WAIT_S:
                    raise
                passed_over[model] = refusal
            else:
                return model, passed_over
        raise min(passed_over.values(), key=lambda refusal: (not refusal.retryable, refusal.retry_after_s or 0.0))


def _loaded_for(request: ModelCallRequest, model: str) -> tuple[str, str]:
    """Return the key under which a model's SDK and prices are loaded. Prices of media models differ by operation."""
    return (request.purpose if request.purpose in MEDIA else "chat", model)
