"""A case: what a model server, a caller or a terminal does, and the right value of it. Data only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from tests.wires.model_server import ServedAnswer

Wire = Literal["openai", "anthropic", "google"]
PROVIDERS: Mapping[Wire, str] = {"openai": "local", "anthropic": "anthropic", "google": "google"}
"""Which provider of Chimera's speaks a wire. A model of the name `local/…` is priced like the others here."""
USD_PER_MILLION = 100
"""Of input and output alike."""
SPENT = 1800
"""What the usual answer's 11 tokens read and 7 written cost, in micro-USD."""
FIRST, SECOND = '{"expression": "17*23"}', '{"expression": "6*7"}'
BOTH = ("391", "42")
"""What the calculator makes of them."""


@dataclass(frozen=True, slots=True)
class TaskCase:
    """A task of one subtask, for an agent with a calculator.

    The n-th request gets the n-th answer, later ones the last.
    """

    answers: tuple[ServedAnswer, ...]
    wire: Wire = "openai"
    planned: bool = False
    """Without a plan of the caller's: the first request is the planner's."""
    model: str = ""
    """Another name than the case's id, as servers name models."""
    provider: str = ""
    """Another one that speaks the wire."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """More fields of `POST /tasks`."""
    cancelled: bool = False
    """Cancel the task once the first request has been answered."""
    limit_s: float = 45


@dataclass(frozen=True, slots=True)
class Ends:
    """How the task of an `TaskCase` has to end. Fields that are None or empty aren't checked."""

    status: str = "completed"
    result: str | None = None
    requests: int | None = 1
    """Counted at the model server."""
    code: str | None = None
    contains: tuple[str, ...] = ()
    """Stands in the error, or in what the task waits for; case doesn't count."""
    lacks: tuple[str, ...] = ()
    """Stands neither in the result nor in the error."""
    tools: tuple[str, ...] | None = None
    """The result of each tool call, in the order of the calls, as the last request has it."""
    spent: int | None = None
    """Micro-USD that the task is charged."""
    finish: str | None = None
    """`finish_reason` of the task, the subtask, the last attempt and the event."""
    asked: tuple[str, ...] = ()
    """Stands in the last request."""
    unlike: tuple[str, ...] = ()
    """Fields that the last request doesn't have any more."""
    unique_ids: bool = False
    """No two tool calls of the last request have one id."""
    wait_s: float = 0
    """At least so long between the first two requests."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to Chimera's own API. `{id}` in the path is the id that the call before got."""

    method: str
    path: str
    body: Any = None
    raw: str | None = None
    """The body as text, where its form matters."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiCalls:
    """Requests to the API, one after the other; the last one is judged."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class SocketCase:
    """Messages on a WebSocket of a caller who is signed in. The reply's text is the type of each answer."""

    messages: tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the last request of a `ApiCalls` is answered."""

    status: int
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    same_id: bool = False
    """All requests were answered with one id."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The timing of a schedule: its due times are requested, nothing is created."""

    timing: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Due:
    """When a schedule is due. Days are those of its own time zone."""

    days: Callable[[date], bool] | None = None
    """Each time is the first on or after now whose day this holds for, once a day."""
    at: str = ""
    """Its clock time on such days, as HH:MM."""
    once_on: date | None = None
    """Due on this day exactly once, at whatever time."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The timing is refused with 422; the message contains these words and a remedy."""

    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command of `chimera`, in a folder of its own."""

    arguments: tuple[str | bytes, ...]
    environment: Mapping[str, str | bytes] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    on_terminal: bool = False
    reads: int | None = None
    """So many bytes of its output are read before the reader leaves."""
    keeps_api: bool = True
    """It gets the API's address by variables."""
    shell: str = ""
    """What a shell does with the command, which is `"$@"` there: close its streams, change the folder."""


@dataclass(frozen=True, slots=True)
class Exits:
    """How a command ends and what it prints, both streams together. A traceback is always wrong."""

    code: int | None = 0
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A finding that this table doesn't repeat, with the reason in the case's note."""


Act = TaskCase | ApiCalls | SocketCase | Scheduled | Command | NotRun
Right = Ends | Answers | Due | Refused | Exits | None


@dataclass(frozen=True, slots=True)
class Case:
    """`source` is where the kind was seen: a public thread, or "own"."""

    id: str
    kind: str
    source: str
    what: str
    act: Act
    right: Right
    note: str = ""
    """Why this is right where others would decide otherwise."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables of a worker that is started for this case; such cases run after the others. `{port}` is the model
    server's."""
    alone: bool = False
    """Holds its provider up for others, so it runs when they are done."""

    @property
    def wire(self) -> str:
        return self.act.wire if isinstance(self.act, TaskCase) else "-"
