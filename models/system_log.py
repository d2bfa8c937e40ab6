"""The system log: warnings and errors of the installation's processes."""

from typing import Any, Literal

from pydantic import Field

from models.base import Contract, UtcDatetime

Level = Literal["info", "warning", "error", "critical"]
EVENT_CHARS = 200
FIELDS_CHARS = 4000


class LogEntry(Contract):
    """An event that a process logged."""

    id: int = Field(description="Number of the entry; later entries have larger numbers")
    at: UtcDatetime = Field(description="When the process logged the event")
    level: str = Field(description="`info`, `warning`, `error` or `critical`")
    component: str = Field(description="Name of the process's log, for example `api` or `worker`")
    event: str = Field(description=f"The event, at most {EVENT_CHARS} characters")
    fields: dict[str, Any] = Field(description="Facts about the event. Secrets are replaced by `[redacted]`.")
    request_id: str | None = Field(description="ID of the request that the process was answering")


class LogPage(Contract):
    """A page of the system log, newest entries first."""

    items: tuple[LogEntry, ...] = Field(description="Entries of this page")
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` to get the next page; `null` on the last page"
    )
