"""The entry in the ledger for a model call that is about to be made: the worst case in money and tokens, and events."""

from collections.abc import Sequence

from activities.prompts import PROMPTS, messages
from activities.prompts.assembly import PromptRequest
from chimera.config.settings import Settings
from chimera.ledger.calls import Intent
from chimera.ledger.transcripts import CallContext, TranscriptRow
from chimera.pricing import cost_of, price_of
from models.base import preview_of
from models.events import Event, GuidanceSeen, ModelCallFellBack, ModelCallStarted, SubtaskStarted
from models.model_calls import ModelCallRequest
from models.usage import Usage

SEEN_CHARS = 80
"""Number of characters of the guidance that the event `guidance.seen` repeats."""


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
