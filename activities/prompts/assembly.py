"""Prompt assembly: builds the request of a model call from the state of its place in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from activities import continuations
from activities.agent_limits import notice_of
from activities.agents import agent_in, for_reply
from activities.continuations import MAX_CONTINUATIONS
from activities.prompts import PROMPTS, conversation, messages, summary, tool_images
from activities.prompts.results import CHARS_A_TOKEN
from activities.typed_answers import CORRECTION, MAX_REPAIRS
from chimera.config.settings import Settings
from chimera.content.text import estimate_tokens
from chimera.db.engine import Connection
from chimera.ledger import input_files, transcripts
from chimera.ledger.transcripts import CallContext, ReplyContext, TranscriptRow
from chimera.pricing import window_of
from chimera.providers.base import ChatMessage, ChatRequest, Image, ToolSpec
from models.agents import AgentSpec
from models.ids import call_id_of
from models.model_calls import PURPOSES, ModelCallRequest, Purpose
from models.replies import ReplyOptions
from models.tools import ToolDefinition

WINDOW_SHARE = 0.9
"""The share of a context window that prompts may fill. The rest is a margin, as token counts are estimates here."""
GUIDANCE_AT_ONCE = 100
USER_MESSAGE_SHARE = 0.6
GUIDANCE_SHARE = 0.25

CUT_MARK = "\n[… cut here to fit the model's context window]"


def agent_of(request: ModelCallRequest, context: CallContext) -> AgentSpec:
    """Return the agent of a call. Raises UnknownAgent if it was deleted after the run began."""
    agent = agent_in(request.agent, context.agent_spec, max_output_tokens=context.max_output_tokens)
    if context.reply is None:
        return agent
    if request.purpose is Purpose.SUMMARY:
        of_summary = {"prompt": summary.SYSTEM, "tools": (), "output_schema": None, "reasoning_effort": None}
        return agent.model_copy(update={**of_summary, "max_output_tokens": summary.MAX_TOKENS})
    return for_reply(agent, context.reply)


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """A call's request, and the state that its answer is checked against."""

    chat: ChatRequest
    written: tuple[TranscriptRow, ...]
    """The transcript rows that this call adds."""
    client_tools: frozenset[str] = frozenset()
    """The names of the offered tools that the caller runs."""
    covers_id: str | None = None
    """See `Intent`."""
    begun: tuple[str, ...] = ()
    """See `Intent`."""
    tool_call_ids: frozenset[str] = frozenset()
    output_schema: dict[str, Any] | None = None
    """The JSON Schema of the answer, if it is typed."""
    may_repair: bool = False
    """See `Intent`."""


async def assemble(
    connection: Connection,
    request: ModelCallRequest,
    context: CallContext,
    agent: AgentSpec,
    model: str,
    settings: Settings,
    tools: Iterable[ToolDefinition] = (),
    limit_reached: str | None = None,
) -> PromptRequest:
    """Return the prompt for `model`, trimmed to its context window. `tools` are offered to it. `limit_reached` explains
    to the model why this is its last turn.

    Raises AnswerMissing if a result is missing, and what `conversation.read` raises.
    """
    if request.purpose is Purpose.SUMMARY:
        return await _summary_request(connection, request, context, agent, model, settings)
    window = window_of(model, settings.own_windows)
    output = min(agent.max_output_tokens, window.longest_answer)
    offer = await _offer_of(connection, request, context, agent, model, settings, tools)
    whole = window.room_for(output)
    budget = max(256, int(whole * WINDOW_SHARE) - messages.tokens_of(agent.prompt) - offer.tokens)
    guidance = _fitting(context.guidance, int(budget * GUIDANCE_SHARE))
    spoken: list[ChatMessage] | None = None
    if context.reply is not None:
        spoken = await conversation.read(connection, request, context, model, settings, _room(whole, budget, settings))
        budget = max(256, budget - conversation.tokens_of(spoken))
    rows, left_out = await _rows_so_far(connection, request, context, guidance, budget)
    fresh: list[TranscriptRow] = []
    write = PROMPTS[request.purpose].user_message
    if write is not None and not rows and spoken is None:
        text = _cut(await write(connection, request, context, budget), int(budget * USER_MESSAGE_SHARE))
        fresh.append(messages.row(messages.FIRST_SEQ, "user", text + offer.left_out_images))
    fresh += _guidance_rows(request, guidance, rows)
    if limit_reached is not None:
        fresh += _notice_rows(request, notice_of(limit_reached), [*rows, *fresh])
    result_images = await tool_images.messages_after(connection, context.owner_id, rows, model, settings)
    options = _options_of(context)
    chat = ChatRequest(
        model=model.split("/", 1)[1],
        messages=messages.messages_of(agent.prompt, [*rows, *fresh], left_out, offer.images, result_images, spoken),
        call_id=call_id_of(request.run_id, request.path, request.purpose, request.step),
        attempt=context.attempt + 1,
        max_output_tokens=output,
        tools=offer.tools,
        tool_choice=_tool_choice(request, options, offer.tools),
        response_schema=offer.schema,
        temperature=agent.temperature,
        top_p=options.top_p,
        stop=options.stop,
        reasoning_effort=agent.reasoning_effort,
    )
    output_schema = output_schema_of(request, context, agent)
    return PromptRequest(
        chat,
        tuple(fresh),
        client_tools=offer.client_tools,
        begun=await _earlier_pieces(connection, request, rows),
        tool_call_ids=_tool_call_ids(rows, spoken or ()),
        output_schema=output_schema,
        may_repair=output_schema is not None and await _may_repair(connection, request),
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a model receives besides the messages: tools, a schema for its answer, and the run's images."""

    tools: tuple[ToolSpec, ...]
    client_tools: frozenset[str]
    """The names of those that the caller runs."""
    schema: dict[str, Any] | None
    images: list[Image]
    left_out_images: str
    """The note about images that are left out; empty if there are none."""

    @property
    def tokens(self) -> int:
        return messages.offer_tokens_of(self.tools, self.schema) + messages.image_tokens_of(self.images)


async def _offer_of(
    connection: Connection,
    request: ModelCallRequest,
    context: CallContext,
    agent: AgentSpec,
    model: str,
    settings: Settings,
    tools: Iterable[ToolDefinition],
) -> _Offer:
    own_tools = tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)
    client_tools = () if context.reply is None else _client_tools(context.reply, own_tools)
    images, left_out_images = await _images_for(model, connection, context, settings)
    return _Offer(
        tools=own_tools + client_tools,
        client_tools=frozenset(tool.name for tool in client_tools),
        schema=PROMPTS[request.purpose].schema or output_schema_of(request, context, agent),
        images=images,
        left_out_images=left_out_images,
    )


