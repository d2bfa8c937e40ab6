"""The state of the installation's processes and queues."""

from pydantic import Field

from models.base import Contract, UtcDatetime

REPORT_S = 5.0
"""How often a process reports its figures, in seconds."""
FORGOTTEN_S = 60.0
"""How long after its last report a process is shown, in seconds."""


class ProcessFigures(Contract):
    """What a process measured about itself. A figure is `null` if it doesn't apply or can't be measured."""

    cpu_share: float | None = Field(default=None, description="Processor time per second since the last report")
    memory_bytes: int | None = Field(default=None, description="Resident memory")
    loop_lag_ms: float | None = Field(
        default=None, description="Longest delay of the event loop since the last report, in milliseconds"
    )
    pool_in_use: int | None = Field(default=None, description="Database connections in use")
    pool_size: int | None = Field(default=None, description="Maximum number of database connections")
    sockets: int | None = Field(default=None, description="Open WebSockets; only for the API")
    streams: int | None = Field(default=None, description="Open event streams; only for the API")
    slots: int | None = Field(default=None, description="Maximum number of activities at once; only for workers")
    slots_in_use: int | None = Field(default=None, description="Model calls in progress; only for workers")
    log_dropped: int | None = Field(
        default=None, description="Entries of the system log that were dropped because too many were waiting"
    )


class ProcessView(Contract):
    """A process and its latest report."""

    name: str = Field(description="Component, process ID and host name")
    component: str = Field(description="Name of the process's log, for example `api` or `worker`")
    started_at: UtcDatetime = Field(description="Time of the first report")
    seen_at: UtcDatetime = Field(description="Time of the latest report")
    figures: ProcessFigures = Field(description="Figures of the latest report")


class QueueFigures(Contract):
    """Work that waits or is in progress."""

    runs_open: dict[str, dict[str, int]] = Field(
        description="Number of runs that have not ended, by kind and status, for example `task` and `queued`"
    )
    outbox: int = Field(description="Number of messages that Temporal has not received yet")
    outbox_oldest_s: float | None = Field(
        description="Age of the oldest of them in seconds; `null` if there is none. Starts that have to wait for other"
        " runs aren't counted"
    )
    changes: int = Field(description="Number of changes that are not part of the rollups yet, counted up to 10,000")


class SystemMetrics(Contract):
    """The state of the installation."""

    at: UtcDatetime = Field(description="Time of the figures, by the database's clock")
    queues: QueueFigures = Field(description="Work that waits or is in progress")
    processes: tuple[ProcessView, ...] = Field(
        description=f"Processes that reported in the last {FORGOTTEN_S:.0f} seconds, by name"
    )
