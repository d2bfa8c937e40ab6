"""Parts that every vendor's wire needs beside the SDK: our HTTP client, our timeouts, and a size limit."""

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
"""Of one answer; a model makes a few dozen at most."""

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
    """Make a client for an SDK. Call it in a thread: the first one imports httpx2 and reads the certificates.

    A proxy of the environment is for addresses elsewhere: a server on this machine or in a private network is reached
    directly, and no proxy setting of the environment keeps its client from being made.
    """
    import httpx2

    from chimera.providers.wire.content_encodings import trust_bytes

    direct = is_near(base_url)
    return httpx2.AsyncClient(
        # Waits for bytes are bounded by `Waits`, where what they mean is known.
        timeout=httpx2.Timeout(None, connect=CONNECT_S),
        limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=100),
        # A redirect would take the prompt, and perhaps the key, to an address that was never configured.
        follow_redirects=False,
        trust_env=trust_env and not direct,
        # Certificates that the environment names hold for a private network too.
        verify=httpx2.create_ssl_context(trust_env=trust_env) if base_url.lower().startswith("https:") else True,
        event_hooks={
            "request": [on_request] if on_request is not None else [],
            "response": [trust_bytes, bound, *([on_response] if on_response is not None else [])],
        },
    )


async def connecting_alone(request: "httpx2.Request") -> None:
    """Bound connecting and nothing else, for an SDK that overrides what its client was made with."""
    request.extensions["timeout"] = {"connect": CONNECT_S, "read": None, "write": None, "pool": None}


class Attempt(Protocol):
    """Headers of every request."""

    @property
    def call_id(self) -> str: ...

    @property
    def attempt(self) -> int: ...


def headers_of(request: Attempt, *, part: int = 0) -> dict[str, str]:
    """Name the call and the attempt; `part` counts what was left out of a request that its server refused.

    Each attempt has a key of its own: a server that keeps them would answer a repeat with the error or the broken-off
    answer of the attempt before, and reject one whose prompt has new guidance.
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
        """The time by which an answer requested now has to begin, on the loop's clock."""
        return asyncio.get_running_loop().time() + self.first_byte_s

    async def next(self, items: AsyncIterator[Item], first_deadline: float | None) -> Item | None:
        """Wait for the next item; None at the end. Only the first one has a deadline of its own.

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
        # Connecting has a shorter limit of its own, so the prompt is there.
        return ProviderTimeout(
            f"{self.provider} sent nothing in the first {self.first_byte_s:g} s.", may_be_billed=True
        )


class SizeLimit:
    """Bytes that an answer may have, counted as they come."""

    def __init__(self, max_bytes: int, setting: str = "CHIMERA_MAX_ANSWER_BYTES") -> None:
        self._max_bytes = max_bytes
        self._bytes_left = max_bytes
        self._setting = setting

    def count(self, text: str) -> None:
        """Raises `AnswerTooLarge`."""
        self.count_bytes(len(text.encode("utf-8", "surrogatepass")))

    def count_bytes(self, size: int) -> None:
        """Raises `AnswerTooLarge`."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise AnswerTooLarge(too_large_words(self._max_bytes, self._setting))


def too_large_words(max_bytes: int, setting: str) -> str:
    return f"The answer is larger than {max_bytes} bytes. Request a shorter answer, or raise {setting}."


def check_calls(calls: int) -> None:
    """Raises `AnswerTooLarge` for more tool calls than an answer may ask for."""
    if calls > MAX_CALLS:
        raise AnswerTooLarge(f"The answer has more than {MAX_CALLS} tool calls at once. Request fewer tool calls.")
