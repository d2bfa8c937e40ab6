"""Effects of a model's answer: the reply in the transcript, a plan, the end of a node."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_json

from activities import continuations
from activities.plans import Plans, chosen
from activities.prompts import PROMPTS, messages
from activities.prompts.plan import plan_correction
from activities.tool_results import ToolResult, event_of, row_of
from activities.typed_answers import TypedAnswer, correction, typed_in
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
from models.ids import ROOT, child_path, depth_of
from models.model_calls import PURPOSES, ModelCallOutcome, ModelCallRequest, Purpose
from models.plans import PlannedSubtask, node_of
from models.tasks import OnTruncated
from models.usage import Usage

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
OUTCOME_PREVIEW_CHARS = 200
MAX_STATE_BYTES = 512 * 1024
NO_PLAN = PlanRoom({}, 0, 0)
MAX_REPORTED_TOKENS = 10**9
MAX_TOOL_CALLS = 32
"""Maximum number of tool calls per turn. Further calls are left out of the transcript and not run."""


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
    reading = _read(intent, chat, text, end, plans=plans, plan_room=plan_room, typed=typed, unseen=unseen)
    if reading.handed_over:
        end = replace(end, finish_reason="tool_calls")
    summary = _summary_of(intent, reading.text)
    usage, estimated = _usage_of(chat, reading.text, end)
    outcome = ModelCallOutcome(
        text_preview=preview_of(reading.answer, OUTCOME_PREVIEW_CHARS),
        tool_calls=() if reading.handed_over else tuple(call.name for call in reading.calls),
        answered=tuple(result.index for result in results),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_micro_usd=cost_of(usage, price_of(intent.model, settings.own_prices)),
        plan=tuple(node_of(subtask) for subtask in reading.planned) or None,
        plan_problems=tuple(preview_of(problem, 200) for problem in reading.problems[:10]),
        goes_on=reading.goes_on,
        finish_reason="stop" if end.finish_reason == "tool_calls" else end.finish_reason,
        last_turn=intent.limit_reached,
        invalid=reading.invalid,
    )
    result = reading.answer if reading.ends_node else None
    events = _events_of(intent, outcome, end, reading, result, estimated=estimated, task_ends=task_ends)
    if summary is not None:
        summarized = ConversationSummarized(
            path=request.path, step=request.step, covers_id=summary.covers_id, preview=preview_of(summary.text)
        )
        events = (*events, summarized)
    return Settlement(
        intent=intent,
        usage=usage,
        estimated=estimated,
        cost_micro_usd=outcome.cost_micro_usd,
        outcome=outcome,
        request_id=end.request_id,
        first_token_ms=end.first_token_ms,
        messages=(
            _reply_of(request, reading.text, reading.calls, end),
            *([messages.row((request.step + 1) * 1000, "user", reading.follow_up)] if reading.follow_up else []),
            *(row_of(result, request.step) for result in results),
        ),
        events=(*events, *(event_of(result, request.path, request.step) for result in results)),
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """The meaning of an answer for its node."""

    text: str
    answer: str
    """`text`, joined to the pieces that it continues."""
    calls: tuple[ToolRequest, ...]
    planned: tuple[PlannedSubtask, ...]
    problems: Sequence[str]
    follow_up: str | None
    goes_on: bool
    ends_node: bool
    invalid: bool
    """Whether the answer doesn't match its JSON Schema, and isn't repaired anymore."""
    handed_over: bool = False
    """Whether the answer ends a reply with calls that its caller runs."""

    @property
    def is_final(self) -> bool:
        return self.ends_node or self.invalid


def _read(
    intent: Intent,
    chat: ChatRequest,
    text: str,
    end: ChatEnd,
    *,
    plans: Plans | None,
    plan_room: PlanRoom,
    typed: TypedAnswer | None,
    unseen: bool | None,
) -> _Reading:
    text = clean_text(text)
    request = intent.request
    calls = calls_of(intent, end)
    handed_over = request.path == ROOT and is_handed_over(intent, calls)
    is_cut = end.finish_reason == "length" and not calls
    planned, problems = _plan_of(request, plans, plan_room)
    if is_cut and problems:
        problems = [
            f"It was cut off at {chat.max_output_tokens} tokens. Plan fewer subtasks, in fewer words.",
            *problems,
        ]
    pieces = (*intent.begun, text)
    answer = continuations.joined(pieces)
    answers = _is_answer(request, answer, calls)
    # An empty piece means that there is nothing to continue.
    may_continue = answers and is_cut and text != "" and unseen is not True
    is_continued = may_continue and continuations.are_wanted(intent.on_truncated, pieces)
    is_guided = answers and unseen is True and not request.last_turn
    is_refused = is_cut and intent.on_truncated is OnTruncated.FAIL
    wrong: Sequence[str] = ()
    if answers and not (is_continued or is_guided or is_refused):
        wrong = _type_problems(intent, chat, typed, is_cut=is_cut)
    goes_on = is_continued or is_guided or (wrong != () and intent.may_repair)
    return _Reading(
        text=text,
        answer=answer,
        calls=calls,
        planned=planned,
        problems=problems,
        follow_up=_follow_up(problems, wrong, is_continued=is_continued),
        goes_on=goes_on,
        ends_node=handed_over or (answers and not goes_on and not wrong and not is_refused),
        invalid=wrong != () and not goes_on,
        handed_over=handed_over,
    )


def is_handed_over(intent: Intent, calls: Sequence[ToolRequest]) -> bool:
    """Return whether an answer ends a reply, because its caller has to run all tools that it calls."""
    return bool(calls) and all(call.name in intent.client_tools for call in calls)


def _summary_of(intent: Intent, text: str) -> Summary | None:
    """Return the summary of a session in an answer; None if none was requested, or if it is empty."""
    if intent.request.purpose is not Purpose.SUMMARY or intent.covers_id is None or not text.strip():
        return None
    return Summary(text, messages.tokens_of(text), intent.covers_id)


def _follow_up(problems: Sequence[str], wrong: Sequence[str], *, is_continued: bool) -> str | None:
    """Return the message that follows an answer. After the last repair, it still shows what is wrong."""
    if is_continued:
        return continuations.ASK
    if problems:
        return plan_correction(problems)
    return correction(wrong) if wrong else None


def _type_problems(intent: Intent, chat: ChatRequest, typed: TypedAnswer | None, *, is_cut: bool) -> tuple[str, ...]:
    """Return why an answer doesn't match its JSON Schema; empty if it does, or has none."""
    if intent.output_schema is None:
        return ()
    if typed is None:
        return ("$: It can't be stored. Answer with simpler JSON.",)
    if not typed.problems or not is_cut:
        return typed.problems
    return (f"$: It was cut off at {chat.max_output_tokens} tokens. Answer shorter.", *typed.problems)


