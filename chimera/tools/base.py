"""What a tool is, and the one error that it tells a model.

`kind` decides how it is run and what a lost answer means. A `pure` tool is a function of its arguments alone and
answers at once: it is run with the answer that asks for it. An `idempotent` one may run again (it is given a key), a
`once` tool never: there a person is asked.
"""

from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel

from chimera.content.text import clean_text
from models.errors import ChimeraError

ToolKind = Literal["pure", "idempotent", "once"]
Arguments = TypeVar("Arguments", bound=BaseModel)

_MESSAGE_CHARS = 300


class Tool(Protocol[Arguments]):
    """A function that a model may ask for."""

    name: str
    description: str
    kind: ToolKind
    arguments: type[Arguments]

    async def run(self, args: Arguments) -> str:
        """Do it and answer in words; raises `ToolError` with what the model should do instead."""
        ...


AnyTool = Tool[Any]


class ToolError(ChimeraError):
    """A tool call that can't be done. The model is told the message and goes on; the run doesn't fail."""

    code, http_status, title = "tool_failed", 422, "A tool could not do what was asked"

    def __init__(self, message: str) -> None:
        super().__init__(clean_text(message)[:_MESSAGE_CHARS])
