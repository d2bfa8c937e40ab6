"""What chat completions and media calls do differently around the one way to make a call (`complete.py`)."""

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
    """What the ledger knows of a call's place, whatever the call asks for."""

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
Question = TypeVar("Question")
End = TypeVar("End")


@dataclass(frozen=True, slots=True)
class Place(Generic[Known]):
    """Where a call stands, and which models may be asked for it."""

    context: Known
    chain: Chain
    asker: Asker


@dataclass(frozen=True, slots=True)
class ReadyCall(Generic[Question]):
    """A call whose intent is written: what to ask, and on which account."""

    intent: Intent
    question: Question
    account: str
    """The account that the provider counts the request by."""
    asker: Asker
    chain: Chain
    seq: int
    """Of the event that says that it begins."""


@dataclass(slots=True)
class Answer(Generic[End]):
    """What has come so far: the text, also of an answer that breaks off, and the end."""

    text: str = ""
    end: End | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Spent:
    """What an attempt used, and what that costs."""

    usage: Usage
    cost_micro_usd: int
    estimated: bool = True


class Kind(ABC, Generic[Known, Question, End]):
    """One per worker and kind of call."""

    @abstractmethod
    async def context(self, connection: Connection, request: ModelCallRequest) -> Known:
        """Read what is known of the call. Raises RootStopped when its run is gone."""

    @abstractmethod
    def chain(self, request: ModelCallRequest, context: Known) -> Chain:
        """Name the models that may be asked, in order."""

    @abstractmethod
    async def prepare(self, request: ModelCallRequest, model: str) -> None:
        """Load what the model's price needs, before money is reserved and not on the way to the request."""

    @abstractmethod
    async def question(
        self,
        connection: Connection,
        request: ModelCallRequest,
        place: Place[Known],
        model: str,
        passed_over: Mapping[str, ChimeraError],
    ) -> tuple[Question, Intent]:
        """Put together what is asked of `model`, and what the ledger writes before."""

    async def load(self, connection: Connection, question: Question) -> Question:
        """Read what is large, once the call may be made."""
        return question

    @asynccontextmanager
    async def room(self, request: ModelCallRequest) -> AsyncIterator[None]:
        """Hold what this process has little of. Raises RateLimited when there is none for long."""
        yield

    @abstractmethod
    async def ask(self, ready: ReadyCall[Question], answer: Answer[End]) -> End:
        """Make the one request and read its answer into `answer`. Raises a ProviderError."""

    def cut_short(self, ready: ReadyCall[Question], answer: Answer[End], error: ProviderError) -> End | None:
        """The end of an answer that broke off and stands all the same; None where it doesn't."""
        return None

    def broken(self, answer: Answer[End]) -> End | None:
        """The end of an answer that our side could not read to its end; None where nothing of it can be kept."""
        return None

    @abstractmethod
    def spent(self, ready: ReadyCall[Question], text: str, error: BaseException) -> Spent:
        """What a failed attempt probably cost: as its provider reported, else estimated; nothing where it refused."""

    @abstractmethod
    async def settle(self, ready: ReadyCall[Question], text: str, end: End) -> ModelCallOutcome:
        """Keep a paid answer; return what holds then."""
