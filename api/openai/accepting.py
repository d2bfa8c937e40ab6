"""Accepting a conversation as a run, once per idempotency key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Header

from api import replies
from api.ai_calls import IdempotencyKey
from api.deps import Parts
from api.openai.names import Named
from chimera.content import schemas
from chimera.content.fingerprints import fingerprint_of
from chimera.pricing import abilities_of
from chimera.store import replies as stored
from chimera.store.agents import ref_of
from models.agents import ReasoningEffort
from models.base import Contract
from models.errors import InvalidInput
from models.ids import RunId
from models.openai.chat import ChatCompletionSpec
from models.openai.responses import ResponseSpec
from models.openai.tools import Choice
from models.providers import ModelAbility
from models.replies import (
    MAX_MESSAGES,
    ClientTool,
    CompletionSpec,
    ConversationMessage,
    ImagePart,
    ReplyOptions,
)
from models.tasks import Budget
from models.users import Caller

TYPED = "typed"
"""The key in a run's metadata that says whether its answer has to match a schema."""
MAX_COST_HEADER = "X-Chimera-Max-Cost-Micro-USD"
LEAST_TOKENS = 16
"""The smallest limit that every vendor accepts. Smaller ones, which clients send to test a connection, are raised."""
LEAST_TOP_P = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The headers of a request that starts a run."""

    key: str | None
    budget: Budget | None


async def _terms(
    idempotency_key: IdempotencyKey = None,
    max_cost: Annotated[
        int | None,
        Header(
            alias=MAX_COST_HEADER,
            ge=1,
            le=10**13,
            description="Maximum cost of the run, in millionths of a US dollar",
        ),
    ] = None,
) -> Terms:
    return Terms(key=idempotency_key, budget=None if max_cost is None else Budget(max_cost_micro_usd=max_cost))


WithTerms = Annotated[Terms, Depends(_terms)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a client asks for, whichever of the two APIs it uses."""

    named: Named
    messages: tuple[ConversationMessage, ...]
    instructions: str | None = None
    tools: tuple[ClientTool, ...] = ()
    options: ReplyOptions
    output_schema: dict[str, Any] | None = None
    messages_field: str = "messages"
    schema_field: str = "response_format"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_typed(self) -> bool:
        """Whether the answer has to match a schema, so that it may be made several times before it does."""
        agent = self.named.agent
        return self.output_schema is not None or (agent is not None and agent.output_schema is not None)


class _Meant(Contract):
    """What makes two requests the same. How their answer is sent doesn't count."""

    body: ChatCompletionSpec | ResponseSpec
    budget: Budget | None


def meaning_of(spec: ChatCompletionSpec | ResponseSpec, terms: Terms) -> str:
    """Return the fingerprint of a request as it was sent: what it refers to may change before it is repeated."""
    delivery = {"stream": None} | ({"stream_options": None} if isinstance(spec, ChatCompletionSpec) else {})
    return fingerprint_of(_Meant(body=spec.model_copy(update=delivery), budget=terms.budget))


async def accepted_before(parts: Parts, caller: Caller, terms: Terms, body_sha256: str) -> RunId | None:
    """Return the run of an earlier request with the same key. Raises IdempotencyKeyReused, and Conflict if deleted."""
    if terms.key is None:
        return None
    async with parts.database.begin() as session:
        return await stored.accepted_before(session, caller.user_id, terms.key, body_sha256)


async def accept(
    parts: Parts, caller: Caller, asked: Conversation, terms: Terms, body_sha256: str
) -> tuple[RunId, bool]:
    """Store the run; return its ID and whether it is new. The caller has to let `parts.dispatcher` deliver its start.

    Raises InvalidInput, LimitReached or IdempotencyKeyReused.
    """
    _check(parts, asked)
    agent = asked.named.agent
    spec = CompletionSpec(
        agent=ref_of(agent) if agent else None,
        model=asked.named.model,
        messages=asked.messages,
        instructions=asked.instructions,
        tools=asked.tools,
        output_schema=asked.output_schema,
        budget=terms.budget,
        metadata={**asked.metadata, TYPED: asked.is_typed},
        **dict(asked.options),
    )
    return await replies.accept(parts, caller, spec, terms.key, body_sha256)


def options_of(
    *,
    max_output_tokens: int | None,
    temperature: float | None,
    top_p: float | None,
    stop: Sequence[str] = (),
    choice: Choice | None,
    effort: ReasoningEffort | None,
    tools: Sequence[ClientTool],
) -> ReplyOptions:
    """Return the options of an answer. Raises InvalidInput if a tool call is required although there are no tools."""
    tool_choice = "auto" if choice is None else choice.mode or choice.name or "auto"
    if tool_choice not in ("auto", "none") and not tools:
        raise InvalidInput("tool_choice", "A tool call can only be required if there are tools. Send 'tools'.")
    return ReplyOptions(
        max_output_tokens=None if max_output_tokens is None else max(LEAST_TOKENS, max_output_tokens),
        temperature=temperature,
        top_p=None if top_p is None else max(LEAST_TOP_P, top_p),
        stop=tuple(stop),
        tool_choice=tool_choice,
        reasoning_effort=effort,
    )


def _check(parts: Parts, asked: Conversation) -> None:
    if not asked.messages:
        raise InvalidInput(asked.messages_field, "There is no message to answer. Send one.")
    if len(asked.messages) > MAX_MESSAGES:
        raise InvalidInput(
            asked.messages_field,
            f"The conversation has {len(asked.messages):,} messages, but at most {MAX_MESSAGES:,} are possible. Begin a"
            " new conversation.",
        )
    if asked.output_schema is not None and (problem := schemas.is_usable(asked.output_schema)) is not None:
        raise InvalidInput(asked.schema_field, problem)
    if asked.named.model is not None and _has_images(asked.messages):
        abilities = abilities_of(asked.named.model, parts.settings.own_models)
        if abilities is not None and ModelAbility.IMAGE_INPUT not in abilities:
            raise InvalidInput(
                "model", f"Model {asked.named.model!r} doesn't accept images. Use a model that accepts them."
            )


def _has_images(messages: Sequence[ConversationMessage]) -> bool:
    contents = (message.content for message in messages if not isinstance(message.content, str))
    return any(isinstance(part, ImagePart) for content in contents for part in content)
