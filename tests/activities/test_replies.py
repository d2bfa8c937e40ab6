"""What an answer makes true, and what it does not."""

import pytest
from temporalio.exceptions import ApplicationError

from activities import replies
from chimera.db.model_calls import Intent, Settlement
from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest, ToolRequest
from chimera.settings import Settings
from models.ids import NodePath, TaskId, UserId
from models.model_calls import ModelCallRequest, Purpose
from models.subtasks import SubtaskInput
from models.tasks import RunPolicy, Usage
from workflows.turn import check_answered


def settled(settings: Settings, text: str, *calls: ToolRequest, last_turn: bool = False) -> Settlement:
    request = ModelCallRequest(
        task_id=TaskId("t"), path=NodePath("a"), purpose=Purpose.TURN, step=1, agent="analyst", last_turn=last_turn
    )
    intent = Intent(request, 1, "simulator/fast", True, "w", 10, 10)
    chat = ChatRequest("fast", (ChatMessage("user", "go"),), "t/a#turn.1", 1, 100)
    end = ChatEnd("tool_calls" if calls else "stop", Usage(input_tokens=1, output_tokens=1), calls)
    return replies.settlement_of(intent, chat, text, end, settings=settings, agents=(), nodes_left=200, task_ends=False)


def test_a_turn_that_asks_for_tools_goes_on(settings: Settings) -> None:
    settlement = settled(settings, "", ToolRequest("1", "calculator", "{}"))
    assert settlement.outcome.tool_calls == ("calculator",)
    assert settlement.node_result is None


def test_tools_asked_for_on_the_last_turn_are_not_run(settings: Settings) -> None:
    settlement = settled(settings, "So far: 4.", ToolRequest("1", "calculator", "{}"), last_turn=True)
    assert settlement.outcome.tool_calls == ()
    assert settlement.node_result == "So far: 4."


def test_a_last_turn_without_words_is_no_answer(settings: Settings) -> None:
    settlement = settled(settings, "", ToolRequest("1", "calculator", "{}"), last_turn=True)
    assert settlement.node_result is None
    subtask = SubtaskInput(
        task_id=TaskId("t"),
        owner_id=UserId("u"),
        path=NodePath("a"),
        agent="analyst",
        policy=RunPolicy(max_turns=1),
    )
    with pytest.raises(ApplicationError) as refused:
        check_answered(subtask, 1, settlement.outcome)
    assert refused.value.type == "turn_limit_reached"


def test_a_name_that_vendors_refuse_does_not_enter_the_transcript(settings: Settings) -> None:
    settlement = settled(settings, "", ToolRequest("1", "calc ulator.x", "{}"))
    assert settlement.outcome.tool_calls == ("unknown_tool",)
