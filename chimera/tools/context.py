"""What a tool knows of the call that it serves, and what it may reach."""

from dataclasses import dataclass

from chimera.config.settings import Settings
from chimera.db.engine import Database
from models.ids import NodePath, TaskId, UserId


@dataclass(frozen=True, slots=True)
class ToolClients:
    """The clients of the worker that a tool may use. They live as long as the process."""

    settings: Settings
    database: Database


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """How much a tool may take and give."""

    deadline: float
    """By the clock of the event loop: at that moment it is stopped."""
    max_result_chars: int
    """What is longer is cut."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """One call of a tool."""

    owner_id: UserId
    """On whose behalf it works: what the owner may not do, it may not."""
    run_id: TaskId
    path: NodePath
    step: int
    index: int
    idempotency_key: str
    """The same at each attempt at this call, and no other call's."""
    clients: ToolClients
    limits: ToolLimits
