"""Media calls: the model calls of AI calls, which are embeddings, images and transcriptions."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from random import uniform
from uuid import uuid4

import structlog

from activities.calls import media_requests
from activities.calls.chains import Chain
from activities.calls.kind import Kind, PartialAnswer, Place, ReadyCall, Spent
from activities.calls.media_requests import MediaEnd, MediaRequest
from activities.calls.settle import Settlements
from chimera.config.settings import Settings
from chimera.content.file_types import IMAGES
from chimera.content.files import measured
from chimera.db.engine import AWAY, Connection
from chimera.ledger import ai_calls, input_files
from chimera.ledger.ai_calls import AiCallContext, NewFile
from chimera.ledger.calls import Intent
from chimera.ledger.plans import PlanRoom
from chimera.ledger.settlements import AiCallAnswer, Settlement
from chimera.pricing import MediaPrice, media_cost_of, media_price_of
from chimera.providers import Providers, split_model
from models.ai_calls import ImageView, MediaUsage, Operation
from models.errors import AnswerNotKept, ChimeraError, NotFound, ProviderError, RateLimited, TookTooLong
from models.events import ModelCallFinished, ModelCallStarted, RunCompleted
from models.ids import FileId, UserId, call_id_of
from models.model_calls import PLACE_SECONDS, ModelCallOutcome, ModelCallRequest, Purpose
from models.usage import Usage

log = structlog.get_logger()

RECORDINGS_HELD = 8
"""Maximum number of recordings in a worker's memory: 25 MiB each, and more than twice that while they are sent as
base64. A worker runs up to 200 calls, whose recordings would fill the memory of its machine.
"""
RECORDINGS_WAITING = 8
"""Maximum number of calls that wait for memory in a worker. More would occupy places that all other calls need."""
PLACE_RETURN_S = 5.0
"""A call that couldn't wait is retried after at least this time, and at most three times this time."""


@dataclass(frozen=True, slots=True)
class PricedRequest:
    """A media request with its owner, its price and its estimated maximum usage."""

    owner_id: UserId
    asked: MediaRequest
    price: MediaPrice
    estimate: MediaUsage


