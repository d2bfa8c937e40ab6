"""The meaning of a model's answer: its tool calls, its plan, and whether it ends its node or has to be continued."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from activities import continuations
from activities.plans import Plans, chosen
from activities.prompts import PROMPTS
from activities.prompts.plan import plan_correction
from activities.typed_answers import TypedAnswer, correction, typed_in
from chimera.content.text import clean_text
from chimera.ledger.calls import Intent
from chimera.ledger.plans import PlanRoom
from chimera.providers.base import ChatEnd, ChatRequest, ToolRequest
from models.ids import ROOT, depth_of
from models.model_calls import PURPOSES, ModelCallRequest
from models.plans import PlannedSubtask
from models.tasks import OnTruncated

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_TOOL_CALLS = 32
"""Maximum number of tool calls per turn. Further calls are left out of the transcript and not run."""


@dataclass(frozen=True, slots=True)
class Reading:
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


def read(
    intent: Intent,
    chat: ChatRequest,
    text: str,
    end: ChatEnd,
    *,
    plans: Plans | None,
    plan_room: PlanRoom,
    typed: TypedAnswer | None,
    unseen: bool | None,
) -> Reading:
    """Find out what an answer means. `settlement_of` describes the arguments."""
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
    return Reading(
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


def is_handed_over(intent: Intent, calls: Sequence[ToolRequest]) -> bool:
    """Return whether an answer ends a reply, because its caller has to run all tools that it calls."""
    return bool(calls) and all(call.name in intent.client_tools for call in calls)


def _plan_of(
    request: ModelCallRequest, plans: Plans | None, room: PlanRoom
) -> tuple[tuple[PlannedSubtask, ...], list[str]]:
    """Choose a plan, and return its subtasks or its problems. Both are empty if no plan was requested."""
    return ((), []) if plans is None else chosen(plans, room, depth=depth_of(request.path) + 1)


def _is_answer(request: ModelCallRequest, text: str, calls: Sequence[ToolRequest]) -> bool:
    """Return whether a reply may end its node."""
    return PURPOSES[request.purpose].ends_node and PROMPTS[request.purpose].is_answer(request, text, calls)


def _type_problems(intent: Intent, chat: ChatRequest, typed: TypedAnswer | None, *, is_cut: bool) -> tuple[str, ...]:
    """Return why an answer doesn't match its JSON Schema; empty if it does, or has none."""
    if intent.output_schema is None:
        return ()
    if typed is None:
        return ("$: It can't be stored. Answer with simpler JSON.",)
    if not typed.problems or not is_cut:
        return typed.problems
    return (f"$: It was cut off at {chat.max_output_tokens} tokens. Answer shorter.", *typed.problems)


def _follow_up(problems: Sequence[str], wrong: Sequence[str], *, is_continued: bool) -> str | None:
    """Return the message that follows an answer. After the last repair, it still shows what is wrong."""
    if is_continued:
        return continuations.ASK
    if problems:
        return plan_correction(problems)
    return correction(wrong) if wrong else None


def _cleaned(call: ToolRequest) -> ToolRequest:
    # Vendors reject a conversation with names that their own protocol doesn't allow.
    name = call.name if _TOOL_NAME.fullmatch(call.name) else "unknown_tool"
    return ToolRequest(clean_text(call.id)[:200], name, clean_text(call.arguments))


def _free_id(step: int, index: int, taken: Collection[str]) -> str:
    names = (f"call_{step}_{index}{'_' * more}" for more in range(len(taken) + 1))
    return next(name for name in names if name not in taken)
