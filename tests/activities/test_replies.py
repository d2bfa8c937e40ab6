"""The consequences of a model's answer: its cost, tool calls, transcript messages, and whether its node ends."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities import replies
from activities.calls.kind import Spent
from activities.calls.settle import failure_of
from chimera.config.settings import Settings
from chimera.ledger.calls import Intent
from chimera.ledger.failures import Failure
from chimera.ledger.settlements import Settlement
from chimera.pricing import cost_of, price_of
from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest, ToolRequest
from models.errors import Overloaded, ProviderError, ProviderTimeout
from models.events import ModelCallFinished
from models.ids import NodePath, RunId, TaskId, UserId
from models.model_calls import ModelCallRequest, Purpose
from models.subtasks import SubtaskInput
from models.tasks import RunPolicy
from models.usage import Usage
from workflows.answers import check_answered

CHAT = ChatRequest("fast", (ChatMessage("user", "go"),), "t/a#turn.1", 1, 100)
INTENT = Intent(
    ModelCallRequest(run_id=TaskId("t"), path=NodePath("a"), purpose=Purpose.TURN, step=1, agent="analyst"),
    attempt=1,
    model="simulator/fast",
    simulated=True,
    worker="w",
    reserve_micro_usd=10,
    reserve_tokens=10,
)
PLACE = SubtaskInput(run_id=RunId("t"), owner_id=UserId("u"), path=NodePath("a"), agent="analyst")


def settled(
    settings: Settings,
    text: str,
    *calls: ToolRequest,
    last_turn: bool = False,
    unseen: bool | None = None,
    state: dict[str, Any] | None = None,
) -> Settlement:
    intent = replace(INTENT, request=INTENT.request.model_copy(update={"last_turn": last_turn}))
    end = ChatEnd("tool_calls" if calls else "stop", Usage(input_tokens=1, output_tokens=1), calls, state=state)
    return replies.settlement_of(intent, CHAT, text, end, settings=settings, unseen=unseen)


def failed(settings: Settings, error: BaseException, text: str = "") -> Failure:
    usage = replies.spent_by(CHAT, text, error)
    cost = cost_of(usage, price_of(INTENT.model, settings.own_prices))
    is_reported = isinstance(error, ProviderError) and error.usage is usage
    return failure_of(INTENT, Spent(usage, cost, estimated=not is_reported), error, is_retried=False)


def test_a_call_cut_early_costs_its_prompt(settings: Settings) -> None:
    for error in (asyncio.CancelledError(), ProviderTimeout("Silence.", may_be_billed=True)):
        failure = failed(settings, error)
        assert failure.usage.input_tokens > 0
        assert failure.usage.output_tokens == 0
        assert failure.cost_micro_usd > 0


def test_a_call_that_was_refused_costs_nothing(settings: Settings) -> None:
    failure = failed(settings, Overloaded("500"))
    assert (failure.usage, failure.cost_micro_usd) == (Usage(), 0)


def test_a_partial_answer_costs_its_tokens(settings: Settings) -> None:
    failure = failed(settings, Overloaded("It broke off."), "Some words that came")
    assert failure.usage.output_tokens > 0
    assert failure.cost_micro_usd > 0


def test_an_answer_without_usage_is_estimated(settings: Settings) -> None:
    for usage in (Usage(input_tokens=1, output_tokens=1), None):
        settlement = replies.settlement_of(INTENT, CHAT, "Words.", ChatEnd("stop", usage), settings=settings)
        finished = settlement.events[0]
        assert isinstance(finished, ModelCallFinished)
        assert finished.estimated is settlement.estimated is (usage is None)


def test_a_turn_with_tool_requests_continues(settings: Settings) -> None:
    settlement = settled(settings, "", ToolRequest("1", "calculator", "{}"))
    assert settlement.outcome.tool_calls == ("calculator",)
    assert settlement.node_result is None


def test_tools_requested_on_the_last_turn_do_not_run(settings: Settings) -> None:
    settlement = settled(settings, "So far: 4.", ToolRequest("1", "calculator", "{}"), last_turn=True)
    assert settlement.outcome.tool_calls == ()
    assert settlement.node_result == "So far: 4."


def test_a_last_turn_without_words_is_no_answer(settings: Settings) -> None:
    settlement = settled(settings, "", ToolRequest("1", "calculator", "{}"), last_turn=True)
    assert settlement.node_result is None
    with pytest.raises(ApplicationError) as refused:
        check_answered(PLACE.model_copy(update={"policy": RunPolicy(max_turns=1)}), 1, settlement.outcome)
    assert refused.value.type == "turn_limit_reached"


def test_unread_guidance_makes_an_answer_provisional(settings: Settings) -> None:
    assert settled(settings, "4.").if_guidance == 0
    assert settled(settings, "4.", unseen=False).if_guidance is None
    assert settled(settings, "", ToolRequest("1", "calculator", "{}")).if_guidance is None


def test_an_answer_that_guidance_overtook_ends_nothing(settings: Settings) -> None:
    settlement = settled(settings, "4.", unseen=True)
    assert settlement.outcome.goes_on
    assert settlement.node_result is None
    assert [event.type for event in settlement.events] == ["model_call.finished"]


def test_the_last_turns_answer_ignores_late_guidance(settings: Settings) -> None:
    settlement = settled(settings, "4.", last_turn=True)
    assert settlement.if_guidance is None
    assert settlement.node_result == "4."


def test_unsupported_names_stay_out_of_the_transcript(settings: Settings) -> None:
    settlement = settled(settings, "", ToolRequest("1", "calc ulator.x", "{}"))
    assert settlement.outcome.tool_calls == ("unknown_tool",)


def test_provider_state_is_kept_beside_its_reply(
    settings: Settings,
) -> None:
    call = ToolRequest("c1", "calculator", "{}")
    state = {"provider": "anthropic", "content": [{"signature": "abc\x00\ud800"}]}
    assert settled(settings, "", call, state=state).messages[0].state == {
        "provider": "anthropic",
        "content": [{"signature": "abc"}],
    }
    # The state's blocks name a tool that isn't in the transcript.
    assert settled(settings, "", replace(call, name="no good name!"), state=state).messages[0].state is None
    assert settled(settings, "words", call, last_turn=True, state=state).messages[0].state is None
    large = {"provider": "anthropic", "content": "x" * (replies.MAX_STATE_BYTES + 1)}
    assert settled(settings, "words", state=large).messages[0].state is None
