"""An embedding, an image or a transcription: ledger, limiter, provider, settlement, in this order, once.

Safe to run twice: a finished call comes back from the ledger; an unfinished one is marked doubtful and counted before
its provider is asked again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from random import uniform

import psycopg
import structlog
from chimera.db.ai_call_attempts import Failure, Settlement, Standing
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.calls import media
from activities.calls.chains import FREE, PATIENT
from activities.calls.failures import FIRST_BACKOFF_S, LONGEST_BACKOFF_S
from activities.calls.heartbeats import heartbeats
from activities.calls.media import Answer, Asked
from activities.calls.settle import SETTLE_SECONDS
from activities.calls.shielded import shielded
from activities.calls.stops import Stops
from activities.calls.underway import Underway
from chimera.config.settings import Settings
from chimera.content.file_types import IMAGES
from chimera.db import ai_call_attempts as attempts
from chimera.db import ai_calls, files
from chimera.db.engine import AWAY, Database
from chimera.db.files import Content
from chimera.failpoints import Failpoints
from chimera.pricing import MediaPrice, media_cost_of, media_price_of
from chimera.providers import Providers, split_model
from chimera.providers.health.accounts import Standings
from chimera.providers.health.circuit_breaker import asker_of
from chimera.providers.limits.limiter import ProviderLimits
from models import activities as contract
from models.ai_calls import AiCallInput, AiCallOutcome, AiCallStatus, ImageView, MediaUsage, Operation
from models.errors import (
    AiCallFailed,
    AnswerNotKept,
    AttemptsUsedUp,
    CallCancelled,
    ChimeraError,
    NotFound,
    Overtaken,
    ProviderError,
    RateLimited,
    SameFailureAgain,
    StillUnderway,
    TookTooLong,
)
from models.ids import AiCallId, FileId, UserId
from models.users import Caller

log = structlog.get_logger()

RECORDINGS_HELD = 8
"""Recordings that a worker has in memory at once: 25 MiB each, and more than twice that while they are sent as base64.
A worker takes 200 calls, which would be all the memory of its machine."""
RECORDINGS_WAITING = 8
"""Calls that wait in a worker for a place for theirs. More would take the worker's places from all other calls."""
PLACE_WAIT_S = 20.0
"""An activity has 15 minutes, and a call up to 14 of them (CHIMERA_CALL_TOTAL_S), also one that waited."""
PLACE_RETURN_S = 5.0
"""After at least this, and at most three times as much, a call looks again that could not even wait."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A call whose intent is written."""

    standing: Standing
    asked: Asked
    attempt: int
    account: str
    price: MediaPrice
    estimate: MediaUsage


