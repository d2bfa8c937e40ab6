"""Effects of a model's answer: the reply in the transcript, a plan, the end of a node."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from activities.plans import Plans
from activities.prompts import messages
from activities.readings import Reading, read
from activities.tool_results import ToolResult, event_of, row_of
from activities.typed_answers import TypedAnswer
from chimera.config.settings import Settings
from chimera.content.text import clean_json, clean_text, estimate_tokens
from chimera.ledger.calls import Intent
from chimera.ledger.plans import PlanRoom
from chimera.ledger.settlements import Settlement, Summary
from chimera.ledger.transcripts import TranscriptRow
from chimera.pricing import cost_of, price_of
from chimera.providers.base import ChatEnd, ChatRequest, ToolRequest
from models.base import preview_of
from models.errors import ProviderError
from models.events import (
    ConversationSummarized,
    Event,
    ModelCallFinished,
    PlanCreated,
    PlanRejected,
    RunCompleted,
    SubtaskCompleted,
)
from models.ids import ROOT, child_path
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.plans import PlannedSubtask, node_of
from models.usage import Usage

OUTCOME_PREVIEW_CHARS = 200
MAX_STATE_BYTES = 512 * 1024
NO_PLAN = PlanRoom({}, 0, 0)
MAX_REPORTED_TOKENS = 10**9


def settlement_of(
    intent: Intent,
    chat: ChatRequest,
    text: str,
    end: ChatEnd,
    *,
    settings: Settings,
    plans: Plans | None = None,
    plan_room: PlanRoom = NO_PLAN,
    typed: TypedAnswer | None = None,
    task_ends: bool = False,
    results: Sequence[ToolResult] = (),
    unseen: bool | None = None,
) -> Settlement:
    """Determine all effects of an answer. Never raises, because the answer is paid for.

    `plans` are those that `plans_of` found. The one that fits `plan_room` is chosen, and its settlement applies only if
    the task hasn't gained subtasks since. `typed` is what `typed_of` found. `task_ends` means that an aggregation at
    the root completes the task. Such a settlement applies only if the task hasn't been stopped. `results` are the
    results of the tools that are run at once. If `unseen` is True, there is guidance that this node hasn't seen, so the
    answer doesn't end the node, unless it was the last turn. None means that this wasn't looked up, and the settlement
    applies only if no guidance was given since the call began.
    """
    request = intent.request
    reading = read(intent, chat, text, end, plans=plans, plan_room=plan_room, typed=typed, unseen=unseen)
    if reading.handed_over:
        end = replace(end, finish_reason="tool_calls")
    summary = _summary_of(intent, reading.text)
    usage, estimated = _usage_of(chat, reading.text, end)
    cost_micro_usd = cost_of(usage, price_of(intent.model, settings.own_prices))
    outcome = _outcome_of(intent, reading, end, usage, cost_micro_usd, results)
    result = reading.answer if reading.ends_node else None
    return Settlement(
        intent=intent,
        usage=usage,
        estimated=estimated,
        cost_micro_usd=cost_micro_usd,
        outcome=outcome,
        request_id=end.request_id,
        first_token_ms=end.first_token_ms,
        messages=_messages_of(request, reading, end, results),
        events=(
            *_events_of(intent, outcome, end, reading, result, estimated=estimated, task_ends=task_ends),
            *_summary_events(request, summary),
            *(event_of(result, request.path, request.step) for result in results),
        ),
        node_result=result,
        output=typed.output if typed is not None and reading.ends_node else None,
        finish_reason=end.finish_reason,
        if_guidance=intent.guidance_seen if reading.is_final and unseen is None and not request.last_turn else None,
        if_planned=plan_room.subtasks_total if reading.planned else None,
        ends_run=task_ends and reading.ends_node and request.path == ROOT,
        handed_over=tuple(map(_record_of, reading.calls)) if reading.handed_over else (),
        summary=summary,
        new_subtasks=tuple(_subtask_record(intent, index, subtask) for index, subtask in enumerate(reading.planned)),
        tool_calls=tuple({"index": r.index, "tool": r.tool, "failed": r.failed} for r in results),
    )


def _outcome_of(
    intent: Intent,
    reading: Reading,
    end: ChatEnd,
    usage: Usage,
    cost_micro_usd: int,
    results: Sequence[ToolResult],
) -> ModelCallOutcome:
    """Return what the workflow learns of an answer."""
    return ModelCallOutcome(
        text_preview=preview_of(reading.answer, OUTCOME_PREVIEW_CHARS),
        tool_calls=() if reading.handed_over else tuple(call.name for call in reading.calls),
        answered=tuple(result.index for result in results),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_micro_usd=cost_micro_usd,
        plan=tuple(node_of(subtask) for subtask in reading.planned) or None,
        plan_problems=tuple(preview_of(problem, 200) for problem in reading.problems[:10]),
        goes_on=reading.goes_on,
        finish_reason="stop" if end.finish_reason == "tool_calls" else end.finish_reason,
        last_turn=intent.limit_reached,
        invalid=reading.invalid,
    )


def _messages_of(
    request: ModelCallRequest, reading: Reading, end: ChatEnd, results: Sequence[ToolResult]
) -> tuple[TranscriptRow, ...]:
    """Return what the transcript gains: the answer, the message that follows it, and the results of its tools."""
    rows = [_reply_of(request, reading.text, reading.calls, end)]
    if reading.follow_up:
        rows.append(messages.row((request.step + 1) * 1000, "user", reading.follow_up))
    return (*rows, *(row_of(result, request.step) for result in results))


def _summary_of(intent: Intent, text: str) -> Summary | None:
    """Return the summary of a session in an answer; None if none was requested, or if it is empty."""
    if intent.request.purpose is not Purpose.SUMMARY or intent.covers_id is None or not text.strip():
        return None
    return Summary(text, messages.tokens_of(text), intent.covers_id)


def _summary_events(request: ModelCallRequest, summary: Summary | None) -> tuple[Event, ...]:
    if summary is None:
        return ()
    preview = preview_of(summary.text)
    return (ConversationSummarized(path=request.path, step=request.step, covers_id=summary.covers_id, preview=preview),)


def spent_by(chat: ChatRequest, text: str, error: BaseException) -> Usage:
    """Return a failed attempt's probable usage: as reported by its provider, else estimated; none if rejected."""
    reported, may_be_billed = None, True
    if isinstance(error, ProviderError):
        reported, may_be_billed = error.usage, error.may_be_billed
    if reported is not None and (usage := _bounded(reported)) is not None:
        return usage
    if text or may_be_billed:
        return Usage(input_tokens=messages.input_tokens_of(chat), output_tokens=estimate_tokens(text))
    return Usage()


