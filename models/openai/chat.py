"""`POST /v1/chat/completions`: its request, its answer, and the chunks of a streamed answer."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from models.base import Contract, Flag, Number, OutputSchema, Whole
from models.openai.base import (
    Effort,
    Extension,
    Metadata,
    Stops,
    Unless,
    WireBody,
)
from models.openai.content import Parts
from models.openai.tools import CalledTool, ChatTools, ToolChoice
from models.replies import MAX_CLIENT_TOOLS, MAX_MESSAGES

Role = Literal["developer", "system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
MAX_NAME_CHARS = 200


def _current_role(value: object) -> object:
    if value == "function":
        raise ValueError("Messages with the role 'function' aren't supported. Send tool results with the role 'tool'.")
    return value


class ChatMessageBody(WireBody):
    role: Annotated[Role, BeforeValidator(_current_role)]
    content: Parts = ()
    name: str | None = Field(default=None, max_length=MAX_NAME_CHARS)
    refusal: str | None = None
    tool_calls: Annotated[tuple[CalledTool, ...] | None, Field(max_length=MAX_CLIENT_TOOLS)] = None
    tool_call_id: str | None = Field(default=None, max_length=MAX_NAME_CHARS)
    function_call: Annotated[None, Unless(advice="Send tool calls in 'tool_calls'.")] = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("A message with the role 'tool' needs the field 'tool_call_id'.")
        if self.role in ("user", "developer", "system") and not self.content:
            raise ValueError(f"A message with the role {self.role!r} needs the field 'content'.")
        return self


class JsonSchemaFormat(WireBody):
    name: str = Field(default="answer", max_length=64)
    description: str | None = None
    schema_: OutputSchema | None = Field(default=None, alias="schema")
    strict: Flag | None = None


class ResponseFormat(WireBody):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> Self:
        if self.type == "json_schema" and (self.json_schema is None or self.json_schema.schema_ is None):
            raise ValueError("The format 'json_schema' needs the field 'json_schema' with a 'schema'.")
        return self

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The schema of the answer; None if any text is accepted."""
        if self.type == "json_schema" and self.json_schema is not None:
            return self.json_schema.schema_
        return {"type": "object"} if self.type == "json_object" else None


class StreamOptions(WireBody):
    include_usage: Flag = False


class ChatCompletionSpec(WireBody):
    """A conversation to answer. Unknown fields are ignored; docs/reference/openai.md lists the supported ones."""

    model: str = Field(
        min_length=1,
        max_length=300,
        description="Name of one of your agents, or a model as `provider/model`. `GET /v1/models` lists both.",
    )
    messages: Annotated[tuple[ChatMessageBody, ...], Field(min_length=1, max_length=MAX_MESSAGES, fail_fast=True)]
    stream: Flag | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Whole | None = Field(default=None, ge=1, le=131_072, description="Old name of `max_completion_tokens`")
    max_completion_tokens: Whole | None = Field(
        default=None, ge=1, le=131_072, description="Maximum number of tokens in the answer"
    )
    temperature: Number | None = Field(default=None, ge=0, le=2)
    top_p: Number | None = Field(default=None, ge=0, le=1)
    stop: Stops = ()
    response_format: ResponseFormat | None = None
    tools: Annotated[tuple[ChatTools, ...] | None, Field(max_length=MAX_CLIENT_TOOLS)] = None
    tool_choice: ToolChoice = None
    reasoning_effort: Effort | None = None
    metadata: Metadata | None = None
    store: Flag | None = None
    n: Annotated[None, Unless(1, advice="Only one answer per request is supported. Send several requests.")] = None
    logprobs: Annotated[None, Unless(False, advice="Log probabilities aren't available. Omit 'logprobs'.")] = None
    top_logprobs: Annotated[None, Unless(0, advice="Log probabilities aren't available. Omit 'top_logprobs'.")] = None
    audio: Annotated[None, Unless(advice="Audio answers aren't supported. Omit 'audio'.")] = None
    modalities: Annotated[None, Unless(["text"], advice="Answers are always text. Omit 'modalities'.")] = None
    functions: Annotated[None, Unless(advice="'functions' was replaced by 'tools'. Send tools of type 'function'.")] = (
        None
    )
    function_call: Annotated[None, Unless("none", "auto", advice="'function_call' was replaced by 'tool_choice'.")] = (
        None
    )
    web_search_options: Annotated[None, Unless(advice="Use an agent with the web_search tool as the model.")] = None

    @property
    def max_output_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def output_schema(self) -> dict[str, Any] | None:
        return self.response_format.output_schema if self.response_format else None

    @property
    def includes_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class PromptDetails(Contract):
    cached_tokens: int = 0
    audio_tokens: int = 0


class CompletionDetails(Contract):
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class ChatUsage(Contract):
    """The tokens of all model calls of the run."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class ChatMessage(Contract):
    role: Literal["assistant"] = "assistant"
    content: str | None = None
    refusal: str | None = None
    annotations: tuple[()] = ()
    tool_calls: tuple[CalledTool, ...] | None = None


class ChatChoice(Contract):
    index: int = 0
    message: ChatMessage
    logprobs: None = None
    finish_reason: FinishReason


class ChatCompletion(Contract):
    """An answer."""

    id: str = Field(description="`chatcmpl-` and the ID of the run")
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = Field(description="The model, as it was requested")
    choices: tuple[ChatChoice, ...]
    usage: ChatUsage
    service_tier: Literal["default"] = "default"
    system_fingerprint: None = None
    chimera: Extension


class DeltaTool(Contract):
    index: int
    id: str
    type: Literal["function"] = "function"
    function: dict[str, str]


class Delta(Contract):
    role: Literal["assistant"] | None = None
    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[DeltaTool, ...] | None = None


class ChunkChoice(Contract):
    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: FinishReason | None = None


class ChatChunk(Contract):
    """A piece of a streamed answer."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: ChatUsage | None = None
    service_tier: Literal["default"] = "default"
    system_fingerprint: None = None
    chimera: Extension | None = None
