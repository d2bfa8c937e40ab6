"""Context of a tool call: its identity, its limits, and a way to report progress."""

from collections.abc import Callable
from dataclasses import dataclass, field

from models.ids import NodePath, RunId, UserId


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """Limits of a tool's time and output; `activities/tool_results.py` enforces them.

    A tool may read them to ask its clients for less, for example with a shorter timeout.
    """

    deadline: float
    """When the tool is stopped, by the event loop's clock."""
    max_result_chars: int
    """Longer results are cut."""


def _unreported(message: str) -> None:
    """Ignore a report of progress."""


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
    limits: ToolLimits
    is_untrusted: bool = False
    """Whether the run has read content from outside, so that a stranger may have influenced the arguments."""
    report: Callable[[str], None] = field(default=_unreported)
    """Reports progress in a few words."""