def _reply_of(request: ModelCallRequest, text: str, calls: Sequence[ToolRequest], end: ChatEnd) -> TranscriptRow:
    return TranscriptRow(
        seq=request.step * 1000 + messages.REPLY,
        role="assistant",
        content=text,
        tokens=messages.tokens_of(text) + sum(estimate_tokens(call.arguments) for call in calls),
        tool_calls=list(map(_record_of, calls)) or None,
        state=_state_of(end, calls),
        thought=clean_text(end.thought) or None,
    )


def _record_of(call: ToolRequest) -> dict[str, str]:
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


def _state_of(end: ChatEnd, calls: Sequence[ToolRequest]) -> dict[str, Any] | None:
    """Return the provider's state, if it still matches the reply."""
    if end.state is None or tuple(calls) != end.tool_calls:
        return None
    state = clean_json(end.state)
    return state if isinstance(state, dict) and len(to_json(state)) <= MAX_STATE_BYTES else None


def _events_of(
    intent: Intent,
    outcome: ModelCallOutcome,
    end: ChatEnd,
    reading: Reading,
    result: str | None,
    *,
    estimated: bool,
    task_ends: bool,
) -> tuple[Event, ...]:
    request = intent.request
    events: list[Event] = [
        ModelCallFinished(
            path=request.path,
            step=request.step,
            attempt=intent.attempt,
            purpose=request.purpose,
            preview=preview_of(reading.text),
            tool_calls=tuple(call.name for call in reading.calls),
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
            cost_micro_usd=outcome.cost_micro_usd,
            estimated=estimated,
            finish_reason=end.finish_reason,
        )
    ]
    if outcome.plan:
        events.append(PlanCreated(path=request.path, step=request.step, subtasks=outcome.plan))
    if outcome.plan_problems:
        events.append(PlanRejected(path=request.path, step=request.step, problems=outcome.plan_problems))
    if result is not None and request.path != ROOT:
        events.append(SubtaskCompleted(path=request.path, preview=preview_of(result), finish_reason=end.finish_reason))
    if result is not None and request.path == ROOT and task_ends:
        events.append(
            RunCompleted(preview=preview_of(result), simulated=intent.simulated, finish_reason=end.finish_reason)
        )
    return tuple(events)


def _usage_of(chat: ChatRequest, text: str, end: ChatEnd) -> tuple[Usage, bool]:
    if end.usage is not None and (reported := _bounded(end.usage)) is not None:
        return reported, False
    output = (
        estimate_tokens(text)
        + estimate_tokens(end.thought)
        + sum(estimate_tokens(call.arguments) for call in end.tool_calls)
    )
    return Usage(input_tokens=messages.input_tokens_of(chat), output_tokens=output), True


def _bounded(usage: Usage) -> Usage | None:
    """Return a server's counts; None if they are implausible, because the ledger couldn't store them."""
    figures = usage.model_dump().values()
    return usage if all(0 <= figure <= MAX_REPORTED_TOKENS for figure in figures) else None


def _subtask_record(intent: Intent, position: int, subtask: PlannedSubtask) -> dict[str, object]:
    return {
        "path": child_path(intent.request.path, subtask.key),
        "position": position,
        "key": subtask.key,
        "title": subtask.title,
        "instruction": subtask.instruction,
        "agent": subtask.agent,
        "depends_on": list(subtask.depends_on),
        "decompose": subtask.decompose,
    }
