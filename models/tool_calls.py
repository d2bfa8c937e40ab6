"""Tool calls: only their places and outcomes. Arguments and results are rows of the transcript."""

from typing import Final

from models.base import Contract
from models.ids import NodePath, RunId

TOOL_SECONDS: Final = 50
"""How long a tool may run."""


class ToolCallRequest(Contract):
    """The `index`-th tool call that was requested in turn `step`."""

    run_id: RunId
    path: NodePath
    step: int
    index: int


class ToolCallOutcome(Contract):
    """The outcome of a tool call. If it failed, the model sees the failure, and the run continues."""

    tool: str
    failed: bool = False
