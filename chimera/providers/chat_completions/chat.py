"""The chat-completions API of OpenAI, most local servers and the simulator, through the `openai` SDK.

The SDK would make up to three requests per call, and its stream reader understands only OpenAI's own servers. So its
retries are switched off, and `wire/pieces.py` and `answers.py` read its responses.
"""

import importlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from chimera.providers.base import ChatEnd, ChatRequest, Limits, TextDelta
from chimera.providers.chat_completions.answers import ChatCompletionsAnswer
from chimera.providers.chat_completions.errors import sort_error
from chimera.providers.chat_completions.requests import LimitField, body_of
from chimera.providers.refusals.fields import RefusedFields, in_words_with_tools
from chimera.providers.wire.headers import check as check_headers
from chimera.providers.wire.http import Waits, http_client
from chimera.providers.wire.pieces import Pieces
from chimera.providers.wire.streams import Lazy, opened, read, sorting
from chimera.providers.wire.values import names_in
from models.errors import Malformed, ProviderError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk


NO_KEY = "none"
"""The SDK requires a key; most self-hosted servers ignore it."""


class Options(TypedDict):
    """A server's address, and how it differs from others."""

    name: str
    base_url: str
    api_key: str
    """May be empty."""
    limits: Limits
    simulated: NotRequired[bool]
    limit_field: NotRequired[LimitField]
    """Default: max_tokens, which most servers understand."""
    obeys_tool_choice: NotRequired[bool]
    schema_with_tools: NotRequired[bool]
    """Whether a model that may call tools can also be given the answer's schema. Default: no."""
    trust_env: NotRequired[bool]


class ChatCompletions:
    """A provider with the chat-completions API. The constructor doesn't connect or import anything."""

    def __init__(self, **options: Unpack[Options]) -> None:
        self.name = options["name"]
        self.simulated = options.get("simulated", False)
        self._base_url = options["base_url"]
        self._api_key = options["api_key"]
        self._limits = options["limits"]
        self._waits = Waits(self.name, self._limits.first_byte_s, self._limits.stall_s)
        self._limit_field: LimitField = options.get("limit_field", "max_tokens")
        self._obeys_tool_choice = options.get("obeys_tool_choice", True)
        self._schema_with_tools = options.get("schema_with_tools", False)
        self._trust_env = options.get("trust_env", True)
        self._client = Lazy(self._make_client)
        self._refused = RefusedFields()

    async def connect(self) -> None:
        await self._client.get()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Make one request and yield the answer's text as it arrives, then one `ChatEnd`.

        If the server rejects a field, the request is repeated without it (`refusals/fields.py`). Keep-alive comments
        don't count as progress: `stall_s` is the longest wait for the next chunk. Use the iterator inside
        `contextlib.aclosing`, which closes the connection at once, as does a cancellation.
        """
        client = await self._client.get()
        deadline, sort = self._waits.first_deadline(), partial(self._sorted, request.model)
        shaped = request if self._schema_with_tools else in_words_with_tools(request)
        asking = self._refused.ask(shaped, self._body_of, partial(ask, client))
        events = await opened(asking, self._waits, sort, deadline=deadline)
        pieces = Pieces(events.response, self._limits.max_answer_bytes)
        answer = ChatCompletionsAnswer(self.name, self._limits.max_answer_bytes, request)
        reading = read(pieces, answer, request, self._waits, sort, deadline=deadline, close=events.close)
        async with aclosing(reading):
            async for item in reading:
                yield item

    async def models(self) -> tuple[str, ...]:
        """List the models that the server offers, by name; see `Provider`."""
        client = await self._client.get()
        async with sorting(self._waits, partial(self._sorted, ""), deadline=self._waits.first_deadline()):
            names = names_in(await client.get("/models", cast_to=object))
            if names is None:
                raise Malformed(f"{self.name} didn't send a list of models. Check its address.")
            return names

    async def close(self) -> None:
        if self._client.made is not None:
            await self._client.made.close()

    def _body_of(self, request: ChatRequest) -> dict[str, Any]:
        return body_of(request, self._limit_field, obeys_tool_choice=self._obeys_tool_choice)

    def _sorted(self, model: str, error: Exception, begun: bool) -> ProviderError:
        return sort_error(
            error, provider=self.name, model=model, secret="" if self.simulated else self._api_key, begun=begun
        )

    def _make_client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI

        client = AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or NO_KEY,
            max_retries=0,
            http_client=http_client(self._base_url, trust_env=self._trust_env),
        )
        check_headers(self.name, client.default_headers, "OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS")
        # Otherwise, these modules would be loaded during the first call.
        importlib.import_module("openai.types.chat")
        _ = client.models
        return client


async def ask(
    client: "AsyncOpenAI", body: dict[str, Any], headers: dict[str, str]
) -> "AsyncStream[ChatCompletionChunk]":
    """Do what `client.chat.completions.create` does, but without searching for fields to rename: there are none.

    The search tries each message as every type of message, which takes 0.25 ms per message. For a conversation of 200
    messages, it would block a worker's other calls for 50 ms (`python -m benchmarks requests`). `post` is the SDK's
    documented way to make any request.
    """
    from openai import AsyncStream
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    return await client.post(
        "/chat/completions",
        body=body,
        # Otherwise, the SDK would add an administrator's key from the environment.
        options={"headers": headers, "security": {"bearer_auth": True}},
        cast_to=ChatCompletion,
        stream=True,
        stream_cls=AsyncStream[ChatCompletionChunk],
    )
