"""A model's output is split into answer, thought and tool calls."""

import pytest

from chimera.providers.answers.speech import Speech
from chimera.providers.base import ToolSpec

TOOLS = (ToolSpec("calc", "", {}),)
CALL = '<tool_call>{"name": "calc", "arguments": {"expression": "1"}}</tool_call>'


def parsed(*pieces: str, thought: str = "") -> tuple[str, str, list[str]]:
    """Return the answer, the thought, and the names of the called tools."""
    speech = Speech(TOOLS)
    passed = "".join([*map(speech.take, pieces), speech.rest(thought)])
    answer, is_less = speech.end()
    assert is_less or answer == passed
    return answer, speech.thought, [call["name"] for call in speech.calls]


def test_halves_of_an_emoji_are_joined() -> None:
    assert parsed("a \ud83c", "\udf0d b")[0] == "a 🌍 b"
    assert parsed("a \ud83c", "b \ud83c")[0] == "a b "
    assert parsed("\udf0d a")[0] == " a"


@pytest.mark.parametrize("end", ["<|im_end|>", "</s>", "\n<|eot_id|>\n", "<|end|><|return|>", "<end_of_turn>"])
def test_a_final_stop_token_is_removed(end: str) -> None:
    assert parsed("Yes.", end)[0] == "Yes."


def test_text_like_stop_tokens_is_kept() -> None:
    for text in ("<s>old</s>", "It ends in <|im_end|>, always.", "<|im_end|> ends it"):
        assert parsed(text)[0] == text


def test_a_call_in_a_thought_counts_without_text() -> None:
    assert parsed(f"<think>hm\n{CALL}</think>") == ("", f"hm\n{CALL}", ["calc"])
    assert parsed(thought=CALL) == ("", "", ["calc"])
    assert parsed(f"<think>{CALL}</think>Yes.") == ("Yes.", CALL, [])


def test_a_call_after_words_leaves_them() -> None:
    assert parsed("Let me see.\n", CALL) == ("Let me see.\n", "", ["calc"])


def test_channels_without_tokens_are_separated() -> None:
    assert parsed("analysis", "hm.assistant", "finalYes.")[:2] == ("Yes.", "hm.")
    assert parsed("analysis of final results")[:2] == ("analysis of final results", "")
