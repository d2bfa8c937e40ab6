"""Parts that every vendor needs besides its SDK: our HTTP client, our timeouts, and a size limit."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chimera.config.addresses import is_near
from chimera.content.text import clean_json
from chimera.providers.wire.bodies import bound
from chimera.providers.wire.patience import Patience
from models.errors import AnswerTooLarge, ProviderError, ProviderTimeout, Stalled

if TYPE_CHECKING:
    import httpx2

    RequestHook = Callable[[httpx2.Request], Awaitable[None]]
    ResponseHook = Callable[[httpx2.Response], Awaitable[None]]

Item = TypeVar("Item")

MAX_CALLS = 1000
"""Maximum number of tool calls in one answer; a model makes a few dozen at most."""

CONNECT_S = 10.0
MAX_CONNECTIONS = 1000
"""The worker and the rate limiter bound concurrent calls; the pool must not be a second limit."""


def http_client(
    base_url: str,
    *,
    trust_env: bool,
    on_request: "RequestHook | None" = None,
    on_response: "ResponseHook | None" = None,
) -> "httpx2.AsyncClient":
    """Create a client for an SDK. Call this in a thread: the first call imports httpx2 and reads the certificates.

    The environment's proxy is only for addresses elsewhere: a server on this machine or in a private network is reached
    directly, and the environment's proxy settings can't prevent the creation of its client.
    """
    import httpx2

    from chimera.providers.wire.content_encodings import trust_bytes

    direct = is_near(base_url)
    return httpx2.AsyncClient(
        # `Waits` limits the waits for bytes, because the meaning of the bytes is known there.
        timeout=httpx2.Timeout(None, connect=CONNECT_S),
        limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=100),
        # A redirect would send the prompt, and perhaps the key, to an address that was never configured.
        follow_redirects=False,
        trust_env=trust_env and not direct,
        # Certificates from the environment also apply to private networks.
        verify=httpx2.create_ssl_context(trust_env=trust_env) if base_url.lower().startswith("https:") else True,
        event_hooks={
            "request": [on_request] if on_request is not None else [],
            "response": [trust_bytes, bound, *([on_response] if on_response is not None else [])],
        },
    )


async def connecting_alone(request: "httpx2.Request") -> None:
    """Limit only the time to connect, for an SDK that overrides its client's timeouts."""
    request.extensions["timeout"] = {"connect": CONNECT_S, "read": None, "write": None, "pool": None}


class Attempt(Protocol):
    """The call and the attempt that a request is made for."""

    @property
    def call_id(self) -> str: ...

    @property
    def attempt(self) -> int: ...


def headers_of(request: Attempt, *, part: int = 0) -> dict[str, str]:
    """Return headers that name the call and the attempt. `part` counts the fields omitted because of a rejection.

    Each attempt has its own idempotency key. Otherwise, a server that stores keys would answer a repeated request with
    the error or the truncated answer of the previous attempt, and reject a request whose prompt has new guidance.
    """
    return {
        "Idempotency-Key": f"{request.call_id}.{request.attempt}" + (f".{part}" if part else ""),
        "X-Chimera-Call": request.call_id,
        "X-Chimera-Attempt": str(request.attempt),
    }


def object_of(arguments: str) -> dict[str, Any]:
    """Return a tool call's arguments as an object; invalid ones are wrapped for the model to see."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        value = arguments
    value = clean_json(value)
    return value if isinstance(value, dict) else {"arguments": value}


@dataclass(frozen=True, slots=True)
class Waits:
    """Timeouts for a silent provider, before its answer and in the middle of it."""

    provider: str
    first_byte_s: float
    stall_s: float

    def first_deadline(self) -> float:
        """Return the time by which an answer requested now must begin, on the event loop's clock."""
        return asyncio.get_running_loop().time() + self.first_byte_s

    async def next(self, items: AsyncIterator[Item], first_deadline: float | None) -> Item | None:
        """Wait for the next item; None at the end. Only the first item has its own deadline.

        Raises TimeoutError, and any error of `items`.
        """
        deadline = first_deadline or asyncio.get_running_loop().time() + self.stall_s
        try:
            async with Patience(deadline):
                return await anext(items)
        except StopAsyncIteration:
            return None

    def silence(self, *, begun: bool) -> ProviderError:
        """Translate a TimeoutError into our error."""
        if begun:
            return Stalled(f"{self.provider} sent nothing for {self.stall_s:g} s, so the call was aborted.")
        # Connecting has its own, shorter limit, so the provider has received the prompt.
        return ProviderTimeout(
            f"{self.provider} sent nothing in the first {self.first_byte_s:g} s.", may_be_billed=True
        )


class SizeLimit:
    """The maximum size of an answer, whose bytes are counted as they arrive."""

    def __init__(self, max_bytes: int, setting: str = "CHIMERA_MAX_ANSWER_BYTES") -> None:
        self._max_bytes = max_bytes
        self._bytes_left = max_bytes
        self._setting = setting

    def count(self, text: str) -> None:
        """Count a text's bytes. Raises `AnswerTooLarge`."""
        self.count_bytes(len(text.encode("utf-8", "surrogatepass")))

    def count_bytes(self, size: int) -> None:
        """Count bytes. Raises `AnswerTooLarge`."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise AnswerTooLarge(too_large_words(self._max_bytes, self._setting))


def too_large_words(max_bytes: int, setting: str) -> str:
    return f"The answer is larger than {max_bytes} bytes. Request a shorter answer, or raise {setting}."


def check_calls(calls: int) -> None:
    """Raise `AnswerTooLarge` if an answer requests too many tool calls."""
    if calls > MAX_CALLS:
        raise AnswerTooLarge(f"The answer contains more than {MAX_CALLS} tool calls. Request fewer tool calls.")
