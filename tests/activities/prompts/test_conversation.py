"""Conversations of replies: what fits, what is summarized, and how messages and files become prompts."""

import pytest

from activities.prompts import conversation, messages
from chimera.ledger.conversations import PathMessage
from chimera.providers.base import ChatMessage, ToolRequest
from models.errors import ContextTooLong

MODEL = "simulator/fast"
WORDS = "word " * 60


def path_of(*roles: str) -> list[PathMessage]:
    return [PathMessage(str(number), role, WORDS, ()) for number, role in enumerate(roles)]


def older(kept_messages: float, *roles: str) -> list[str]:
    kept = int(kept_messages * messages.tokens_of(WORDS))
    return [message.id for message in conversation._older(path_of(*roles), kept)]


def test_the_newest_messages_are_not_summarized() -> None:
    assert older(3, "user", "assistant", "user", "assistant", "user") == ["0", "1"]


def test_an_answer_stays_with_its_question() -> None:
    assert older(2, "user", "assistant", "user", "assistant", "user") == ["0", "1", "2", "3"]


def test_the_last_message_is_never_summarized() -> None:
    assert older(0, "user", "assistant", "user") == ["0", "1"]
    assert older(0, "user") == []


def test_a_summary_alone_is_not_summarized_again() -> None:
    assert older(0, "summary", "user") == []
    assert older(0, "summary", "user", "assistant", "user") == ["0", "1", "2"]


def said(*roles: str) -> list[ChatMessage]:
    return [ChatMessage(role, f"{number} {WORDS}") for number, role in enumerate(roles)]


def test_a_conversation_that_fits_is_unchanged() -> None:
    whole = said("system", "user", "assistant", "user")
    assert conversation._fitted(whole, 10_000, MODEL, may_cut=False) == whole


def test_a_cut_conversation_keeps_system_and_end() -> None:
    whole = said("system", "user", "assistant", "user", "assistant", "user")
    budget = conversation.tokens_of(whole) - 50
    cut = conversation._fitted(whole, budget, MODEL, may_cut=True)
    assert cut[0] == whole[0]
    assert cut[1].content.startswith("[Left out here")
    assert cut[-1] == whole[-1]
    assert conversation.tokens_of(cut) <= budget


def test_a_result_without_its_call_is_dropped() -> None:
    call = ChatMessage("assistant", "", (ToolRequest("1", "look", f'{{"at": "{WORDS}"}}'),))
    result = ChatMessage("tool", WORDS, tool_call_id="1")
    whole = [*said("user"), call, result, *said("assistant", "user")]
    cut = conversation._fitted(whole, conversation.tokens_of(whole[2:]) + 30, MODEL, may_cut=True)
    assert [message.role for message in cut] == ["user", "assistant", "user"]


@pytest.mark.parametrize("may_cut", [True, False])
def test_a_last_message_that_is_too_long_fails(may_cut: bool) -> None:
    with pytest.raises(ContextTooLong):
        conversation._fitted(said("user"), 10, MODEL, may_cut=may_cut)
