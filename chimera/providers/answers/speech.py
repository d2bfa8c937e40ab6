"""Splits a model's output, as it arrives, into the answer, the reasoning, and tool calls that are written as text."""

import re
from collections.abc import Sequence

from chimera.content.text import Halves, clean_text
from chimera.providers.answers.thoughts import Thoughts, answer_in
from chimera.providers.answers.written_calls import Call, WrittenCalls
from chimera.providers.base import ToolSpec

_STOPS = re.compile(
    r"(?:\s*(?:<\|(?:im_end|eot_id|eom_id|end|return|endoftext|end_of_text|END_RESPONSE|END_OF_TURN_TOKEN)\|>"
    r"|<｜end▁of▁sentence｜>|<end_of_turn>|</s>))+\s*\Z"
)
_STOP_CHARS = 200
"""The length of the end of an answer in which end tokens are searched for."""


class Speech:
    """The text of one answer. `tools` are the tools that it may call."""

    def __init__(self, tools: Sequence[ToolSpec] = ()) -> None:
        self._tools = tools
        self._halves = Halves()
        self._thoughts = Thoughts()
        self._written = WrittenCalls(tools)
        self._text: list[str] = []
        self._thought = ""

    @property
    def has_words(self) -> bool:
        """Whether there was any output besides reasoning."""
        return bool(self._text) or self._written.may_be_calls

    @property
    def calls(self) -> list[Call]:
        """The calls that were written as text; known after `rest`."""
        return self._written.calls

    @property
    def thought(self) -> str:
        """All reasoning. A thought that has only a closing tag is known after `end`."""
        return clean_text("".join([self._thought, *self._thoughts.thought])).strip()

    def take(self, text: str) -> str:
        """Accept a piece and return the text that certainly belongs to the answer, cleaned."""
        return self._kept(self._written.take(clean_text(self._thoughts.take(self._halves.take(text)))))

    def rest(self, thought: str = "") -> str:
        """Return the text that was held back, at the end of the answer. `thought` arrived separately from the text.

        If there is no other output, calls in the reasoning count: https://github.com/vybestack/llxprt-code/pull/750

        Raises `AnswerTooLarge`.
        """
        rest = self._written.take(clean_text(self._thoughts.rest()))
        rest = self._kept(rest + self._written.rest())
        if not self._text and not self.calls:
            self._written = WrittenCalls(self._tools)
            self._written.take(thought + self.thought)
            self._written.rest()
        return rest

    def end(self) -> tuple[str, bool]:
        """Return the answer, and whether it is shorter than the text that was returned before."""
        text = "".join(self._text)
        self._thought, answer = split(text)
        return answer, answer != text

    def _kept(self, text: str) -> str:
        if text:
            self._text.append(text)
        return text


def split(text: str) -> tuple[str, str]:
    """Split a complete text into its thought, if that has only a closing tag, and the answer without end tokens."""
    thought, answer = answer_in(text) or ("", text)
    return thought, _without_stops(answer)


def _without_stops(text: str) -> str:
    """Remove a chat template's end tokens that the server forgot to remove."""
    place = max(len(text) - _STOP_CHARS, 0)
    found = _STOPS.search(text, place)
    if found is None or ("</s>" in found[0] and "<s>" in text):
        return text
    return text[: found.start()].rstrip()
