"""Tool calls: the place of one; its arguments and result are transcript rows."""

from typing import Final

from models.base import Contract
from models.ids import NodePath, RunId

TOOL_SECONDS: Final = 50
"""How long a tool may take."""


class ToolCallRequest(Contract):
    """The `index`-th tool call that the turn `step` asked for."""

    run_id: RunId
    path: NodePath
    step: int
    index: int


class ToolCallOutcome(Contract):
    """`failed` means that the model sees the failure; the run continues."""

    tool: str
    failed: bool = False
