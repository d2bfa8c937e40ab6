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
from chimera.ledger.calls import Intent
from chimera.ledger.transcripts import CallContext, ReplyContext, TranscriptRow
from chimera.pricing import cost_of, price_of, window_of
from chimera.providers.base import ChatMessage, ChatRequest, Image, ToolSpec
from models.agents import AgentSpec
from models.base import preview_of
from models.events import Event, GuidanceSeen, ModelCallFellBack, ModelCallStarted, SubtaskStarted
from models.ids import call_id_of
from models.model_calls import PURPOSES, ModelCallRequest, Purpose
from models.replies import ReplyOptions
from models.tools import ToolDefinition
from models.usage import Usage

WINDOW_SHARE = 0.9
"""The share of a context window that prompts may fill. The rest is a margin, as token counts are estimates here."""
GUIDANCE_AT_ONCE = 100
USER_MESSAGE_SHARE = 0.6
GUIDANCE_SHARE = 0.25
SEEN_CHARS = 80
"""Number of characters of the guidance that the event `guidance.seen` repeats."""

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
    reply = context.reply
    options = ReplyOptions() if reply is None else ReplyOptions.model_validate(reply.options)
    own_tools = tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)
    client_tools = () if reply is None else _client_tools(reply, own_tools)
    offered_tools = own_tools + client_tools
    output_schema = output_schema_of(request, context, agent)
    schema = PROMPTS[request.purpose].schema or output_schema
    images, left_out_images = await _images_for(model, connection, context, settings)
    offered = messages.offer_tokens_of(offered_tools, schema) + messages.image_tokens_of(images)
    budget = max(256, int(window.room_for(output) * WINDOW_SHARE) - messages.tokens_of(agent.prompt) - offered)
    guidance = _fitting(context.guidance, int(budget * GUIDANCE_SHARE))
    spoken: list[ChatMessage] | None = None
    if reply is not None:
        room = _room(window.room_for(output), budget, settings)
        spoken = await conversation.read(connection, request, context, model, settings, room)
        budget = max(256, budget - conversation.tokens_of(spoken))
    rows: list[TranscriptRow] = []
    left_out = 0
    if request.step > 1 or context.attempt:
        room_for_rows = budget - sum(messages.tokens_of(words) for _, words in guidance)
        rows, left_out = await transcripts.read_transcript(connection, request, token_budget=room_for_rows)
    fresh: list[TranscriptRow] = []
    if not rows and spoken is None:
        user_message = await PROMPTS[request.purpose].user_message(connection, request, context, budget)
        user_message = _cut(user_message, int(budget * USER_MESSAGE_SHARE)) + left_out_images
        fresh.append(messages.row(messages.FIRST_SEQ, "user", user_message))
    fresh += _guidance_rows(request, guidance, rows)
    if limit_reached is not None:
        fresh += _notice_rows(request, notice_of(limit_reached), [*rows, *fresh])
    result_images = await tool_images.messages_after(connection, context.owner_id, rows, model, settings)
    chat = ChatRequest(
        model=model.split("/", 1)[1],
        messages=messages.messages_of(agent.prompt, [*rows, *fresh], left_out, images, result_images, spoken),
        call_id=call_id_of(request.run_id, request.path, request.purpose, request.step),
        attempt=context.attempt + 1,
        max_output_tokens=output,
        tools=offered_tools,
        tool_choice=_tool_choice(request, options, offered_tools),
        response_schema=schema,
        temperature=agent.temperature,
        top_p=options.top_p,
        stop=options.stop,
        reasoning_effort=agent.reasoning_effort,
    )
    ids = {call["id"] for row in rows for call in row.tool_calls or ()}
    ids |= {call.id for message in spoken or () for call in message.tool_calls}
    return PromptRequest(
        chat,
        tuple(fresh),
        client_tools=frozenset(tool.name for tool in client_tools),
        begun=await _earlier_pieces(connection, request, rows),
        tool_call_ids=frozenset(ids),
        output_schema=output_schema,
        may_repair=output_schema is not None and await _may_repair(connection, request),
    )


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


def intent_of(
    request: ModelCallRequest,
    prompt: PromptRequest,
    *,
    context: CallContext,
    model: str,
    fell_back: ModelCallFellBack | None,
    simulated: bool,
    worker: str,
    settings: Settings,
    limit_reached: bool = False,
) -> Intent:
    """Return the entry that the ledger records before the request: the worst case in money and tokens, and events."""
    chat, written = prompt.chat, prompt.written
    asked = messages.input_tokens_of(chat)
    # Writing a prompt to a cache costs more than having it read.
    worst = Usage(input_tokens=asked, cache_write_tokens=asked, output_tokens=chat.max_output_tokens)
    seen = _guidance_seen(request, written)
    left_over = len(context.guidance) - len(seen)
    begun = ModelCallStarted(
        path=request.path,
        step=request.step,
        attempt=chat.attempt,
        purpose=request.purpose,
        agent=request.agent,
        agent_version=context.agent_version,
        model=model,
        simulated=simulated,
    )
    events: list[Event | None] = [*seen, _subtask_begun(request, chat.attempt), fell_back, begun]
    return Intent(
        request=request,
        attempt=chat.attempt,
        model=model,
        simulated=simulated,
        worker=worker,
        reserve_micro_usd=cost_of(worst, price_of(model, settings.own_prices)),
        reserve_tokens=worst.input_tokens + worst.output_tokens,
        guidance_seen=context.guidance_given - left_over,
        messages=written,
        events=tuple(event for event in events if event is not None),
        on_truncated=context.on_truncated,
        begun=prompt.begun,
        agent_version=context.agent_version,
        tool_call_ids=prompt.tool_call_ids,
        limit_reached=limit_reached,
        output_schema=prompt.output_schema,
        may_repair=prompt.may_repair,
        client_tools=prompt.client_tools,
        covers_id=prompt.covers_id,
    )


def _guidance_seen(request: ModelCallRequest, written: Sequence[TranscriptRow]) -> list[GuidanceSeen]:
    return [
        GuidanceSeen(
            path=request.path,
            step=request.step,
            guidance_id=message.guidance_id,
            preview=preview_of(messages.guidance_in(message.content), SEEN_CHARS),
        )
        for message in written
        if message.guidance_id is not None
    ]


def _subtask_begun(request: ModelCallRequest, attempt: int) -> SubtaskStarted | None:
    first = request.step == 1 and attempt == 1 and PROMPTS[request.purpose].begins_node
    return SubtaskStarted(path=request.path, agent=request.agent) if request.path and first else None


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