class AiCalls(contract.AiCalls):
    """Serves `make_ai_call`; one instance a worker, with the worker's clients."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        providers: Providers,
        limits: ProviderLimits,
        standings: Standings,
        stops: Stops[AiCallId],
        failpoints: Failpoints,
        worker_name: str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._providers = providers
        self._limits = limits
        self._standings = standings
        self._stops = stops
        self._failpoints = failpoints
        self._worker_name = worker_name
        self._recordings = asyncio.Semaphore(RECORDINGS_HELD)
        self._recordings_waiting = 0
        self._underway = Underway[AiCallId, AiCallOutcome](self._say_seen)

    @activity.defn(name=contract.MAKE_AI_CALL)
    async def make(self, call: AiCallInput) -> AiCallOutcome:
        """Make the call once, or return what it already gave.

        Raises CallCancelled when somebody cancelled it, and a ProviderError when its provider failed (retryable or
        not, as the error says).
        """
        async with heartbeats():
            return await self._underway.join(call.call_id, call.call_id, lambda: self._make(call))

    async def close(self) -> None:
        """End what is still under way, before the clients are closed."""
        await self._underway.close()

    async def _say_seen(self, call_ids: Collection[AiCallId]) -> None:
        async with self._database.begin() as session:
            await attempts.say_seen(session, call_ids, self._worker_name)

    async def _make(self, call: AiCallInput) -> AiCallOutcome:
        async with self._stops.watch(call.call_id), self._place(call.operation):
            ready = await self._intend(call)
            if isinstance(ready, AiCallOutcome):
                return ready
            return await self._carry_out(ready)

    @asynccontextmanager
    async def _place(self, operation: Operation) -> AsyncIterator[None]:
        """Wait until there is memory for one more recording. Raises RateLimited when that takes long, or many wait."""
        if operation is not Operation.TRANSCRIPTIONS:
            yield
            return
        if self._recordings.locked() and self._recordings_waiting >= RECORDINGS_WAITING:
            raise _busy()
        self._recordings_waiting += 1
        try:
            async with asyncio.timeout(PLACE_WAIT_S):
                await self._recordings.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._recordings_waiting -= 1
        try:
            yield
        finally:
            self._recordings.release()

    async def _carry_out(self, ready: _Ready) -> AiCallOutcome:
        await self._failpoints.hit("before_provider")
        began_at = self._standings.clock()
        try:
            answer = await self._ask(ready)
        except ProviderError as error:
            raise await shielded(self._fail(ready, error, began_at)) from None
        except asyncio.CancelledError:
            # It was on its way, so it may be billed.
            await shielded(self._write_failure(ready, "cancelled", "Cut.", cost=self._may_cost(ready)))
            raise
        except Exception as error:
            # What breaks on our side must not buy a second answer.
            raise await shielded(self._unkept(ready, self._may_cost(ready), error)) from error
        self._standings.answered(ready.account)
        await self._failpoints.hit("after_provider")
        # A paid answer is kept, also when a cancel arrives just now.
        outcome = await shielded(self._settle(ready, answer))
        await self._failpoints.hit("before_complete")
        return outcome

    async def _intend(self, call: AiCallInput) -> _Ready | AiCallOutcome:
        try:
            return await self._intend_or_refuse(call)
        except CallCancelled:
            raise
        except ChimeraError as error:
            if not error.retryable:
                # Nobody will come back to it.
                async with self._database.begin() as session:
                    await ai_calls.close(session, call.call_id, error.code, error.message)
            raise

    async def _intend_or_refuse(self, call: AiCallInput) -> _Ready | AiCallOutcome:
        async with self._database.begin() as session:
            standing = await attempts.read(session, call.call_id)
            if standing.status is AiCallStatus.STARTED:
                # One of this process would have been joined.
                if standing.worker != self._worker_name and (standing.is_alive or self._underway.thawed_lately()):
                    raise StillUnderway
                # Committed whatever follows: nobody else will come back to that attempt.
                await attempts.mark_doubtful(session, standing)
                standing = await attempts.read(session, call.call_id)
        if standing.status is AiCallStatus.FINISHED:
            log.info("ai_call_replayed")
            return _outcome_of(standing)
        if standing.status is AiCallStatus.CANCELLED:
            raise CallCancelled(call.call_id)
        if standing.status is AiCallStatus.FAILED:
            raise AiCallFailed(call.call_id, standing.error_code or "", standing.error or "")
        if standing.failures >= self._settings.call_max_attempts:
            raise AttemptsUsedUp("", standing.failures, standing.error_code or "", standing.error or "", look_at="")
        # Loads an SDK the first time: no attempt is begun, and may become doubtful, before that is done.
        await self._providers.of(standing.model).connect()
        account = self._providers.account_of(standing.model)
        price = await asyncio.to_thread(media_price_of, standing.model, standing.operation, self._settings.own_prices)
        asked = await self._asked(standing)
        estimate = media.estimate_of(asked)
        await self._standings.admit(account, asker_of(standing.owner_id, standing.id))
        await self._limits.take(account, estimate.input_tokens + estimate.output_tokens)
        self._standings.check_wait(account)
        # Only now: what may be refused a hundred times isn't read a hundred times. And before an attempt is begun.
        asked = await self._with_sound(asked)
        async with self._database.begin() as session:
            attempt = await attempts.begin(
                session, standing, worker=self._worker_name, may_cost_micro_usd=media_cost_of(estimate, price)
            )
        return _Ready(standing, asked, attempt, account, price, estimate)

    async def _asked(self, standing: Standing) -> Asked:
        _, model = split_model(standing.model)
        asked = Asked(standing.id, standing.operation, model, standing.request)
        if standing.operation is not Operation.TRANSCRIPTIONS:
            return asked
        owner = Caller(user_id=standing.owner_id, role="user")
        async with self._database.begin() as session:
            view = await files.view(session, owner, FileId(standing.request["file_id"]))
        return replace(asked, size_bytes=view.size_bytes, media_type=view.media_type)

    async def _with_sound(self, asked: Asked) -> Asked:
        if asked.operation is not Operation.TRANSCRIPTIONS:
            return asked
        file_id = FileId(asked.request["file_id"])
        async with self._database.begin() as session:
            sound = await files.content(session, file_id)
        if len(sound) != asked.size_bytes:
            # Deleted since its row was read: nobody is to be paid for hearing an empty recording.
            raise NotFound("file", file_id)
        return replace(asked, sound=sound)

    async def _ask(self, ready: _Ready) -> Answer:
        limit = self._settings.call_total_s
        try:
            async with asyncio.timeout(limit):
                return await media.ask(self._providers.of(ready.standing.model), ready.asked, ready.attempt)
        except TimeoutError as error:
            raise TookTooLong(
                f"The call took longer than {limit:g} s; CHIMERA_CALL_TOTAL_S raises that.", may_be_billed=True
            ) from error

    async def _settle(self, ready: _Ready, answer: Answer) -> AiCallOutcome:
        """Keep a paid answer: from here on nothing may raise but a database that stays away."""
        settlement = _settlement_of(ready, answer)
        try:
            # In a thread: together they may be as large as CHIMERA_MAX_MEDIA_BYTES.
            pictures = [await asyncio.to_thread(files.measured, BytesIO(image.data)) for image in answer.images]
        except Exception as error:
            raise await self._unkept(ready, settlement.cost_micro_usd, error) from error
        give_up = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                async with self._database.begin() as session:
                    is_kept = await self._settle_once(session, ready, answer, settlement, pictures)
                if not is_kept:
                    raise Overtaken(settlement.attempt)
                return AiCallOutcome(items=answer.items, cost_micro_usd=settlement.cost_micro_usd)
            except Overtaken:
                raise
            except Exception as error:
                if not _is_away(error):
                    raise await self._unkept(ready, settlement.cost_micro_usd, error) from error
                if time.monotonic() > give_up:
                    raise
                log.warning("settle_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _settle_once(
        self, session: AsyncSession, ready: _Ready, answer: Answer, settlement: Settlement, pictures: Sequence[Content]
    ) -> bool:
        """Keep the answer; return whether it is kept, or only its cost booked: another attempt has the call."""
        claim = await attempts.claim(session, settlement.call_id, settlement.attempt)
        if claim == "settled":
            log.info("settled_before", attempt=settlement.attempt)
            return True
        if claim == "late":
            log.warning("late_attempt_booked", attempt=settlement.attempt)
            await attempts.book_late(session, settlement)
            return False
        result = dict(answer.result)
        if pictures:
            result["images"] = await self._kept(session, ready.standing, answer, pictures)
        vectors = answer.vectors.data if answer.vectors else None
        await attempts.settle(session, settlement, result=result, vectors=vectors)
        return True

    async def _unkept(self, ready: _Ready, cost_micro_usd: int, error: Exception) -> AiCallFailed:
        """End a call whose answer our side can't read or keep: the next one is paid for, too, and no more kept."""
        # Its kind and not its message: PostgreSQL quotes there what it refuses.
        log.error("answer_not_kept", error=type(_cause_of(error)).__name__)
        refusal = AnswerNotKept()
        await self._write_failure(ready, refusal.code, refusal.message, cost=cost_micro_usd, is_final=True)
        return AiCallFailed(ready.standing.id, refusal.code, refusal.message)

    async def _kept(
        self, session: AsyncSession, standing: Standing, answer: Answer, pictures: Sequence[Content]
    ) -> list[dict[str, object]]:
        """Make files of the pictures, in the transaction that settles what they cost."""
        simulated = self._providers.of(standing.model).simulated
        views: list[dict[str, object]] = []
        for number, content in enumerate(pictures):
            name = f"image-{standing.id[:8]}-{number + 1}.{IMAGES[content.media_type]}"
            file = await files.create(session, UserId(standing.owner_id), name, content, simulated=simulated)
            view = ImageView(
                file_id=file.id,
                url=f"/api/v1/files/{file.id}/content",
                media_type=file.media_type,
                size_bytes=file.size_bytes,
                revised_prompt=answer.revised_prompts[number] if answer.revised_prompts else None,
            )
            views.append(view.model_dump())
        return views

    async def _fail(self, ready: _Ready, error: ProviderError, began_at: float) -> ProviderError:
        """Note a failure where it counts; return the error to go on with."""
        asker = asker_of(ready.standing.owner_id, ready.standing.id)
        error = await self._standings.failed(ready.account, asker, error, began_at=began_at)
        if isinstance(error, PATIENT):
            # Such attempts don't count against the call, so it has to become patient by itself.
            backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(10, ready.attempt - 1))
            error.retry_after_s = max(error.retry_after_s or 0.0, backoff_s)
        counts = error.code not in FREE or error.may_be_billed
        failures = ready.standing.failures + int(counts)
        is_again = error.may_be_billed and (error.code, error.message[:500]) == (
            ready.standing.error_code,
            ready.standing.error,
        )
        is_final = not error.retryable or is_again or failures >= self._settings.call_max_attempts
        cost = self._may_cost(ready) if error.may_be_billed else 0
        raised = error
        if is_final and error.retryable:
            raised = (SameFailureAgain if is_again else AttemptsUsedUp)(
                "", failures, error.code, error.message, look_at=""
            )
        await self._write_failure(ready, raised.code, raised.message, cost=cost, counts=counts, is_final=is_final)
        return raised

    async def _write_failure(
        self, ready: _Ready, code: str, message: str, *, cost: int, counts: bool = False, is_final: bool = False
    ) -> None:
        """Note how an attempt failed. When the database is away too, the next attempt finds it unfinished: doubtful."""
        failure = Failure(
            call_id=ready.standing.id,
            attempt=ready.attempt,
            code=code,
            message=message,
            cost_micro_usd=cost,
            counts=counts,
            is_final=is_final,
        )
        try:
            async with self._database.begin() as session:
                await attempts.fail(session, failure)
        except (SQLAlchemyError, OSError):
            log.warning("failure_not_written", code=code)

    def _may_cost(self, ready: _Ready) -> int:
        return media_cost_of(ready.estimate, ready.price)


def _busy() -> RateLimited:
    return RateLimited(
        f"This worker is busy with {RECORDINGS_HELD} recordings.",
        retry_after_s=uniform(PLACE_RETURN_S, 3 * PLACE_RETURN_S),  # noqa: S311  (against bursts, not secret)
    )


def _settlement_of(ready: _Ready, answer: Answer) -> Settlement:
    usage, estimated = media.charged(answer.usage, ready.estimate, ready.price)
    return Settlement(
        call_id=ready.standing.id,
        attempt=ready.attempt,
        usage=usage,
        cost_micro_usd=media_cost_of(usage, ready.price),
        estimated=estimated,
        request_id=answer.request_id,
    )


def _is_away(error: Exception) -> bool:
    """Say whether the database is away, restarts, fails over or has no connection left: worth another try.

    Anything else it says, such as that a value is out of range, it would say again.
    """
    return isinstance(_cause_of(error), (*AWAY, psycopg.InterfaceError, PoolTimeout))


def _cause_of(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _outcome_of(standing: Standing) -> AiCallOutcome:
    result = standing.result or {}
    items = result.get("count") or len(result.get("images") or result.get("text") or "")
    return AiCallOutcome(items=items, cost_micro_usd=standing.cost_micro_usd)
