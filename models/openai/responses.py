"""`POST /v1/responses`: its request, and the response object."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from models.base import RESPONSE_ID, Contract, Flag, Number, OutputSchema, Whole
from models.openai.base import TEXT, Also, Effort, Extension, Metadata, Unless, WireBody
from models.openai.content import Parts
from models.openai.tools import FunctionName, ResponsesTools, ToolChoice
from models.replies import MAX_CLIENT_TOOLS, MAX_MESSAGES

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
ItemType = Literal["message", "function_call", "function_call_output", "reasoning"]
_ONLY_ITEMS = "Only items of type 'message', 'function_call', 'function_call_output' and 'reasoning' are supported."


def _supported(value: object) -> object:
    if isinstance(value, str) and value not in ("message", "function_call", "function_call_output", "reasoning"):
        raise ValueError(_ONLY_ITEMS)
    return value


class InputItem(WireBody):
    """A message, a tool call of an earlier answer, or the result of one. Reasoning items are ignored."""

    type: Annotated[ItemType, BeforeValidator(_supported)] = "message"
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: Parts = ()
    call_id: str | None = Field(default=None, min_length=1, max_length=200)
    name: FunctionName | None = None
    arguments: str | None = None
    output: Parts = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type == "message" and self.role is None:
            raise ValueError("A message needs the field 'role'.")
        if self.type == "message" and not self.content and self.role != "assistant":
            raise ValueError("A message needs the field 'content'.")
        if self.type == "function_call" and (self.call_id is None or self.name is None or self.arguments is None):
            raise ValueError("An item of type 'function_call' needs 'call_id', 'name' and 'arguments'.")
        if self.type == "function_call_output" and self.call_id is None:
            raise ValueError("An item of type 'function_call_output' needs 'call_id'.")
        return self


def _as_messages(value: object) -> object:
    return ({"type": "message", "role": "user", "content": value},) if isinstance(value, str) else value


class TextFormat(WireBody):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str = Field(default="answer", max_length=64)
    schema_: OutputSchema | None = Field(default=None, alias="schema")
    strict: Flag | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> Self:
        if self.type == "json_schema" and self.schema_ is None:
            raise ValueError("The format 'json_schema' needs the field 'schema'.")
        return self


class TextConfig(WireBody):
    format: TextFormat | None = None


class ReasoningConfig(WireBody):
    effort: Effort | None = None


class ResponseSpec(WireBody):
    """A conversation to answer. Unknown fields are ignored; docs/reference/openai.md lists the supported ones."""

    model: str = Field(
        min_length=1,
        max_length=300,
        description="Name of one of your agents, or a model as `provider/model`. `GET /v1/models` lists both.",
    )
    input: Annotated[
        tuple[InputItem, ...],
        Field(fail_fast=True, min_length=1, max_length=MAX_MESSAGES),
        BeforeValidator(_as_messages),
        Also(TEXT),
        Field(description="A text, or a list of items"),
    ]
    instructions: str | None = Field(
        default=None, max_length=100_000, description="System message. For an agent, it follows the agent's own prompt."
    )
    previous_response_id: str | None = Field(
        default=None, pattern=RESPONSE_ID, description="ID of a stored response, whose conversation this one continues"
    )
    stream: Flag | None = None
    store: Flag | None = Field(
        default=None, description="`false`: the response can't be retrieved. The run itself is always recorded."
    )
    background: Flag | None = Field(default=None, description="`true`: return at once, and work in the background")
    max_output_tokens: Whole | None = Field(default=None, ge=1, le=131_072)
    temperature: Number | None = Field(default=None, ge=0, le=2)
    top_p: Number | None = Field(default=None, ge=0, le=1)
    text: TextConfig | None = None
    tools: Annotated[tuple[ResponsesTools, ...] | None, Field(max_length=MAX_CLIENT_TOOLS)] = None
    tool_choice: ToolChoice = None
    reasoning: ReasoningConfig | None = None
    metadata: Metadata | None = None
    conversation: Annotated[
        None, Unless(advice="Stored conversations aren't supported. Send 'previous_response_id'.")
    ] = None
    prompt: Annotated[None, Unless(advice="Stored prompts aren't supported. Use an agent as the model.")] = None
    top_logprobs: Annotated[None, Unless(0, advice="Log probabilities aren't available. Omit 'top_logprobs'.")] = None

    @model_validator(mode="after")
    def _can_be_fetched(self) -> Self:
        if self.background and self.store is False:
            raise ValueError("A response in the background has to be stored. Omit 'store', or set it to true.")
        return self

    @property
    def is_stored(self) -> bool:
        return self.store is not False

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The schema of the answer; None if any text is accepted."""
        wanted = self.text.format if self.text else None
        if wanted is None or wanted.type == "text":
            return None
        return wanted.schema_ if wanted.type == "json_schema" else {"type": "object"}


