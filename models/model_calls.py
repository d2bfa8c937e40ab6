"""Model calls: their place, and the outcome that a history keeps. Prompts and replies stay in PostgreSQL."""

from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import NodePath, RunId
from models.plans import PlanNode
from models.tasks import FinishReason
from models.usage import Usage

PLACE_SECONDS = 20
"""How long a call waits for memory in its worker."""
MAX_CALL_SECONDS = 840
"""The maximum of CHIMERA_CALL_TOTAL_S, a provider's time limit for one answer."""
SETTLE_SECONDS = 3600
"""How long a paid answer waits for an unavailable database before its attempt is given up."""


class Purpose(StrEnum):
    """The purpose of a model call. Within a node, each purpose has its own transcript."""

    PLAN = "plan"
    TURN = "turn"
    AGGREGATE = "aggregate"
    SUMMARY = "summary"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    TRANSCRIPTIONS = "transcriptions"


MEDIA = frozenset({Purpose.EMBEDDINGS, Purpose.IMAGES, Purpose.TRANSCRIPTIONS})
"""Purposes of AI calls: their model calls have neither a transcript nor a conversation."""


class PurposeFacts(NamedTuple):
    """Facts about a purpose. Its prompts are in `activities/prompts`."""

    ends_node: bool
    """Whether an answer for this purpose can be the answer of its node."""
    product: str
    """What the call produces, in words for users."""
    activity: str
    """What the agent does, in words for users."""


PURPOSES: dict[Purpose, PurposeFacts] = {
    Purpose.PLAN: PurposeFacts(ends_node=False, product="plan", activity="plans"),
    Purpose.TURN: PurposeFacts(ends_node=True, product="work", activity="writes"),
    Purpose.AGGREGATE: PurposeFacts(ends_node=True, product="answer", activity="combines the results"),
    Purpose.SUMMARY: PurposeFacts(
        ends_node=False, product="summary of the conversation", activity="summarizes the conversation"
    ),
    Purpose.EMBEDDINGS: PurposeFacts(ends_node=True, product="vectors", activity="embeds"),
    Purpose.IMAGES: PurposeFacts(ends_node=True, product="images", activity="generates images"),
    Purpose.TRANSCRIPTIONS: PurposeFacts(ends_node=True, product="text", activity="transcribes"),
}


class ModelCallRequest(Contract):
    """The place of a model call in the tree. Everything else is looked up there."""

    run_id: RunId
    path: NodePath
    purpose: Purpose
    step: int
    """1 for the first call of its purpose at its node."""
    agent: str
    retry: int = 0
    """How often the subtask was retried. Each retry allows the call its full number of attempts again."""
    last_turn: bool = False
    """Whether this is the agent's last permitted turn. It can't call tools, so it has to answer, and its answer is
    final.
    """
    may_summarize: bool = False
    """For a reply in a chat session: whether older messages may be summarized before the call, if the conversation is
    long. The call isn't made then; see `ModelCallOutcome.needs_summary`.
    """


class ModelCallOutcome(Contract):
    """The facts that a workflow decides on: references, counts and a preview."""

    text_preview: str = Field(default="", max_length=200)
    tool_calls: tuple[str, ...] = Field(default=(), description="Names of the requested tools, in order")
    answered: tuple[int, ...] = Field(
        default=(), description="Indexes in `tool_calls` of the tool calls whose results already exist"
    )
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0
    plan: tuple[PlanNode, ...] | None = Field(default=None, description="For a planning call: the accepted plan")
    plan_problems: tuple[str, ...] = Field(default=(), description="For a planning call: why the plan was not accepted")
    goes_on: bool = Field(
        # The default protects histories that were recorded before answers could continue.
        default=False,
        description="`true` if the node makes one more call, because of new guidance or because the answer was cut"
        " off at its token limit",
    )
    finish_reason: FinishReason = Field(
        # The default protects histories that were recorded before this field existed.
        default="stop",
        description="Why the answer ended. `stop` also applies to a reply that requests tool calls.",
    )
    last_turn: bool = Field(
        # The default protects histories that were recorded before agents had limits of their own.
        default=False,
        description="`true` if a limit of the agent made this call its last turn",
    )
    needs_summary: bool = Field(
        # The default protects histories that were recorded before there were replies.
        default=False,
        description="`true` if the call wasn't made, because older messages have to be summarized first",
    )
    invalid: bool = Field(
        # The default protects histories that were recorded before answers could be typed.
        default=False,
        description="`true` if the answer still doesn't match its JSON Schema after its repairs",
    )


class AttemptStatus(StrEnum):
    """The state of an attempt. `in_doubt`: the outcome is unknown. `late`: the answer arrived after another attempt
    had replaced this one, or after the run had ended."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"
    LATE = "late"


class ModelCallView(Contract):
    """One attempt at a model call, as returned by the API."""

    path: NodePath
    purpose: Purpose
    step: int
    attempt: int
    agent: str
    agent_version: int | None = Field(default=None, description="Version of the agent. `null` for built-in agents.")
    model: str
    simulated: bool
    status: AttemptStatus
    usage: Usage
    reserved_micro_usd: int = Field(
        default=0, description="Highest possible cost of the call, reserved before it starts"
    )
    reserved_tokens: int = Field(
        default=0, description="Highest possible number of tokens, reserved before the call starts"
    )
    cost_micro_usd: int
    estimated: bool = Field(description="`true` if the cost is an estimate because the provider didn't report usage")
    finish_reason: FinishReason | None = Field(
        default=None, description="Why the answer ended. `null` if there is no answer."
    )
    error_code: str | None
    started_at: UtcDatetime
    ended_at: UtcDatetime | None
