"""Code shared by all vendors' streams: a client that is created once, and the loop that reads an answer to its end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import structlog

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta
from chimera.providers.wire.http import Waits
from chimera.providers.wire.patience import Patience
from chimera.providers.wire.pieces import ErrorInAnswer, Piece, Pieces, announces_stream, check_head, no_answer
from models.errors import InternalFailure, Malformed, ModelLoading, ProviderError, Truncated
from models.usage import Usage

if TYPE_CHECKING:
    import httpx2

log = structlog.get_logger()

Client = TypeVar("Client")

SortError = Callable[[Exception, bool], ProviderError]
"""Maps any raised error to one of ours. The second argument is whether the answer had begun."""


class Lazy(Generic[Client]):
    """A vendor's client, created once, in a thread: importing an SDK takes a second, and heartbeats must go on."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self.made: Client | None = None

    async def get(self) -> Client:
        """Return the client. Raises a ProviderError if it, or its HTTP client, can't be created."""
        async with self._making:
            if self.made is None:
                try:
                    self.made = await asyncio.to_thread(self._make)
                except ProviderError:
                    raise
                except Exception as error:  # noqa: BLE001
                    # Only the type, because an HTTP library's message may contain a proxy's password.
                    log.error("client_not_made", error=type(error).__name__)
                    raise ProviderError(
                        f"The provider's client can't be created ({type(error).__name__}). Check the log and the"
                        " environment's proxy and certificate settings."
                    ) from None
            return self.made


class StreamedAnswer(Protocol):
    """An answer that is assembled from a stream."""

    noun: str
    """How error messages refer to the answer."""

    @property
    def usage(self) -> Usage | None:
        """The usage that the server has reported so far."""
        ...

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer has arrived."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether the server has finished; later failures don't affect the answer."""
        ...

    def take(self, piece: Piece, /) -> str | None:
        """Accept a piece and return its text; None for an unknown one. Raises a `ProviderError`."""
        ...

    def rest(self) -> str:
        """Return the text that was held back. Call once, at the end."""
        ...

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises a `ProviderError` when the answer is unusable."""
        ...


class Events(Protocol):
    """A stream of the `openai` or `anthropic` SDK that the SDK doesn't read itself."""

    @property
    def response(self) -> "httpx2.Response": ...

    async def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Events)


async def opened(opening: Awaitable[Opened], waits: Waits, sort_error: SortError, *, deadline: float) -> Opened:
    """Wait for the head of an answer. Raises Malformed if the head announces media or a font."""
    async with sorting(waits, sort_error, deadline=deadline):
        events = await opening
    try:
        check_head(events.response, waits.provider)
    except Malformed:
        await events.close()
        raise
    return events


@asynccontextmanager
async def sorting(waits: Waits, sort_error: SortError, *, deadline: float) -> AsyncIterator[None]:
    """Limit the wait for the beginning of an answer, and map any failure to one of our errors."""
    try:
        async with Patience(deadline):
            yield
    except TimeoutError:
        raise waits.silence(begun=False) from None
    except ProviderError:
        raise
    except Exception as error:  # noqa: BLE001  (an SDK may raise anything)
        raise sort_error(error, False) from None


async def read(
    pieces: Pieces,
    answer: StreamedAnswer,
    request: ChatRequest,
    waits: Waits,
    sort_error: SortError,
    *,
    deadline: float,
    close: Callable[[], Awaitable[object]],
) -> AsyncGenerator[TextDelta | ChatEnd]:
    """Yield the text of `pieces` as it arrives, and finally the `ChatEnd` of `answer`. Calls `close` in any case.

    The first piece must arrive before `deadline`. A failure after an answer has begun may be billed, and includes the
    usage that the server reported. A failure after the whole answer is ignored.
    """
    first: float | None = deadline
    try:
        while (piece := await _next(pieces, first, waits, sort_error, answer)) is not None:
            first = None
            text = _taken(answer, piece, sort_error)
            if text:
                yield TextDelta(text)
            pieces.skipped += text is None
        if not answer.has_begun:
            raise _nothing_of(answer, pieces, waits.provider, sort_error)
        if rest := answer.rest():
            yield TextDelta(rest)
        end = _ended(answer, request)
    except ProviderError as error:
        raise _billed(error, answer, pieces) from None
    finally:
        await close()
    yield replace(end, skipped=end.skipped + pieces.skipped)


async def _next(
    pieces: Pieces, first_deadline: float | None, waits: Waits, sort_error: SortError, answer: StreamedAnswer
) -> Piece | None:
    begun = first_deadline is None
    try:
        return await waits.next(pieces, first_deadline)
    except Exception as error:
        if answer.is_whole:
            return None
        if isinstance(error, ProviderError):
            raise
        if isinstance(error, TimeoutError):
            raise waits.silence(begun=begun) from None
        raise sort_error(error, True) from None


def _taken(answer: StreamedAnswer, piece: Piece, sort_error: SortError) -> str | None:
    """Read a piece. An unforeseen piece never causes the loss of a paid answer."""
    try:
        return answer.take(piece)
    except ProviderError:
        raise
    except ErrorInAnswer as error:
        raise sort_error(error, True) from None
    except Exception as error:  # noqa: BLE001
        # Without the traceback: its frames contain a user's answer.
        log.error("piece_not_understood", error=type(error).__name__)
        return None


def _ended(answer: StreamedAnswer, request: ChatRequest) -> ChatEnd:
    try:
        return answer.end(request.max_output_tokens)
    except ProviderError:
        raise
    except Exception as error:  # noqa: BLE001
        log.error("answer_not_understood", error=type(error).__name__)
        raise Malformed(f"The answer can't be assembled ({type(error).__name__}).") from None


def _billed(error: ProviderError, answer: StreamedAnswer, pieces: Pieces) -> ProviderError:
    """Add to an error whether it may be billed, and the usage that the server reported."""
    if isinstance(error, ModelLoading):
        if not answer.has_begun:
            return error
        # If the call waited for the model, it would be paid for again and again.
        error = InternalFailure(error.message)
    is_at_work = answer.has_begun or announces_stream(pieces.response) or isinstance(error, Truncated)
    error.may_be_billed = error.may_be_billed or is_at_work
    error.usage = error.usage or answer.usage
    return error


def _nothing_of(answer: StreamedAnswer, pieces: Pieces, provider: str, sort_error: SortError) -> ProviderError:
    if pieces.words:
        return sort_error(ErrorInAnswer(pieces.words), True)
    if not announces_stream(pieces.response):
        return no_answer(pieces.response, provider)
    if pieces.skipped:
        return Malformed(f"{provider} didn't send {answer.noun}.")
    return Truncated(f"{provider} stopped in the middle of its answer. The answer was discarded.")