async def plans_of(intent: Intent, text: str) -> Plans | None:
    """Parse the plans in an answer, in a thread so that the event loop can serve other calls. None if none was
    requested.
    """
    plans_in = PROMPTS[intent.request.purpose].plans_in
    return None if plans_in is None else await asyncio.to_thread(lambda: plans_in(clean_text(text)))


async def typed_of(intent: Intent, text: str, end: ChatEnd) -> TypedAnswer | None:
    """Check an answer against its JSON Schema, in a thread as above. None if it has none, or if it calls tools."""
    schema = intent.output_schema
    if schema is None or calls_of(intent, end):
        return None
    answer = continuations.joined((*intent.begun, clean_text(text)))
    return await asyncio.to_thread(typed_in, answer, schema)


def calls_of(intent: Intent, end: ChatEnd) -> tuple[ToolRequest, ...]:
    """Return an answer's tool calls, cleaned; empty if the purpose offers no tools, or on the last turn.

    No two calls in a conversation have the same ID: servers number the calls of each answer anew, and vendors reject
    repeated IDs.
    """
    request = intent.request
    if not PROMPTS[request.purpose].offers_tools or request.last_turn:
        return ()
    taken = set(intent.tool_call_ids)
    calls: list[ToolRequest] = []
    for index, asked in enumerate(end.tool_calls[:MAX_TOOL_CALLS]):
        call = _cleaned(asked)
        if not call.id or call.id in taken:
            call = replace(call, id=_free_id(request.step, index, taken))
        taken.add(call.id)
        calls.append(call)
    return tuple(calls)


def _free_id(step: int, index: int, taken: Collection[str]) -> str:
    names = (f"call_{step}_{index}{'_' * more}" for more in range(len(taken) + 1))
    return next(name for name in names if name not in taken)


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


def _is_answer(request: ModelCallRequest, text: str, calls: Sequence[ToolRequest]) -> bool:
    """Return whether a reply may end its node."""
    return PURPOSES[request.purpose].ends_node and PROMPTS[request.purpose].is_answer(request, text, calls)


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
    reading: _Reading,
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


def _plan_of(
    request: ModelCallRequest, plans: Plans | None, room: PlanRoom
) -> tuple[tuple[PlannedSubtask, ...], list[str]]:
    """Choose a plan, and return its subtasks or its problems. Both are empty if no plan was requested."""
    return ((), []) if plans is None else chosen(plans, room, depth=depth_of(request.path) + 1)


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


def _cleaned(call: ToolRequest) -> ToolRequest:
    # Vendors reject a conversation with names that their own protocol doesn't allow.
    name = call.name if _TOOL_NAME.fullmatch(call.name) else "unknown_tool"
    return ToolRequest(clean_text(call.id)[:200], name, clean_text(call.arguments))


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
