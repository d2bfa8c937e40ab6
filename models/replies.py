"""Replies: runs that answer a conversation. Requests, the input of the workflow, and views.

A reply answers in a chat session (kind `reply`), or it answers the messages that came with a request (kind
`completion`). The answer is the result of the run.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, field_validator, model_validator

from models.agents import AgentSpec, AnswerTokens, ReasoningEffort
from models.base import (
    AGENT,
    BASE64,
    IMAGE_TYPE,
    Body,
    Contract,
    Fallbacks,
    Flag,
    ModelRef,
    Number,
    OutputSchema,
    UtcDatetime,
    Whole,
    has_endless,
)
from models.ids import RunId, UserId
from models.nodes import NodeState
from models.runs import RunKind, RunStatus
from models.tasks import Budget, BudgetView, FinishReason, RunPolicy
from models.tools import TOOL_NAME
from models.usage import Usage
from models.waits import Waiting

MAX_MESSAGES = 2000
MAX_TEXT_CHARS = 1_000_000
MAX_PARTS = 100
MAX_CLIENT_TOOLS = 128
MAX_STOPS = 4
MAX_VERSION = 2**31 - 1

BARE_MODEL = "(model)"
"""Stands for the agent in the ledger and in events, if a model answers without one. No agent can have this name."""


DRAFT = "(draft)"
"""Stands for an agent that a request contains instead of naming it, in the ledger and in events. What it does counts
for no agent of this name."""


class ReplyPurpose(StrEnum):
    """What a reply is for."""

    ANSWER = "answer"
    TITLE = "title"
    SUMMARY = "summary"
    SUGGESTIONS = "suggestions"


class _Verbatim(Body):
    """A body whose texts keep their white space."""

    model_config = ConfigDict(str_strip_whitespace=False)


class TextPart(_Verbatim):
    """A text in a message."""

    type: Literal["text"]
    text: str = Field(max_length=MAX_TEXT_CHARS)


class ImagePart(_Verbatim):
    """An image in a message: one of your files, or the image itself."""

    type: Literal["image"]
    file_id: UUID | None = Field(default=None, description="ID of your image file")
    media_type: str | None = Field(
        default=None,
        pattern=IMAGE_TYPE,
        description="Media type of `data`: `image/png`, `image/jpeg`, `image/gif` or `image/webp`",
    )
    data: str | None = Field(default=None, max_length=8_000_000, pattern=BASE64, description="The image, in base64")

    @model_validator(mode="after")
    def _has_one_source(self) -> "ImagePart":
        if (self.file_id is None) == (self.data is None) or (self.data is None) != (self.media_type is None):
            raise ValueError("Send either file_id, or data with its media_type.")
        return self


class FilePart(_Verbatim):
    """A text file in a message: one of your files."""

    type: Literal["file"]
    file_id: UUID = Field(description="ID of your file")


MessagePart = Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]


class ClientCall(_Verbatim):
    """A call of a function that the caller runs."""

    id: str = Field(min_length=1, max_length=200)
    name: str = Field(pattern=TOOL_NAME)
    arguments: str = Field(
        default="{}", max_length=MAX_TEXT_CHARS, description="Arguments as the model wrote them, usually JSON"
    )


class ConversationMessage(_Verbatim):
    """A message of a conversation that comes with a request."""

    role: Literal["system", "user", "assistant", "tool"]
    content: (
        Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
        | Annotated[tuple[MessagePart, ...], Field(max_length=MAX_PARTS, fail_fast=True)]
    ) = Field(default="", description="A text, or a list of parts. Only messages of users can have images and files.")
    tool_calls: Annotated[tuple[ClientCall, ...], Field(max_length=MAX_CLIENT_TOOLS, fail_fast=True)] = Field(
        default=(), description="For a message of the assistant: the calls of your functions"
    )
    tool_call_id: str | None = Field(
        default=None, min_length=1, max_length=200, description="For the result of a function: the ID of the call"
    )

    @model_validator(mode="after")
    def _fits_its_role(self) -> "ConversationMessage":
        if self.tool_calls and self.role != "assistant":
            raise ValueError("Only messages with the role assistant can have tool_calls. Remove them.")
        if (self.tool_call_id is not None) != (self.role == "tool"):
            raise ValueError("Messages with the role tool, and only those, need the tool_call_id that they answer.")
        parts = () if isinstance(self.content, str) else self.content
        if self.role != "user" and any(not isinstance(part, TextPart) for part in parts):
            raise ValueError("Only messages with the role user can have images and files. Send text.")
        return self


def _no_arguments() -> dict[str, JsonValue]:
    return {"type": "object", "properties": {}}


class ClientTool(_Verbatim):
    """A function that the caller runs. If the model calls it, the reply ends with the call."""

    name: Annotated[str, StringConstraints(pattern=TOOL_NAME)]
    description: str = Field(default="", max_length=10_000)
    parameters: dict[str, JsonValue] = Field(default_factory=_no_arguments, description="JSON Schema of the arguments")

    @field_validator("parameters")
    @classmethod
    def _can_be_stored(cls, parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if has_endless(parameters):
            raise ValueError("The schema contains a number that is too large. Use a smaller one.")
        return parameters


class ReplyOptions(_Verbatim):
    """How a model answers. Omitted options are those of the agent, or the defaults of the model."""

    max_output_tokens: AnswerTokens | None = Field(
        default=None, description="Maximum number of tokens in the answer, at least 16. Default: the agent's, or 4096."
    )
    temperature: Number | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Sampling temperature. Not sent to models that don't accept a temperature.",
    )
    top_p: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Probability mass that is sampled from. Not sent to models that don't accept it.",
    )
    stop: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(fail_fast=True)] = Field(
        default=(), max_length=MAX_STOPS, description="Texts before which the answer ends"
    )
    tool_choice: Annotated[str, Field(max_length=64)] = Field(
        default="auto",
        pattern=TOOL_NAME,
        description="`auto`, `none` (the model can't call tools), `required` (it has to call one), or the name of the"
        " function to call",
    )
    reasoning_effort: ReasoningEffort | None = Field(
        default=None, description="Reasoning effort, for reasoning models. Default: the agent's, or the model's."
    )


class CompletionSpec(ReplyOptions):
    """A conversation to answer: `POST /api/v1/chat/completions`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": "simulator/standard", "messages": [{"role": "user", "content": "Hello"}]}]
        }
    )

    agent: Annotated[str, StringConstraints(pattern=AGENT)] | None = Field(
        default=None, description="Name or ID of the agent that answers. Default: the model answers without an agent."
    )
    agent_version: Whole | None = Field(
        default=None,
        ge=1,
        le=MAX_VERSION,
        description="Version of `agent` that answers. Default: the newest version.",
    )
    agent_draft: AgentSpec | None = Field(
        default=None,
        description="An agent that isn't saved, and that answers instead of `agent`. Its calls are booked under the"
        f" name `{DRAFT}`; the rules for tool calls are those for an agent with its name.",
    )
    model: ModelRef | None = Field(
        default=None,
        description="Model that answers, as `provider/model`. Default: the agent's model, or the installation's default"
        " model.",
    )
    fallbacks: Fallbacks = Field(
        default=(), description="Fallback models. When a model fails, the next one in this list is tried."
    )
    messages: Annotated[tuple[ConversationMessage, ...], Field(fail_fast=True)] = Field(
        min_length=1, max_length=MAX_MESSAGES, description="The conversation, oldest message first"
    )
    instructions: str | None = Field(
        default=None,
        max_length=100_000,
        description="Instructions for the model. For an agent, they follow its own prompt.",
    )
    tools: Annotated[tuple[ClientTool, ...], Field(fail_fast=True)] = Field(
        default=(), max_length=MAX_CLIENT_TOOLS, description="Functions that you run. Agents keep their own tools."
    )
    output_schema: OutputSchema | None = None
    budget: Budget | None = None
    metadata: dict[Annotated[str, Field(max_length=60)], JsonValue] = Field(default_factory=dict, max_length=50)
    stream: Flag = Field(default=False, description="`true` to receive the reply as server-sent events")

    @field_validator("metadata")
    @classmethod
    def _is_small(cls, metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if has_endless(metadata):
            raise ValueError("The metadata contains a number that is too large. Send it as text.")
        return metadata

    @model_validator(mode="after")
    def _names_one_agent(self) -> "CompletionSpec":
        if self.agent_draft is not None and self.agent is not None:
            raise ValueError("Send either agent or agent_draft, not both.")
        if self.agent_version is not None and self.agent is None:
            raise ValueError("agent_version needs an agent. Name the agent, or omit agent_version.")
        return self

    @property
    def options(self) -> ReplyOptions:
        """The options among the fields."""
        return ReplyOptions(**{name: getattr(self, name) for name in ReplyOptions.model_fields})


class ReplyInput(Contract):
    """The argument of ReplyWorkflow: everything else is in the run's rows."""

    run_id: RunId
    owner_id: UserId
    agent: str = BARE_MODEL
    policy: RunPolicy = RunPolicy()
    priority: int = 3
    state: NodeState = NodeState()
    """The progress so far, if the workflow continued as new."""


class ReplyView(Contract):
    """A reply as returned by the API."""

    id: RunId
    kind: RunKind = Field(description="`reply`: in a chat session. `completion`: to messages that came with a request.")
    purpose: ReplyPurpose
    session_id: str | None = Field(default=None, description="For a reply in a chat session: the ID of the session")
    message_id: str | None = Field(
        default=None, description="For a reply in a chat session: the ID of the message that it answers"
    )
    status: RunStatus
    agent: str | None = Field(
        description=f"Agent that answers. `{DRAFT}` for an agent that came with the request. `null` if a model answers"
        " without an agent."
    )
    agent_version: int | None = Field(
        default=None, description="Version of the agent in its last call. `null` for built-in agents."
    )
    model: str = Field(description="Model that answered, or else the model that was chosen")
    simulated: bool = Field(description="`true` if the simulator produced the answer without calling a model")
    text: str | None = Field(
        description="The answer. For a reply that was cancelled, the part that had arrived. `null` before that."
    )
    output: JsonValue | None = Field(default=None, description="The answer as JSON, if it has a JSON Schema")
    tool_calls: tuple[ClientCall, ...] = Field(default=(), description="Calls of your functions, for you to run")
    finish_reason: FinishReason | None = Field(
        default=None,
        description="Why the answer ended. `tool_calls`: for you to run your functions. `length`: at its token limit."
        " `interrupted`: the reply was cancelled.",
    )
    budget: BudgetView | None
    usage: Usage
    cost_micro_usd: int = Field(description="Cost of the reply so far, in millionths of a US dollar")
    estimated: bool = Field(description="`true` if part of the cost is an estimate")
    in_doubt_micro_usd: int = Field(description="Estimated cost of attempts whose outcome is unknown (in doubt)")
    model_calls: int
    subtasks_total: int = Field(default=0, description="Number of subtasks that the agent has delegated")
    approvals_pending: int = Field(default=0, description="Number of decisions by people that the reply waits for")
    waiting: Waiting | None = Field(default=None, description="What a waiting reply is waiting for")
    error_code: str | None
    error: str | None
    metadata: dict[str, JsonValue]
    last_seq: int = Field(description="Sequence number of the reply's newest event")
    temporal_url: str = Field(description="URL of the run in Temporal's Web UI")
    created_at: UtcDatetime
    started_at: UtcDatetime | None
    ended_at: UtcDatetime | None
