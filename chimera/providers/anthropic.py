"""Anthropic: the Messages API, by way of the `anthropic` SDK.

The SDK would ask three times a call on its own and takes a stream that breaks off for a finished one: its retries are
off, and `anthropic_answers` judges the end. It is imported when the first call needs it, since that takes 2 s, and in a
thread, since a worker must keep up its heartbeats meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from chimera.providers.anthropic_answers import Answer
from chimera.providers.anthropic_errors import sort_error
from chimera.providers.anthropic_requests import PROVIDER, body_of, prefix_of
from chimera.providers.base import ChatEnd, ChatRequest, Provider, TextDelta
from chimera.providers.wire import Waits, headers_of, http_client
from chimera.settings import Settings
from models.errors import Malformed, MissingKey, ProviderError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

DEFAULT_BASE_URL = "https://api.anthropic.com"
MODELS_A_PAGE = 1000


def make(settings: Settings) -> Provider:
    """Raises `MissingKey`."""
    key = settings.anthropic_api_key.get_secret_value() if settings.anthropic_api_key else ""
    if not key:
        raise MissingKey(PROVIDER, "CHIMERA_ANTHROPIC_API_KEY")
    return Anthropic(
        base_url=settings.anthropic_base_url or DEFAULT_BASE_URL,
        api_key=key,
        first_byte_s=settings.call_first_byte_s,
        stall_s=settings.call_stall_s,
        max_answer_bytes=settings.max_answer_bytes,
    )


class Anthropic:
    """Making one opens nothing and imports nothing."""

    name = PROVIDER
    simulated = False

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        first_byte_s: float,
        stall_s: float,
        max_answer_bytes: int,
        trust_env: bool = True,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._waits = Waits(PROVIDER, first_byte_s, stall_s)
        self._max_answer_bytes = max_answer_bytes
        self._trust_env = trust_env
        self._client: AsyncAnthropic | None = None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Make one request and yield its text as it comes, then one `ChatEnd`.

        Reasoning is progress, though nothing of it is yielded; the API's pings are none. Leave the iterator with
        `contextlib.aclosing`, which closes the connection at once; so does a cancel.
        """
        client = await self._connected()
        body = body_of(request)
        answer = Answer(request.model, prefix_of(body), self._max_answer_bytes)
        deadline = self._waits.first_deadline()
        events = await self._opened(client, request, body, deadline)
        try:
            event = await self._next(events, request, deadline)
            while event is not None:
                text = answer.take(event)
                if text:
                    yield TextDelta(text)
                event = await self._next(events, request, None)
            end = answer.end(request.max_output_tokens)
        except ProviderError as error:
            error.may_be_billed = True
            raise
        finally:
            await events.close()
        yield end

    async def models(self) -> tuple[str, ...]:
        """List the models that can still be called, by name; see `Provider`."""
        client = await self._connected()
        try:
            async with asyncio.timeout(self._waits.first_byte_s):
                found = [model async for model in client.models.list(limit=MODELS_A_PAGE)]
                return tuple(sorted(model.id for model in found if getattr(model, "lifecycle", "") != "retired"))
        except Exception as error:  # noqa: BLE001  (as in `_opened`)
            raise self._sorted(error, "", begun=False) from None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _opened(
        self, client: "AsyncAnthropic", request: ChatRequest, body: dict[str, Any], deadline: float
    ) -> "AsyncStream[RawMessageStreamEvent]":
        try:
            async with asyncio.timeout_at(deadline):
                events: AsyncStream[RawMessageStreamEvent] = await client.messages.create(
                    **body, extra_headers=headers_of(request)
                )
        except Exception as error:  # noqa: BLE001  (whatever the SDK raises becomes one of our errors)
            raise self._sorted(error, request.model, begun=False) from None
        content_type = events.response.headers.get("content-type", "text/event-stream")
        if "event-stream" not in content_type:
            await events.close()
            raise Malformed(f"{PROVIDER} answered with {content_type[:60]!r}, not with a stream; check its address.")
        return events

    async def _next(
        self, events: "AsyncStream[RawMessageStreamEvent]", request: ChatRequest, first_deadline: float | None
    ) -> "RawMessageStreamEvent | None":
        try:
            return await self._waits.next(events, first_deadline)
        except Exception as error:  # noqa: BLE001  (as above)
            raise self._sorted(error, request.model, begun=first_deadline is None) from None

    def _sorted(self, error: Exception, model: str, *, begun: bool) -> ProviderError:
        if isinstance(error, TimeoutError):
            return self._waits.silence(begun=begun)
        return sort_error(error, model=model, secret=self._api_key, begun=begun)

    async def _connected(self) -> "AsyncAnthropic":
        if self._client is None:
            made = await asyncio.to_thread(self._make_client)
            if self._client is None:
                self._client = made
        return self._client

    def _make_client(self) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic
        from anthropic.resources import messages, models  # noqa: F401  (the SDK would import them in the first call)

        return AsyncAnthropic(
            base_url=self._base_url,
            api_key=self._api_key,
            max_retries=0,
            http_client=http_client(trust_env=self._trust_env),
        )
