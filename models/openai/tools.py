"""Tools of the client: functions that the model may call, and that the client runs."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator
from pydantic_core import to_json

from models.base import Contract, Flag, OutputSchema
from models.openai.base import NULL, Also, WireBody
from models.tools import TOOL_NAME

FunctionName = Annotated[str, Field(pattern=TOOL_NAME)]
ONLY_FUNCTIONS = (
    "Only tools of type 'function' are supported. Give an agent its own tools, and use the agent as the model."
)


def _no_parameters() -> dict[str, JsonValue]:
    return {"type": "object", "properties": {}}


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _or_no_parameters(value: object) -> object:
    return _no_parameters() if value is None else value


class Function(WireBody):
    name: FunctionName
    description: Annotated[str, Field(max_length=10_000), BeforeValidator(_or_empty), Also(NULL)] = ""
    parameters: Annotated[OutputSchema, BeforeValidator(_or_no_parameters), Also(NULL)] = Field(
        default_factory=_no_parameters
    )
    strict: Flag | None = None


def _is_function(value: object) -> object:
    if isinstance(value, dict) and value.get("type", "function") != "function":
        raise ValueError(ONLY_FUNCTIONS)
    return value


class ChatTool(WireBody):
    """A tool in the spelling of Chat Completions, which nests the function."""

    type: Literal["function"] = "function"
    function: Function


class ResponsesTool(Function):
    """A tool in the spelling of Responses."""

    type: Literal["function"] = "function"


ChatTools = Annotated[ChatTool, BeforeValidator(_is_function)]
ResponsesTools = Annotated[ResponsesTool, BeforeValidator(_is_function)]


class Choice(WireBody):
    """Which tool the model has to call: `mode` is one of OpenAI's words, or `name` names a function."""

    mode: Literal["auto", "none", "required"] | None = None
    name: FunctionName | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.mode is None) == (self.name is None):
            raise ValueError("Use 'auto', 'none', 'required', or an object that names a function.")
        return self


def _as_choice(value: object) -> object:
    if isinstance(value, str):
        return {"mode": value}
    if isinstance(value, dict) and value.get("type") == "function":
        function: Any = value.get("function", value)
        return {"name": function.get("name")} if isinstance(function, dict) else value
    return value


ToolChoice = Annotated[
    Choice | None,
    BeforeValidator(_as_choice),
    Also({"enum": ["auto", "none", "required"]}),
    Field(description="`auto`, `none`, `required`, or an object that names a function"),
]


def _as_json(value: object) -> object:
    """Some clients send a call's arguments as an object instead of as its JSON text."""
    return to_json(value).decode() if isinstance(value, dict) else value


class CalledFunction(Contract):
    name: str
    arguments: Annotated[str, BeforeValidator(_as_json), Also({"type": "object"})] = "{}"


class CalledTool(Contract):
    """A tool call in a message of Chat Completions."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction
