"""The differences between chat completions and media calls. The shared steps are in `complete.py`."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from activities.calls.chains import Chain
from chimera.db.engine import Connection
from chimera.ledger.calls import Intent
from chimera.ledger.statements import FailedBefore
from chimera.providers.health.circuit_breaker import Asker
from models.errors import ChimeraError, ProviderError
from models.model_calls import ModelCallOutcome, ModelCallRequest
from models.usage import Usage


class Context(Protocol):
    """The ledger's state of a call's place, for every kind of call."""

    @property
    def owner_id(self) -> str: ...
    @property
    def run_status(self) -> str: ...
    @property
    def left_out(self) -> bool: ...
    @property
    def call_status(self) -> str | None: ...
    @property
    def attempt(self) -> int: ...
    @property
    def failures(self) -> tuple[FailedBefore, ...]: ...
    @property
    def outcome(self) -> dict[str, Any] | None: ...


Known = TypeVar("Known", bound=Context)
ProviderRequest = TypeVar("ProviderRequest")
End = TypeVar("End")


@dataclass(frozen=True, slots=True)
class Place(Generic[Known]):
    """A call's state, and the models that can be called for it."""

    context: Known
    chain: Chain
    asker: Asker


@dataclass(frozen=True, slots=True)
class ReadyCall(Generic[ProviderRequest]):
    """A call whose intent is recorded, with its request and account."""

    intent: Intent
    provider_request: ProviderRequest
    account: str
    """The account to which the provider counts the request."""
    asker: Asker
    chain: Chain
    seq: int
    """The sequence number of the event that announces the call."""


@dataclass(slots=True)
class PartialAnswer(Generic[End]):
    """The answer so far: its text, even if the answer breaks off, and its end."""

    text: str = ""
    end: End | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Spent:
    """An attempt's usage and cost."""

    usage: Usage
    cost_micro_usd: int
    estimated: bool = True


class Kind(ABC, Generic[Known, ProviderRequest, End]):
    """A kind of call. Each worker has one instance per kind."""

    @abstractmethod
    async def context(self, connection: Connection, request: ModelCallRequest) -> Known:
        """Read the call's state. Raises RootStopped if its run no longer exists."""

    @abstractmethod
    def chain(self, request: ModelCallRequest, context: Known) -> Chain:
        """Return the models that can be called, in order."""

    @abstractmethod
    async def prepare(self, request: ModelCallRequest, model: str) -> None:
        """Load the model's price data before money is reserved, not just before the request."""

    @abstractmethod
    async def provider_request(
        self,
        connection: Connection,
        request: ModelCallRequest,
        place: Place[Known],
        model: str,
        passed_over: Mapping[str, ChimeraError],
    ) -> tuple[ProviderRequest, Intent]:
        """Assemble the request for `model`, and the ledger's intent."""

    async def load(self, connection: Connection, provider_request: ProviderRequest) -> ProviderRequest:
        """Read large inputs once the call is permitted."""
        return provider_request

    @asynccontextmanager
    async def room(self, request: ModelCallRequest) -> AsyncIterator[None]:
        """Hold a scarce resource of this process. Raises RateLimited if none becomes free for a long time."""
        yield

    @abstractmethod
    async def ask(self, ready: ReadyCall[ProviderRequest], answer: PartialAnswer[End]) -> End:
        """Make the request and read its answer into `answer`. Raises a ProviderError."""

    def cut_short(
        self, ready: ReadyCall[ProviderRequest], answer: PartialAnswer[End], error: ProviderError
    ) -> End | None:
        """Return the end of a broken answer that is kept; None if it isn't kept."""
        return None

    def broken(self, answer: PartialAnswer[End]) -> End | None:
        """Return the end of an answer that our side couldn't read completely; None if no part of it can be kept."""
        return None

    def kept_of(self, ready: ReadyCall[ProviderRequest], text: str) -> str | None:
        """Return the part of an interrupted answer that its run keeps if the run was stopped; None for nothing."""
        return None

    @abstractmethod
    def spent(self, ready: ReadyCall[ProviderRequest], text: str, error: BaseException) -> Spent:
        """Return a failed attempt's probable cost: as reported by the provider, or else estimated; zero if it was
        rejected.
        """

    @abstractmethod
    async def settle(self, ready: ReadyCall[ProviderRequest], text: str, end: End) -> ModelCallOutcome:
        """Store a paid answer and return the outcome that applies then."""