class OutputText(Contract):
    type: Literal["output_text"] = "output_text"
    text: str
    annotations: tuple[()] = ()
    logprobs: tuple[()] = ()


class OutputMessage(Contract):
    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed", "incomplete"]
    content: tuple[OutputText, ...]


class OutputCall(Contract):
    id: str
    type: Literal["function_call"] = "function_call"
    call_id: str
    name: str
    arguments: str
    status: Literal["in_progress", "completed"] = "completed"


OutputItem = OutputMessage | OutputCall


class InputDetails(Contract):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputDetails(Contract):
    reasoning_tokens: int = 0


class ResponseUsage(Contract):
    """The tokens of all model calls of the run."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int


class ResponseProblem(Contract):
    code: str
    message: str


class Incomplete(Contract):
    reason: Literal["max_output_tokens", "content_filter"]


class Echo(Contract):
    """The fields of a request that its response repeats."""

    model: str = Field(description="The model, as it was requested")
    instructions: str | None = None
    previous_response_id: str | None = None
    background: bool = False
    store: bool = True
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: dict[str, Any] = Field(default_factory=lambda: {"format": {"type": "text"}})
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: str | dict[str, Any] = "auto"
    parallel_tool_calls: bool = True
    reasoning: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, str] = Field(default_factory=dict)
    truncation: Literal["disabled"] = "disabled"
    service_tier: Literal["default"] = "default"


class ResponseObject(Echo):
    """A response, in whatever state it is."""

    id: str = Field(description="`resp_` and the ID of the run")
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: Status
    error: ResponseProblem | None = None
    incomplete_details: Incomplete | None = None
    output: tuple[OutputItem, ...] = ()
    usage: ResponseUsage | None = None
    chimera: Extension


class DeletedResponse(Contract):
    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


def echo_of(spec: ResponseSpec) -> Echo:
    """Return what a response repeats of its request."""
    wanted = (
        spec.text.format.model_dump(mode="json", by_alias=True, exclude_none=True)
        if spec.text and spec.text.format
        else None
    )
    if wanted is not None and wanted["type"] != "json_schema":
        wanted = {"type": wanted["type"]}
    choice = spec.tool_choice
    return Echo(
        model=spec.model,
        instructions=spec.instructions,
        previous_response_id=spec.previous_response_id,
        background=bool(spec.background),
        store=spec.is_stored,
        max_output_tokens=spec.max_output_tokens,
        temperature=spec.temperature,
        top_p=spec.top_p,
        text={"format": wanted or {"type": "text"}},
        tools=tuple({"strict": None, **tool.model_dump(mode="json", exclude_none=True)} for tool in spec.tools or ()),
        tool_choice="auto" if choice is None else choice.mode or {"type": "function", "name": choice.name},
        reasoning={"effort": spec.reasoning.effort if spec.reasoning else None, "summary": None},
        metadata=spec.metadata or {},
    )
