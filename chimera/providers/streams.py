"""What every vendor's stream of answers needs: a client that is made once, and one way to read to the end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import structlog

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta
from chimera.providers.wire import Waits
from models.errors import Malformed, ProviderError

if TYPE_CHECKING:
    import httpx2

log = structlog.get_logger()

Client = TypeVar("Client")
Item = TypeVar("Item")
Taken = TypeVar("Taken", contravariant=True)

SortError = Callable[[Exception, bool], ProviderError]
"""Makes one of our errors of whatever an SDK raised; is told whether the answer had begun."""


class Lazy(Generic[Client]):
    """A vendor's client, made once and in a thread: to import an SDK takes a second, and a worker has to heartbeat."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self.made: Client | None = None

    async def get(self) -> Client:
        """Raises a ProviderError when the client can't be made, that of an SDK or of its HTTP library."""
        async with self._making:
            if self.made is None:
                try:
                    self.made = await asyncio.to_thread(self._make)
                except ProviderError:
                    raise
                except Exception as error:
                    log.exception("client_not_made")
                    # The kind alone: what an HTTP library says may hold a proxy's password.
                    raise ProviderError(
                        f"The client of the provider can't be made ({type(error).__name__}); look at the proxy and the"
                        " certificates that the environment names, and at the log."
                    ) from None
            return self.made


class Answer(Protocol[Taken]):
    """An answer that is put together from what a stream brings."""

    def take(self, item: Taken, /) -> str:
        """Take an item in and return its text. Raises a `ProviderError` for one that can't be used."""
        ...

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises a `ProviderError` when it is no answer to use."""
        ...


class Events(Protocol):
    """Server-sent events as the `openai` and `anthropic` SDKs give them."""

    @property
    def response(self) -> "httpx2.Response": ...

    async def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Events)


async def opened(opening: Awaitable[Opened], waits: Waits, sort_error: SortError, *, deadline: float) -> Opened:
    """Wait for the head of an answer. Raises Malformed where that is no stream, but a portal's page for one."""
    async with sorting(waits, sort_error, deadline=deadline):
        events = await opening
    if not is_stream(events.response):
        await events.close()
        raise no_stream(events.response, waits.provider)
    return events


def is_stream(response: "httpx2.Response") -> bool:
    return "event-stream" in response.headers.get("content-type", "text/event-stream")


def no_stream(response: "httpx2.Response", provider: str) -> Malformed:
    content_type = response.headers["content-type"][:60]
    return Malformed(f"{provider} answered with {content_type!r}, not with a stream; check its address.")


@asynccontextmanager
async def sorting(waits: Waits, sort_error: SortError, *, deadline: float) -> AsyncIterator[None]:
    """Bound a wait for the beginning of an answer; whatever goes wrong in it becomes one of our errors."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise waits.silence(begun=False) from None
    except ProviderError:
        raise
    except Exception as error:  # noqa: BLE001  (an SDK may raise anything)
        raise sort_error(error, False) from None


async def read(
    items: AsyncIterator[Item],
    answer: Answer[Item],
    request: ChatRequest,
    waits: Waits,
    sort_error: SortError,
    *,
    deadline: float,
    close: Callable[[], Awaitable[object]],
    is_at_work: Callable[[], bool] = lambda: True,
) -> AsyncGenerator[TextDelta | ChatEnd]:
    """Yield the text of `items` as it comes, and at last what `answer` makes of them; in any case `close`.

    The first item has to come before `deadline`. What fails once the provider `is_at_work` may be billed.
    """
    first: float | None = deadline
    try:
        while (item := await _next(items, first, waits, sort_error)) is not None:
            first = None
            text = answer.take(item)
            if text:
                yield TextDelta(text)
        end = answer.end(request.max_output_tokens)
    except ProviderError as error:
        error.may_be_billed = error.may_be_billed or is_at_work()
        raise
    finally:
        await close()
    yield end


async def _next(
    items: AsyncIterator[Item], first_deadline: float | None, waits: Waits, sort_error: SortError
) -> Item | None:
    begun = first_deadline is None
    try:
        return await waits.next(items, first_deadline)
    except TimeoutError:
        raise waits.silence(begun=begun) from None
    except Exception as error:  # noqa: BLE001  (an SDK may raise anything)
        raise sort_error(error, begun) from None
