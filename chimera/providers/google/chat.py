"""Google's Gemini models: the Developer API with an API key, through the official `google-genai` SDK.

The SDK has many ways to send several requests per call (retries, continuation, functions that it calls itself), which
are all switched off. The SDK sends the request, but `wire/pieces.py` and `answers.py` read the answer.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from http.client import OK
from typing import TYPE_CHECKING, Any

from chimera.providers.base import ChatEnd, ChatRequest, Limits, TextDelta
from chimera.providers.google.answers import GoogleAnswer
from chimera.providers.google.errors import sort_body
from chimera.providers.google.requests import PROVIDER, body_of, name_in_path
from chimera.providers.refusals.fields import SCHEMA, RefusedFields, in_words_with_tools
from chimera.providers.refusals.refusal import disconnected
from chimera.providers.wire.http import Waits, connecting_alone, http_client
from chimera.providers.wire.pieces import ErrorInAnswer, Pieces, check_head
from chimera.providers.wire.streams import Lazy, SortError, read, sorting
from models.errors import BadRequest, Malformed, ProviderError

if TYPE_CHECKING:
    import httpx2
    from google.genai import Client
    from google.genai.types import GenerateContentResponse, Model

API_VERSION = "v1beta"
"""The SDK's default is v1, which has no preview models; gateways and test doubles support v1beta."""

PAGE_SIZE = 1000


class Google:
    """Gemini with an API key. The constructor doesn't connect or import anything."""

    name = PROVIDER
    simulated = False

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        limits: Limits,
        trust_env: bool = True,
    ) -> None:
        self._api_key = api_key
        self._base_url, self._api_version = _split_version(base_url)
        self._waits = Waits(PROVIDER, limits.first_byte_s, limits.stall_s)
        self._limits = limits
        self._trust_env = trust_env
        self._clients = Lazy(self._make_clients)
        self._refused = RefusedFields({SCHEMA})

    async def connect(self) -> None:
        await self._clients.get()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Make one request and yield the answer's text as it arrives, then one `ChatEnd`; reasoning isn't yielded.

        Use the iterator inside `contextlib.aclosing`, which closes the connection at once, as does a cancellation.
        """
        client, _ = await self._clients.get()
        responses: list[httpx2.Response] = []
        deadline, sort = self._waits.first_deadline(), partial(self._sorted, responses, request.model)
        response = await self._asked(client, request, responses, sort, deadline)
        pieces = Pieces(response, self._limits.max_answer_bytes)
        offered = request.tools if request.tool_choice != "none" else ()
        answer = GoogleAnswer(request.model, self._limits.max_answer_bytes, offered)
        reading = read(pieces, answer, request, self._waits, sort, deadline=deadline, close=response.aclose)
        async with aclosing(reading):
            async for item in reading:
                yield item

    async def models(self) -> tuple[str, ...]:
        """List the models that generate content; see `Provider`."""
        client, _ = await self._clients.get()
        responses: list[httpx2.Response] = []
        sort = partial(self._sorted, responses, "")
        async with sorting(self._waits, sort, deadline=self._waits.first_deadline()):
            with noting(responses):
                listed = await client.aio.models.list(config={"page_size": PAGE_SIZE})
                return tuple(sorted({_name(model) async for model in listed if _generates(model)}))

    async def close(self) -> None:
        if self._clients.made is not None:
            client, http = self._clients.made
            await client.aio.aclose()
            client.close()
            await http.aclose()

    async def _asked(
        self,
        client: "Client",
        request: ChatRequest,
        responses: "list[httpx2.Response]",
        sort: SortError,
        deadline: float,
    ) -> "httpx2.Response":
        """Let the SDK send the request, but withhold the answer's body. Raises Malformed for media or a font."""
        from google.genai import types

        async def send(body: dict[str, Any], headers: dict[str, str]) -> "httpx2.Response":
            responses.clear()
            config = body["config"] | {"httpOptions": {"headers": headers}}
            chunks: AsyncIterator[GenerateContentResponse] = await client.aio.models.generate_content_stream(
                model=name_in_path(request.model),
                contents=[types.Content.model_validate(content) for content in body["contents"]],
                config=types.GenerateContentConfig.model_validate(config),
            )
            try:
                with noting(responses, bodies=True):
                    async for _ in chunks:
                        pass
                check_head(_kept(responses[0]), self.name)
            except BaseException:
                for response in responses:
                    await _kept(response).aclose()
                raise
            return _kept(responses[0])

        async with sorting(self._waits, sort, deadline=deadline):
            return await self._refused.ask(in_words_with_tools(request), body_of, send)

    def _sorted(self, responses: "list[httpx2.Response]", model: str, error: Exception, begun: bool) -> ProviderError:
        import httpx2
        from google.genai.errors import APIError

        secret = self._api_key
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, APIError):
            response = responses[-1] if responses else None
            body = response.content if response is not None and response.is_stream_consumed else error.details
            headers = response.headers if response is not None else {}
            return sort_body(body, error.code, headers, model=model, secret=secret)
        if isinstance(error, ErrorInAnswer):
            return sort_body(error.body, None, {}, model=model, secret=secret)
        if isinstance(error, httpx2.TransportError):
            return disconnected(self.name, error, begun=begun)
        if not responses:
            return BadRequest(f"google's SDK rejected the request for {model!r} ({type(error).__name__}).")
        return Malformed(f"google sent an invalid Gemini answer ({type(error).__name__}).")

    def _make_clients(self) -> "tuple[Client, httpx2.AsyncClient]":
        from google.genai import Client
        from google.genai.types import HttpOptions, HttpRetryOptions

        # The SDK removes its client's timeouts; `connecting_alone` restores the one for connecting.
        http = http_client(self._base_url, trust_env=self._trust_env, on_request=connecting_alone, on_response=_note)
        client = Client(
            # Set explicitly; otherwise, the environment could turn this into another product's client.
            vertexai=False,
            api_key=self._api_key,
            http_options=HttpOptions(
                base_url=self._base_url,
                api_version=self._api_version,
                httpx_async_client=http,
                retry_options=HttpRetryOptions(attempts=1),
            ),
        )
        return client, http


