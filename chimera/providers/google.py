"""Google's Gemini models, by the Developer API and a key, through the official `google-genai` SDK.

The SDK knows many ways to send more than one request a call (retries, continuation, functions that it calls itself):
all are off.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from functools import partial
from http.client import OK
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chimera.providers.base import ChatEnd, ChatRequest, Provider, TextDelta
from chimera.providers.google_answers import Answer
from chimera.providers.google_errors import sort_error
from chimera.providers.google_requests import PROVIDER, body_of, name_in_path
from chimera.providers.refusals import disconnected
from chimera.providers.schemas import SCHEMA, RefusedFields
from chimera.providers.streams import Lazy, is_stream, no_stream, read, sorting
from chimera.providers.wire import Waits, connecting_alone, http_client
from chimera.settings import Settings
from models.errors import BadRequest, Malformed, MissingKey, ProviderError

if TYPE_CHECKING:
    import httpx2
    from google.genai import Client
    from google.genai.types import GenerateContentResponse, Model

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"
"""The SDK's own default is v1, which has no preview models; gateways and doubles know v1beta."""

PAGE_SIZE = 1000


class Google:
    """Gemini by API key. Making one opens nothing and imports nothing."""

    name = PROVIDER
    simulated = False

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        first_byte_s: float,
        stall_s: float,
        max_answer_bytes: int,
        trust_env: bool = True,
    ) -> None:
        self._api_key = api_key
        self._base_url, self._api_version = _split_version(base_url)
        self._waits = Waits(PROVIDER, first_byte_s, stall_s)
        self._max_answer_bytes = max_answer_bytes
        self._trust_env = trust_env
        self._clients = Lazy(self._make_clients)
        self._refused = RefusedFields({SCHEMA})

    async def connect(self) -> None:
        await self._clients.get()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Make one request and yield its text as it comes, then one `ChatEnd`; thoughts aren't told.

        Leave the iterator with `contextlib.aclosing`, which closes the connection at once; so does a cancel.
        """
        client, _ = await self._clients.get()
        responses: list[httpx2.Response] = []
        deadline, sort = self._waits.first_deadline(), partial(self._sorted, responses, request.model)
        chunks = _Chunks(self._refused, client, request, responses)

        async def close() -> None:
            # The SDK's generators hold each other and would close the connection when the garbage is collected.
            for response in responses:
                await response.aclose()
            await chunks.aclose()

        reading = read(
            chunks,
            Answer(request.model, self._max_answer_bytes),
            request,
            self._waits,
            sort,
            deadline=deadline,
            close=close,
            is_at_work=partial(_is_at_work, responses),
        )
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

    def _sorted(self, responses: "list[httpx2.Response]", model: str, error: Exception, begun: bool) -> ProviderError:
        import httpx2
        from google.genai.errors import APIError

        if isinstance(error, ProviderError):
            return error
        if isinstance(error, APIError):
            return sort_error(error, model=model, secret=self._api_key)
        if isinstance(error, httpx2.TransportError):
            return disconnected(self.name, error, begun=_is_at_work(responses))
        if not responses:
            return BadRequest(f"The SDK of google refused the request for {model!r} ({type(error).__name__}).")
        return Malformed(f"google sent something that isn't a Gemini answer ({type(error).__name__}).")

    def _make_clients(self) -> "tuple[Client, httpx2.AsyncClient]":
        from google.genai import Client
        from google.genai.types import HttpOptions, HttpRetryOptions

        # The SDK overrides a client's limits with none.
        http = http_client(trust_env=self._trust_env, on_request=connecting_alone, on_response=_note)
        client = Client(
            # Set, or the environment could make it another product's client.
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


Made = TypeVar("Made", bound=Google)


def make(settings: Settings) -> Provider:
    """Raises `MissingKey`."""
    return google_by(settings, Google)


def google_by(settings: Settings, kind: type[Made]) -> Made:
    """Make a Google, or what is one and more. Raises `MissingKey`."""
    key = settings.google_api_key.get_secret_value() if settings.google_api_key else ""
    if not key:
        raise MissingKey("google", "CHIMERA_GOOGLE_API_KEY")
    return kind(
        api_key=key,
        base_url=settings.google_base_url or DEFAULT_BASE_URL,
        first_byte_s=settings.call_first_byte_s,
        stall_s=settings.call_stall_s,
        max_answer_bytes=settings.max_answer_bytes,
    )


_noted: "ContextVar[list[httpx2.Response] | None]" = ContextVar("responses", default=None)


@contextmanager
def noting(responses: "list[httpx2.Response]") -> Iterator[None]:
    """Note the HTTP responses of what runs inside, which the SDK keeps to itself. Not to be held over a `yield`."""
    token = _noted.set(responses)
    try:
        yield
    finally:
        _noted.reset(token)


class _Chunks(AsyncIterator["GenerateContentResponse"]):
    """Asks when the first chunk is asked for, as the SDK does, and notes the responses."""

    def __init__(
        self, refused: RefusedFields, client: "Client", request: ChatRequest, responses: "list[httpx2.Response]"
    ) -> None:
        self._refused = refused
        self._client = client
        self._request = request
        self._responses = responses
        self._chunks: AsyncGenerator[GenerateContentResponse] | None = None

    async def __anext__(self) -> "GenerateContentResponse":
        with noting(self._responses):
            try:
                if self._chunks is None:
                    chunk = await self._refused.ask(self._request, body_of, self._send)
                else:
                    chunk = await anext(self._chunks)
            except Exception:
                self._check()
                raise
            self._check()
            return chunk

    async def aclose(self) -> None:
        if self._chunks is not None:
            await self._chunks.aclose()

    async def _send(self, body: dict[str, Any], headers: dict[str, str]) -> "GenerateContentResponse":
        from google.genai import types

        await self.aclose()
        chunks: AsyncIterator[GenerateContentResponse] = await self._client.aio.models.generate_content_stream(
            model=name_in_path(self._request.model),
            contents=[types.Content.model_validate(content) for content in body["contents"]],
            config=types.GenerateContentConfig.model_validate(body["config"] | {"httpOptions": {"headers": headers}}),
        )
        self._chunks = cast("AsyncGenerator[GenerateContentResponse]", chunks)
        return await anext(self._chunks)

    def _check(self) -> None:
        """Raise Malformed where what came is no stream. Not on a cancel, which is stronger."""
        for response in self._responses:
            if response.status_code == OK and not is_stream(response):
                raise no_stream(response, PROVIDER)


async def _note(response: "httpx2.Response") -> None:
    responses = _noted.get()
    if responses is not None:
        responses.append(response)


def _is_at_work(responses: "list[httpx2.Response]") -> bool:
    return any(response.status_code == OK and is_stream(response) for response in responses)


def _generates(model: "Model") -> bool:
    return bool(model.name) and "generateContent" in (model.supported_actions or ())


def _name(model: "Model") -> str:
    return (model.name or "").removeprefix("models/")


def _split_version(base_url: str) -> tuple[str, str]:
    """An address may end in its version; without one it is v1beta."""
    match = re.fullmatch(r"(.+?)/(v\d\w*)/?", base_url)
    return (match[1], match[2]) if match else (base_url.rstrip("/"), API_VERSION)
