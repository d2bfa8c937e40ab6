"""Context of a tool call: its identity, and the clients that the tool may use."""

from dataclasses import dataclass

from chimera.config.settings import Settings
from chimera.db.engine import Database
from models.ids import NodePath, RunId, UserId


@dataclass(frozen=True, slots=True)
class ToolClients:
    """The worker's clients that a tool may use. They live as long as the process."""

    settings: Settings
    database: Database


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """Limits of a tool's time and output; `activities/tool_results.py` enforces them.

    A tool may read them to ask its clients for less, for example with a shorter timeout.
    """

    deadline: float
    """When the tool is stopped, by the event loop's clock."""
    max_result_chars: int
    """Longer results are cut."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """One call of a tool."""

    owner_id: UserId
    """The user for whom the tool acts: it has no more rights than this user."""
    run_id: RunId
    path: NodePath
    step: int
    index: int
    idempotency_key: str
    """The same for each attempt of this call, and different for every other call."""
    clients: ToolClients
    limits: ToolLimits
