"""The chat-completions wire, which OpenAI, most local servers and the simulator speak, by way of the `openai` SDK.

The SDK would ask three times a call on its own and takes a stream that breaks off for a finished one: its retries are
off, and `chat_answers` judges the end. It is imported when the first call needs it, since that takes 1.5 s, and in a
thread, since a worker must keep up its heartbeats meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta
from chimera.providers.chat_answers import Answer
from chimera.providers.chat_errors import sort_error
from chimera.providers.chat_requests import LimitField, body_of
from chimera.providers.wire import Waits, headers_of, http_client
from models.errors import Malformed, ProviderError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk


class ChatCompletions:
    """A provider that speaks chat completions. Making one opens nothing and imports nothing."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        api_key: str,
        first_byte_s: float,
        stall_s: float,
        max_answer_bytes: int,
        simulated: bool = False,
        limit_field: LimitField = "max_tokens",
        trust_env: bool = True,
    ) -> None:
        self.name = name
        self.simulated = simulated
        self._base_url = base_url
        self._api_key = api_key
        self._waits = Waits(name, first_byte_s, stall_s)
        self._max_answer_bytes = max_answer_bytes
        self._limit_field = limit_field
        self._trust_env = trust_env
        self._client: AsyncOpenAI | None = None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Make one request and yield its text as it comes, then one `ChatEnd`.

        Keep-alive comments are no progress: `stall_s` is the longest wait for the next chunk. Leave the iterator with
        `contextlib.aclosing`, which closes the connection at once; so does a cancel.
        """
        answer = Answer(self.name, self._max_answer_bytes)
        client = await self._connected()
        deadline = self._waits.first_deadline()
        chunks = await self._opened(client, request, deadline)
        try:
            chunk = await self._next(chunks, request, deadline)
            while chunk is not None:
                text = answer.take(chunk)
                if text:
                    yield TextDelta(text)
                chunk = await self._next(chunks, request, None)
            end = answer.end(request.max_output_tokens)
        except ProviderError as error:
            error.may_be_billed = True
            raise
        finally:
            await chunks.close()
        yield end

    async def models(self) -> tuple[str, ...]:
        """List the models that the server offers, by name; see `Provider`."""
        client = await self._connected()
        try:
            async with asyncio.timeout(self._waits.first_byte_s):
                return tuple(sorted([model.id async for model in client.models.list()]))
        except Exception as error:  # noqa: BLE001  (as in `_opened`)
            raise self._sorted(error, "", begun=False) from None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _opened(
        self, client: "AsyncOpenAI", request: ChatRequest, deadline: float
    ) -> "AsyncStream[ChatCompletionChunk]":
        try:
            async with asyncio.timeout_at(deadline):
                chunks: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(
                    **body_of(request, self._limit_field), extra_headers=headers_of(request)
                )
        except Exception as error:  # noqa: BLE001  (whatever the SDK raises becomes one of our errors)
            raise self._sorted(error, request.model, begun=False) from None
        content_type = chunks.response.headers.get("content-type", "text/event-stream")
        if "event-stream" not in content_type:
            await chunks.close()
            raise Malformed(f"{self.name} answered with {content_type[:60]!r}, not with a stream; check its address.")
        return chunks

    async def _next(
        self, chunks: "AsyncStream[ChatCompletionChunk]", request: ChatRequest, first_deadline: float | None
    ) -> "ChatCompletionChunk | None":
        try:
            return await self._waits.next(chunks, first_deadline)
        except Exception as error:  # noqa: BLE001  (as above)
            raise self._sorted(error, request.model, begun=first_deadline is None) from None

    def _sorted(self, error: Exception, model: str, *, begun: bool) -> ProviderError:
        if isinstance(error, TimeoutError):
            return self._waits.silence(begun=begun)
        return sort_error(error, provider=self.name, model=model, secret=self._api_key, begun=begun)

    async def _connected(self) -> "AsyncOpenAI":
        if self._client is None:
            made = await asyncio.to_thread(self._make_client)
            if self._client is None:
                self._client = made
        return self._client

    def _make_client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI
        from openai.resources.chat import completions  # noqa: F401  (the SDK would import it in the first call)

        return AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key,
            max_retries=0,
            http_client=http_client(trust_env=self._trust_env),
        )