class Media(Kind[AiCallContext, PricedRequest, MediaEnd]):
    """Makes the model calls of AI calls. Each worker has one instance."""

    def __init__(self, *, settings: Settings, providers: Providers, settlements: Settlements, worker_name: str) -> None:
        self._settings = settings
        self._providers = providers
        self._settlements = settlements
        self._worker_name = worker_name
        self._recordings = asyncio.Semaphore(RECORDINGS_HELD)
        self._recordings_waiting = 0

    async def context(self, connection: Connection, request: ModelCallRequest) -> AiCallContext:
        return await ai_calls.read_context(connection, request)

    def chain(self, request: ModelCallRequest, context: AiCallContext) -> Chain:
        return Chain((context.model,), context.failures, 0, self._settings.call_max_attempts)

    async def prepare(self, request: ModelCallRequest, model: str) -> None:
        await asyncio.to_thread(self._price_of, request, model)

    async def provider_request(
        self,
        connection: Connection,
        request: ModelCallRequest,
        place: Place[AiCallContext],
        model: str,
        passed_over: Mapping[str, ChimeraError],
    ) -> tuple[PricedRequest, Intent]:
        context = place.context
        asked = _asked_of(request, context, model)
        estimate, price = media_requests.estimate_of(asked), self._price_of(request, model)
        simulated = self._providers.of(model).simulated
        begun = ModelCallStarted(
            path=request.path,
            step=request.step,
            attempt=context.attempt + 1,
            purpose=request.purpose,
            agent=request.agent,
            model=model,
            simulated=simulated,
        )
        intent = Intent(
            request=request,
            attempt=context.attempt + 1,
            model=model,
            simulated=simulated,
            worker=self._worker_name,
            reserve_micro_usd=media_cost_of(estimate, price),
            reserve_tokens=estimate.input_tokens + estimate.output_tokens,
            events=(begun,),
        )
        return PricedRequest(context.owner_id, asked, price, estimate), intent

    async def load(self, connection: Connection, provider_request: PricedRequest) -> PricedRequest:
        """Read the recording only now, so that a call that is rejected many times doesn't read it many times."""
        if provider_request.asked.operation is not Operation.TRANSCRIPTIONS:
            return provider_request
        file_id = FileId(provider_request.asked.request["file_id"])
        found = await input_files.read(connection, provider_request.owner_id, [file_id])
        if not found or len(found[0].data) != provider_request.asked.size_bytes:
            # The file was deleted after its row was read. A request with an empty recording would be useless.
            raise NotFound("file", file_id)
        return replace(provider_request, asked=replace(provider_request.asked, audio=found[0].data))

    @asynccontextmanager
    async def room(self, request: ModelCallRequest) -> AsyncIterator[None]:
        """Wait for memory for one more recording. Raises RateLimited if that takes long, or if many calls wait."""
        if request.purpose is not Purpose.TRANSCRIPTIONS:
            yield
            return
        if self._recordings.locked() and self._recordings_waiting >= RECORDINGS_WAITING:
            raise _busy()
        self._recordings_waiting += 1
        try:
            async with asyncio.timeout(PLACE_SECONDS):
                await self._recordings.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._recordings_waiting -= 1
        try:
            yield
        finally:
            self._recordings.release()

    async def ask(self, ready: ReadyCall[PricedRequest], answer: PartialAnswer[MediaEnd]) -> MediaEnd:
        limit = self._settings.call_total_s
        provider = self._providers.of(ready.intent.model)
        try:
            async with asyncio.timeout(limit):
                return await media_requests.ask(provider, ready.provider_request.asked, ready.intent.attempt)
        except TimeoutError as error:
            raise TookTooLong(
                f"The call took longer than {limit:g} s. To allow more time, raise CHIMERA_CALL_TOTAL_S.",
                may_be_billed=True,
            ) from error

    def spent(self, ready: ReadyCall[PricedRequest], text: str, error: BaseException) -> Spent:
        """Return the estimated maximum; nothing if the provider rejected the request at once.

        Unlike a streamed answer, the answer of a media call has no parts that could be counted.
        """
        if isinstance(error, ProviderError) and not error.may_be_billed:
            return Spent(Usage(), 0)
        estimate = ready.provider_request.estimate
        return Spent(_tokens_of(estimate), media_cost_of(estimate, ready.provider_request.price))

    async def settle(self, ready: ReadyCall[PricedRequest], text: str, end: MediaEnd) -> ModelCallOutcome:
        """Store a paid answer. If it can't be stored, the call ends, because the next answer would be paid for and lost
        too.
        """
        usage, estimated = media_requests.charged(
            end.usage, ready.provider_request.estimate, ready.provider_request.price
        )
        cost = media_cost_of(usage, ready.provider_request.price)
        try:
            files = await asyncio.to_thread(_files_of, ready, end)
            settled = partial(_settlement_of, ready, end, usage, cost, estimated, files)
            return await self._settlements.settle(ready.intent, settled)
        except (ChimeraError, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001  (in any case the answer is paid)
            # Log the type and not the message: PostgreSQL's message quotes the rejected value.
            log.error("answer_not_kept", error=type(error).__name__)
        refusal = AnswerNotKept()
        await self._settlements.end(ready.intent, Spent(_tokens_of(usage), cost, estimated), refusal)
        raise refusal

    def _price_of(self, request: ModelCallRequest, model: str) -> MediaPrice:
        return media_price_of(model, Operation(request.purpose.value), self._settings.own_prices)


def _asked_of(request: ModelCallRequest, context: AiCallContext, model: str) -> MediaRequest:
    """Return the media request of a call. Raises NotFound if its recording was deleted."""
    asked = MediaRequest(
        call_id=call_id_of(request.run_id, request.path, request.purpose, request.step),
        operation=Operation(request.purpose.value),
        model=split_model(model)[1],
        request=context.request,
    )
    if request.purpose is not Purpose.TRANSCRIPTIONS:
        return asked
    if context.size_bytes is None or context.media_type is None:
        raise NotFound("file", context.request["file_id"])
    return replace(asked, size_bytes=context.size_bytes, media_type=context.media_type)


def _files_of(ready: ReadyCall[PricedRequest], end: MediaEnd) -> tuple[NewFile, ...]:
    """Measure generated images and return them as files.

    Call this in a thread, because together they may be as large as CHIMERA_MAX_MEDIA_BYTES.
    """
    contents = [measured(BytesIO(image.data)) for image in end.images]
    run_id = ready.intent.request.run_id
    return tuple(
        NewFile(
            id=FileId(str(uuid4())),
            owner_id=ready.provider_request.owner_id,
            name=f"image-{run_id[:8]}-{number}.{IMAGES[content.media_type]}",
            content=content,
            simulated=ready.intent.simulated,
        )
        for number, content in enumerate(contents, start=1)
    )


def _settlement_of(
    ready: ReadyCall[PricedRequest],
    end: MediaEnd,
    usage: MediaUsage,
    cost: int,
    estimated: bool,
    files: tuple[NewFile, ...],
    *,
    task_ends: bool = False,
    unseen: bool | None = None,
    plan_room: PlanRoom | None = None,
) -> Settlement:
    """Determine all effects of an answer. Nothing else in its run could have changed them."""
    request, tokens = ready.intent.request, _tokens_of(usage)
    finished = ModelCallFinished(
        path=request.path,
        step=request.step,
        attempt=ready.intent.attempt,
        purpose=request.purpose,
        preview="",
        tool_calls=(),
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cost_micro_usd=cost,
        estimated=estimated,
        finish_reason="stop",
    )
    completed = RunCompleted(preview="", simulated=ready.intent.simulated, finish_reason="stop")
    return Settlement(
        intent=ready.intent,
        usage=tokens,
        estimated=estimated,
        cost_micro_usd=cost,
        outcome=ModelCallOutcome(
            input_tokens=tokens.input_tokens, output_tokens=tokens.output_tokens, cost_micro_usd=cost
        ),
        request_id=end.request_id,
        messages=(),
        events=(finished, completed) if task_ends else (finished,),
        ends_run=task_ends,
        ai_call=AiCallAnswer(
            result={**end.result, **_images_of(end, files)},
            usage=usage.model_dump(exclude_defaults=True),
            vectors=end.vectors.data if end.vectors else None,
        ),
        files=files,
    )


def _images_of(end: MediaEnd, files: tuple[NewFile, ...]) -> dict[str, object]:
    views = [
        ImageView(
            file_id=file.id,
            url=f"/api/v1/files/{file.id}/content",
            media_type=file.content.media_type,
            size_bytes=file.content.size_bytes,
            revised_prompt=end.revised_prompts[number] if end.revised_prompts else None,
        ).model_dump()
        for number, file in enumerate(files)
    ]
    return {"images": views} if views else {}


def _tokens_of(usage: MediaUsage) -> Usage:
    return Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)


def _busy() -> RateLimited:
    return RateLimited(
        f"This worker is already processing {RECORDINGS_HELD} recordings.",
        retry_after_s=uniform(PLACE_RETURN_S, 3 * PLACE_RETURN_S),  # noqa: S311  (against bursts, not secret)
    )
