"""The observed result of a case, as it is judged and shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.cases.case import Wire
from tests.wires.model_server import Arrival


@dataclass(frozen=True, slots=True)
class Task:
    """A task at its end, or when the wait for its end was over."""

    wire: Wire
    view: Mapping[str, Any]
    """The response to `GET /tasks/{id}`; for a rejected request, its problem details with the status `refused`."""
    arrivals: tuple[Arrival, ...] = ()
    attempts: int = 0
    finishes: tuple[str | None, ...] = ()
    """`finish_reason` of the task, its subtask, the last attempt and the last event that has one."""

    @property
    def result(self) -> str:
        return self.view.get("result") or ""

    @property
    def error(self) -> str:
        """All error messages of the task and its calls."""
        waiting, held = self.view.get("waiting") or {}, self.view.get("blocked_by") or ()
        parts = [self.view.get("error_code"), self.view.get("error"), waiting.get("message")]
        parts += [f"{call['code']}: {call['message']}" for call in held]
        parts += [str(self.view[name]) for name in ("detail", "errors") if self.view.get(name)]
        return " ".join(str(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class ApiReply:
    """The API's response."""

    status: int
    text: str
    ids: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """When a schedule is due according to the API, or in `refused` the error response."""

    due: tuple[datetime, ...] = ()
    asked_at: datetime | None = None
    refused: ApiReply | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a command ended and what it printed. The code is None if the command didn't end."""

    code: int | None
    text: str


Seen = Task | ApiReply | Times | Exit
