"""Anthropic's Messages API, through the `anthropic` SDK.

The SDK would make up to three requests per call, and treats a broken stream as a finished one. So its retries are
switched off, and `wire/pieces.py` and `answers.py` read its responses.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from chimera.providers.anthropic.answers import AnthropicAnswer
from chimera.providers.anthropic.errors import sort_error
from chimera.providers.anthropic.requests import PROVIDER, body_of, prefix_of, supports_schema
from chimera.providers.base import ChatEnd, ChatRequest, Limits, TextDelta
from chimera.providers.refusals.fields import SCHEMA, RefusedFields, in_words
from chimera.providers.wire.headers import check as check_headers
from chimera.providers.wire.http import Waits, http_client
from chimera.providers.wire.pieces import Pieces
from chimera.providers.wire.streams import Lazy, opened, read, sorting
from models.errors import ProviderError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

MODELS_A_PAGE = 1000


class Anthropic:
    """Claude models. The constructor doesn't connect or import anything."""

    name = PROVIDER
    simulated = False

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        limits: Limits,
        trust_env: bool = True,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._waits = Waits(PROVIDER, limits.first_byte_s, limits.stall_s)
        self._limits = limits
        self._trust_env = trust_env
        self._client = Lazy(self._make_client)
        self._refused = RefusedFields({SCHEMA})

    async def connect(self) -> None:
        await self._client.get()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Make one request and yield the answer's text as it arrives, then one `ChatEnd`.

        Reasoning counts as progress, although it isn't yielded; the API's pings don't. Use the iterator inside
        `contextlib.aclosing`, which closes the connection at once, as does a cancellation.
        """
        client = await self._client.get()
        deadline, sort = self._waits.first_deadline(), partial(self._sorted, request.model)
        prefix = ""

        async def send(body: dict[str, Any], headers: dict[str, str]) -> "AsyncStream[RawMessageStreamEvent]":
            nonlocal prefix
            prefix = prefix_of(body)
            stream: AsyncStream[RawMessageStreamEvent] = await client.messages.create(**body, extra_headers=headers)
            return stream

        # A schema that Claude doesn't support is written into the prompt.
        shaped = request if supports_schema(request) else in_words(request)
        asking = self._refused.ask(shaped, body_of, send)
        events = await opened(asking, self._waits, sort, deadline=deadline)
        offered = request.tools if request.tool_choice != "none" else ()
        answer = AnthropicAnswer(request.model, prefix, self._limits.max_answer_bytes, offered)
        pieces = Pieces(events.response, self._limits.max_answer_bytes)
        reading = read(pieces, answer, request, self._waits, sort, deadline=deadline, close=events.close)
        async with aclosing(reading):
            async for item in reading:
                yield item

    async def models(self) -> tuple[str, ...]:
        """List the models that can still be called, by name; see `Provider`."""
        client = await self._client.get()
        async with sorting(self._waits, partial(self._sorted, ""), deadline=self._waits.first_deadline()):
            found = [model async for model in client.models.list(limit=MODELS_A_PAGE)]
            return tuple(sorted(model.id for model in found if getattr(model, "lifecycle", "") != "retired"))

    async def close(self) -> None:
        if self._client.made is not None:
            await self._client.made.close()

    def _sorted(self, model: str, error: Exception, begun: bool) -> ProviderError:
        return sort_error(error, model=model, secret=self._api_key, begun=begun)

    def _make_client(self) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic

        client = AsyncAnthropic(
            base_url=self._base_url,
            api_key=self._api_key,
            max_retries=0,
            http_client=http_client(self._base_url, trust_env=self._trust_env),
        )
        # This SDK sends its headers as UTF-8.
        check_headers(self.name, client.default_headers, "ANTHROPIC_CUSTOM_HEADERS", as_utf8=True)
        # Otherwise, the SDK would import these modules during the first call.
        _ = client.messages, client.models
        return client