async def _rows_so_far(
    connection: Connection,
    request: ModelCallRequest,
    context: CallContext,
    guidance: Sequence[tuple[int, str]],
    budget: int,
) -> tuple[list[TranscriptRow], int]:
    """Read the node's transcript as far as it fits beside new guidance, and the number of messages left out."""
    if request.step == 1 and not context.attempt:
        return [], 0
    room = budget - sum(messages.tokens_of(words) for _, words in guidance)
    return await transcripts.read_transcript(connection, request, token_budget=room)


def _options_of(context: CallContext) -> ReplyOptions:
    return ReplyOptions() if context.reply is None else ReplyOptions.model_validate(context.reply.options)


def _tool_call_ids(rows: Sequence[TranscriptRow], spoken: Sequence[ChatMessage]) -> frozenset[str]:
    ids = {call["id"] for row in rows for call in row.tool_calls or ()}
    return frozenset(ids | {call.id for message in spoken for call in message.tool_calls})


async def _summary_request(
    connection: Connection,
    request: ModelCallRequest,
    context: CallContext,
    agent: AgentSpec,
    model: str,
    settings: Settings,
) -> PromptRequest:
    """Return the prompt that asks for a summary of a session's older messages.

    It isn't written to the transcript, because the messages are there already.
    """
    window = window_of(model, settings.own_windows)
    turn = agent_of(request.model_copy(update={"purpose": Purpose.TURN}), context)
    whole = window.room_for(min(turn.max_output_tokens, window.longest_answer))
    budget = int(whole * conversation.SUMMARIZED_SHARE)
    wanted = await conversation.to_summarize(connection, context, _room(whole, budget, settings))
    output = min(agent.max_output_tokens, int(whole * conversation.KEPT_SHARE / 2))
    text = summary.question("" if wanted is None else wanted.text, output)
    chat = ChatRequest(
        model=model.split("/", 1)[1],
        messages=(ChatMessage("system", agent.prompt), ChatMessage("user", text)),
        call_id=call_id_of(request.run_id, request.path, request.purpose, request.step),
        attempt=context.attempt + 1,
        max_output_tokens=output,
        temperature=agent.temperature,
    )
    return PromptRequest(chat, (), covers_id=None if wanted is None else wanted.covers_id)


def _room(whole: int, budget: int, settings: Settings) -> conversation.Room:
    """Return the room for a conversation: `whole` is that of all prompts, `budget` that of the messages of this one."""
    return conversation.Room(
        budget=budget,
        kept=int(whole * conversation.KEPT_SHARE),
        summarize_above=int(budget * settings.chat_summary_share),
    )


