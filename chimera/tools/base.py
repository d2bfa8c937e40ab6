"""Tools, which are functions that a model can call, and the errors of a call."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from chimera.content.text import clean_text
from chimera.tools.context import ToolContext
from models.errors import ChimeraError
from models.tools import ToolDefinition, ToolKind

Arguments = TypeVar("Arguments", bound=BaseModel)

_MESSAGE_CHARS = 500


@dataclass(frozen=True, slots=True)
class ToolImage:
    """An image in a tool's result."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The result of a tool. `failed` means that the text is an error that the tool itself reported."""

    text: str
    failed: bool = False
    images: tuple[ToolImage, ...] = ()


class Tool(Protocol):
    """A function that a model can call."""

    @property
    def definition(self) -> ToolDefinition: ...

    async def run(self, arguments: Mapping[str, JsonValue], context: ToolContext) -> ToolOutput:
        """Run with arguments that match the schema.

        Raises ToolError with advice for the model, ToolUnavailable if the call certainly had no effect and may be
        repeated, and OutcomeUnknown if it may have had an effect. Any other error counts as OutcomeUnknown.
        """
        ...


class TypedTool(Generic[Arguments]):
    """A built-in tool, whose arguments are a pydantic model. A subclass sets the attributes and implements `call`."""

    name: str
    description: str
    kind: ToolKind
    arguments: type[Arguments]
    instant: bool = False
    reads_only: bool = False
    untrusted: bool = False
    egress: bool = False

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(
            name=self.name,
            description=self.description,
            parameters=_schema_of(self.arguments),
            kind=self.kind,
            instant=self.instant,
            reads_only=self.reads_only,
            untrusted=self.untrusted,
            egress=self.egress,
        )

    async def run(self, arguments: Mapping[str, JsonValue], context: ToolContext) -> ToolOutput:
        return await self.call(self._read(arguments), context)

    async def call(self, arguments: Arguments, context: ToolContext) -> ToolOutput:
        """Run, as in `Tool.run`."""
        raise NotImplementedError

    def _read(self, arguments: Mapping[str, JsonValue]) -> Arguments:
        try:
            return self.arguments.model_validate(arguments)
        except ValidationError as error:
            raise ToolError(problems_of(self.name, [_problem_in(each) for each in error.errors()])) from None


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out the titles, which only repeat names: each call of a model pays for them."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def _schema_of(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return a schema that isn't built again for every model call."""
    schema = arguments.model_json_schema(schema_generator=_WithoutTitles)
    # The class's name and docstring are for readers of the code.
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def problems_of(tool: str, problems: list[str]) -> str:
    """Return the message for a model whose arguments don't match the schema."""
    return f"Invalid arguments for {tool!r}: {'; '.join(problems[:3])}. Send one JSON object."


def _problem_in(error: Any) -> str:
    return f"{'.'.join(map(str, error['loc'])) or 'arguments'}: {error['msg']}"


class ToolError(ChimeraError):
    """A tool call that fails. The model sees the message and continues; the run doesn't fail."""

    code, http_status, title = "tool_failed", 422, "A tool call failed"

    def __init__(self, message: str) -> None:
        super().__init__(clean_text(message)[:_MESSAGE_CHARS])


class ToolUnavailable(ChimeraError):
    """A server that a tool needs can't be reached. The call had no effect, so it may be repeated later.

    `retry_after_s` is how long the server asked to wait, if it did.
    """

    code, http_status, title = "tool_unavailable", 503, "A tool is unavailable"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(clean_text(message)[:_MESSAGE_CHARS], retry_after_s=retry_after_s)


class OutcomeUnknown(ChimeraError):
    """A tool call was sent, but its result was lost: it may or may not have had its effect."""

    code, http_status, title = "tool_outcome_unknown", 503, "The outcome of a tool call is unknown"
    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(clean_text(message)[:_MESSAGE_CHARS])
