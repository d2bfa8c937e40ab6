"""Prompt assembly: builds the request of a model call from the state of its place in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from activities import continuations
from activities.agent_limits import notice_of
from activities.agents import agent_in
from activities.continuations import MAX_CONTINUATIONS
from activities.prompts import PROMPTS, messages, tool_images
from activities.prompts.results import CHARS_A_TOKEN
from activities.typed_answers import CORRECTION, MAX_REPAIRS
from chimera.config.settings import Settings
from chimera.content.text import estimate_tokens
from chimera.db.engine import Connection
from chimera.ledger import input_files, transcripts
from chimera.ledger.calls import Intent
from chimera.ledger.transcripts import CallContext, TranscriptRow
from chimera.pricing import cost_of, price_of, window_of
from chimera.providers.base import ChatRequest, Image, ToolSpec
from models.agents import AgentSpec
from models.base import preview_of
from models.events import Event, GuidanceSeen, ModelCallFellBack, ModelCallStarted, SubtaskStarted
from models.ids import call_id_of
from models.model_calls import PURPOSES, ModelCallRequest, Purpose
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
    """Return the agent of a call. Raises UnknownAgent if it was deleted after the task began."""
    return agent_in(request.agent, context.agent_spec, max_output_tokens=context.max_output_tokens)


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """A call's request, and the state that its answer is checked against."""

    chat: ChatRequest
    written: tuple[TranscriptRow, ...]
    """The transcript rows that this call adds."""
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

    Raises AnswerMissing if a result is missing.
    """
    window = window_of(model, settings.own_windows)
    output = min(agent.max_output_tokens, window.longest_answer)
    offered_tools = tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)
    output_schema = output_schema_of(request, context, agent)
    schema = PROMPTS[request.purpose].schema or output_schema
    images, left_out_images = await _images_for(model, connection, context, settings)
    offered = messages.offer_tokens_of(offered_tools, schema) + messages.image_tokens_of(images)
    budget = max(256, int(window.room_for(output) * WINDOW_SHARE) - messages.tokens_of(agent.prompt) - offered)
    guidance = _fitting(context.guidance, int(budget * GUIDANCE_SHARE))
    rows: list[TranscriptRow] = []
    left_out = 0
    if request.step > 1 or context.attempt:
        room = budget - sum(messages.tokens_of(words) for _, words in guidance)
        rows, left_out = await transcripts.read_transcript(connection, request, token_budget=room)
    fresh: list[TranscriptRow] = []
    if not rows:
        user_message = await PROMPTS[request.purpose].user_message(connection, request, context, budget)
        user_message = _cut(user_message, int(budget * USER_MESSAGE_SHARE)) + left_out_images
        fresh.append(messages.row(messages.FIRST_SEQ, "user", user_message))
    fresh += _guidance_rows(request, guidance, rows)
    if limit_reached is not None:
        fresh += _notice_rows(request, notice_of(limit_reached), [*rows, *fresh])
    result_images = await tool_images.messages_after(connection, context.owner_id, rows, model, settings)
    chat = ChatRequest(
        model=model.split("/", 1)[1],
        messages=messages.messages_of(agent.prompt, [*rows, *fresh], left_out, images, result_images),
        call_id=call_id_of(request.run_id, request.path, request.purpose, request.step),
        attempt=context.attempt + 1,
        max_output_tokens=output,
        tools=offered_tools,
        tool_choice="none" if request.last_turn else "auto",
        response_schema=schema,
        temperature=agent.temperature,
        reasoning_effort=agent.reasoning_effort,
    )
    ids = {call["id"] for row in rows for call in row.tool_calls or ()}
    return PromptRequest(
        chat,
        tuple(fresh),
        await _earlier_pieces(connection, request, rows),
        frozenset(ids),
        output_schema,
        output_schema is not None and await _may_repair(connection, request),
    )


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