def _client_tools(reply: ReplyContext, own: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
    """Return the caller's functions, without those that have the name of one of the agent's own tools."""
    taken = {tool.name for tool in own}
    return tuple(
        ToolSpec(tool["name"], tool["description"], tool["parameters"])
        for tool in reply.client_tools
        if tool["name"] not in taken
    )


def _tool_choice(request: ModelCallRequest, options: ReplyOptions, offered: Sequence[ToolSpec]) -> str:
    """Return whether tools can or must be called. What the caller requires is required once, in the first turn."""
    if request.last_turn or options.tool_choice == "none":
        return "none"
    if request.step > 1 or not offered:
        return "auto"
    known = {"required", *(tool.name for tool in offered)}
    return options.tool_choice if options.tool_choice in known else "auto"


def output_schema_of(request: ModelCallRequest, context: CallContext, agent: AgentSpec) -> dict[str, Any] | None:
    """Return the JSON Schema of a call's answer: the node's, or else its agent's; None if it has none."""
    if not PURPOSES[request.purpose].ends_node:
        return None
    own = agent.output_schema if request.purpose is Purpose.TURN else None
    return context.output_schema or own


async def _may_repair(connection: Connection, request: ModelCallRequest) -> bool:
    """Return whether the model may be asked again if its answer doesn't match its schema."""
    if request.step == 1:
        return True
    return await transcripts.count_follow_ups(connection, request, CORRECTION) < MAX_REPAIRS


async def _earlier_pieces(
    connection: Connection, request: ModelCallRequest, rows: Sequence[TranscriptRow]
) -> tuple[str, ...]:
    """Read the pieces of the answer that this call continues; empty if it isn't a continuation."""
    if not any(row.seq == request.step * 1000 and row.content == continuations.ASK for row in rows):
        return ()
    steps = range(max(1, request.step - MAX_CONTINUATIONS), request.step)
    places = [place for step in steps for place in (step * 1000, step * 1000 + messages.REPLY)]
    answers = await transcripts.read_messages(connection, request, places)
    pieces: list[str] = []
    for step in reversed(steps):
        pieces.insert(0, answers.get(step * 1000 + messages.REPLY, ""))
        if answers.get(step * 1000) != continuations.ASK:
            break
    return tuple(pieces)


async def _images_for(
    model: str, connection: Connection, context: CallContext, settings: Settings
) -> tuple[list[Image], str]:
    """Read the task's images for a model that accepts them; note images that are left out or were deleted."""
    if not context.images:
        return [], ""
    if not tool_images.are_accepted(model, settings):
        return [], messages.images_left_out(len(context.images), messages.NO_IMAGE_INPUT)
    found = await input_files.read(connection, context.owner_id, context.images)
    gone = len(context.images) - len(found)
    return [Image(*file) for file in found], messages.images_left_out(gone, "deleted") if gone else ""


def _guidance_rows(
    request: ModelCallRequest, guidance: Sequence[tuple[int, str]], rows: Sequence[TranscriptRow]
) -> list[TranscriptRow]:
    """Return the guidance that this node hasn't seen, after the part that an earlier attempt at this step added."""
    first = request.step * 1000 + 1
    last = max((row.seq for row in rows if first <= row.seq < request.step * 1000 + messages.REPLY), default=first - 1)
    return [
        messages.row(last + 1 + index, "user", words, guidance_id=guidance_id)
        for index, (guidance_id, words) in enumerate(guidance)
    ]


def _notice_rows(request: ModelCallRequest, notice: str, rows: Sequence[TranscriptRow]) -> list[TranscriptRow]:
    """Return the message that tells an agent about its last turn, unless it has it, or only continues its answer."""
    first = request.step * 1000
    here = [row for row in rows if first <= row.seq < first + messages.REPLY and request.step > 1]
    if any(row.seq == first or row.content == notice for row in here):
        return []
    return [messages.row(max((row.seq for row in here), default=first) + 1, "user", notice)]


def _fitting(guidance: Sequence[tuple[int, str]], budget: int) -> list[tuple[int, str]]:
    """Return the oldest guidance that fits, but at least one message; the rest is left for the next call."""
    taken: list[tuple[int, str]] = []
    for guidance_id, words in guidance[:GUIDANCE_AT_ONCE]:
        message = _cut(messages.guidance_message(words), budget)
        budget -= messages.tokens_of(message)
        if taken and budget < 0:
            break
        taken.append((guidance_id, message))
    return taken


def _cut(content: str, tokens: int) -> str:
    """Truncate text that exceeds its share of the window, with a visible mark."""
    if estimate_tokens(content) <= tokens:
        return content
    kept = content.encode()[: max(0, tokens * CHARS_A_TOKEN - len(CUT_MARK))].decode(errors="ignore")
    return kept + CUT_MARK
