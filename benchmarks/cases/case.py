"""A case, as data only: what a model server, a caller or a terminal does, and the correct result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from tests.wires.model_server import ServedAnswer

Wire = Literal["openai", "anthropic", "google"]
PROVIDERS: Mapping[Wire, str] = {"openai": "local", "anthropic": "anthropic", "google": "google"}
"""Chimera's provider for each wire. Here, models named `local/…` have prices like the others."""
USD_PER_MILLION = 100
"""The price of a million tokens, the same for input and output."""
SPENT = 1800
"""The cost of the usual answer in micro-USD, for 11 input and 7 output tokens."""
FIRST, SECOND = '{"expression": "17*23"}', '{"expression": "6*7"}'
BOTH = ("391", "42")
"""The calculator's results for FIRST and SECOND."""


@dataclass(frozen=True, slots=True)
class TaskCase:
    """A task with one subtask, for an agent with a calculator.

    The n-th request gets the n-th answer; requests after that get the last answer again.
    """

    answers: tuple[ServedAnswer, ...]
    wire: Wire = "openai"
    planned: bool = False
    """Whether the caller provides no plan, so that the first request is the planner's."""
    model: str = ""
    """The model's name, if it isn't the case's id."""
    provider: str = ""
    """The provider, if it isn't the usual one for the wire."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Additional fields of `POST /tasks`."""
    cancelled: bool = False
    """Whether to cancel the task once the first request has been answered."""
    limit_s: float = 45


@dataclass(frozen=True, slots=True)
class Ends:
    """How the task of a `TaskCase` must end. Fields that are None or empty aren't checked."""

    status: str = "completed"
    result: str | None = None
    requests: int | None = 1
    """The number of requests, counted by the model server."""
    code: str | None = None
    contains: tuple[str, ...] = ()
    """Texts in the error or in the reason why the task is waiting, in upper or lower case."""
    lacks: tuple[str, ...] = ()
    """Texts that are neither in the result nor in the error."""
    tools: tuple[str, ...] | None = None
    """The results of the tool calls in the last request, in the order of the calls."""
    spent: int | None = None
    """The micro-USD charged to the task."""
    finish: str | None = None
    """`finish_reason` of the task, the subtask, the last attempt and the event."""
    asked: tuple[str, ...] = ()
    """Texts in the last request."""
    unlike: tuple[str, ...] = ()
    """Fields that the last request must no longer have."""
    unique_ids: bool = False
    """Whether all tool calls in the last request must have different ids."""
    wait_s: float = 0
    """The minimum time between the first two requests."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to Chimera's own API. `{id}` in the path stands for the id in the reply to the previous call."""

    method: str
    path: str
    body: Any = None
    raw: str | None = None
    """The body as text, if its exact form matters."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiCalls:
    """Requests to the API, one after another. Only the last reply is judged."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class SocketCase:
    """Messages on the WebSocket of a signed-in caller. The reply's text consists of the answers' types."""

    messages: tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """The correct reply to the last request of an `ApiCalls`."""

    status: int
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    same_id: bool = False
    """Whether all replies must contain the same id."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The timing of a schedule. Only its due times are requested; no schedule is created."""

    timing: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Due:
    """When a schedule is due. Days are in its own time zone."""

    days: Callable[[date], bool] | None = None
    """Whether a schedule is due on a day. From now on, it must be due once on each of these days."""
    at: str = ""
    """The time of day at which it is due, as HH:MM."""
    once_on: date | None = None
    """A day on which it must be due exactly once, at any time."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The timing is rejected with 422, and the message contains these words and a remedy."""

    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command of `chimera`, run in its own folder."""

    arguments: tuple[str | bytes, ...]
    environment: Mapping[str, str | bytes] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    on_terminal: bool = False
    reads: int | None = None
    """How many bytes of its output are read before the reader closes it; None to read everything."""
    keeps_api: bool = True
    """Whether the command gets the API's address from variables."""
    shell: str = ""
    """A shell script that runs the command as `"$@"`, for example with closed streams or in another folder."""


@dataclass(frozen=True, slots=True)
class Exits:
    """How a command must end, and what it must print to both streams together. A traceback is always wrong."""

    code: int | None = 0
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A finding that isn't tried here. The case's note explains why."""


Act = TaskCase | ApiCalls | SocketCase | Scheduled | Command | NotRun
Right = Ends | Answers | Due | Refused | Exits | None


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `source` is where this kind of case was observed: a public thread, or "own"."""

    id: str
    kind: str
    source: str
    what: str
    act: Act
    right: Right
    note: str = ""
    """Why this result is correct, if that is debatable."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables of a worker that is started for this case; such cases run after the others. `{port}` stands for the
    model server's port."""
    alone: bool = False
    """Whether the case blocks its provider for other cases, so that it must run after them."""

    @property
    def wire(self) -> str:
        return self.act.wire if isinstance(self.act, TaskCase) else "-"
