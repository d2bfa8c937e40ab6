"""Tools, which are functions that a model can call, and the only error that the model sees.

`kind` determines how a tool runs, and what happens if its result is lost. The result of a `pure` tool depends only on
its arguments and is available at once: the tool runs together with the answer that calls it, and has no context. An
`idempotent` tool may run again (its context has an idempotency key). A call of a `once` tool never runs again: the
model is told that its outcome is unknown.
"""

from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel

from chimera.content.text import clean_text
from chimera.tools.context import ToolContext
from models.errors import ChimeraError

Arguments = TypeVar("Arguments", bound=BaseModel)

_MESSAGE_CHARS = 300


class PureTool(Protocol[Arguments]):
    """A function of its arguments alone."""

    name: str
    description: str
    kind: Literal["pure"]
    arguments: type[Arguments]

    async def run(self, args: Arguments) -> str:
        """Run and return text; raises `ToolError` with a hint for the model."""
        ...


class Tool(Protocol[Arguments]):
    """A function with side effects, which runs in an activity of its own."""

    name: str
    description: str
    kind: Literal["idempotent", "once"]
    arguments: type[Arguments]

    async def run(self, args: Arguments, context: ToolContext) -> str:
        """Run and return text, like a pure tool, for the call that the context identifies."""
        ...


AnyTool = PureTool[Any] | Tool[Any]


class ToolError(ChimeraError):
    """A tool call that fails. The model sees the message and continues; the run doesn't fail."""

    code, http_status, title = "tool_failed", 422, "A tool call failed"

    def __init__(self, message: str) -> None:
        super().__init__(clean_text(message)[:_MESSAGE_CHARS])