@dataclass(frozen=True)
class _Noted:
    responses: "list[httpx2.Response]"
    bodies: bool


_noted: ContextVar[_Noted | None] = ContextVar("noted", default=None)


@contextmanager
def noting(responses: "list[httpx2.Response]", *, bodies: bool = False) -> Iterator[None]:
    """Record the HTTP responses to requests inside the block, which the SDK doesn't expose. Don't `yield` inside it.

    `bodies`: also withhold the body of an answer from the SDK, whose reader doesn't understand comments and builds
    objects that can't hold unknown fields.
    """
    token = _noted.set(_Noted(responses, bodies))
    try:
        yield
    finally:
        _noted.reset(token)


async def _note(response: "httpx2.Response") -> None:
    import httpx2

    noted = _noted.get()
    if noted is None:
        return
    noted.responses.append(response)
    if noted.bodies and response.status_code == OK:
        response.extensions["kept"] = httpx2.Response(
            response.status_code, headers=response.headers, stream=response.stream, request=response.request
        )
        # The SDK reads an empty body instead.
        response.stream = httpx2.ByteStream(b"")


def _kept(response: "httpx2.Response") -> "httpx2.Response":
    kept: httpx2.Response = response.extensions.get("kept", response)
    return kept


def _generates(model: "Model") -> bool:
    return bool(model.name) and "generateContent" in (model.supported_actions or ())


def _name(model: "Model") -> str:
    return (model.name or "").removeprefix("models/")


def _split_version(base_url: str) -> tuple[str, str]:
    """Split an address into base and API version; an address without a version uses v1beta."""
    match = re.fullmatch(r"(.+?)/(v\d\w*)/?", base_url)
    return (match[1], match[2]) if match else (base_url.rstrip("/"), API_VERSION)
