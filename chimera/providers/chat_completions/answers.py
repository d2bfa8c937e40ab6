"""Assembles a chat-completions answer from its pieces: passes text on, and decides whether it is complete.

Servers with this API differ in every field. Fields are read by their meaning, and meaningless pieces are dropped and
counted; an answer is discarded only if it has no meaning at all. Everything is cleaned here, so code that uses a
provider never sees text that can't be stored.
"""

from typing import Any

from chimera.content.text import clean_text
from chimera.providers.answers.endings import believable, reason_of, useless
from chimera.providers.answers.speech import Speech
from chimera.providers.base import ChatEnd, ChatRequest, ToolRequest
from chimera.providers.chat_completions.tools import ToolCalls
from chimera.providers.chat_completions.usage import usage_of
from chimera.providers.wire.http import SizeLimit
from chimera.providers.wire.pieces import DONE, ErrorInAnswer, Piece, is_error
from chimera.providers.wire.values import dict_of, first_of, json_of, list_of, text_of, word_of
from models.base import preview_of
from models.errors import ContentRefused, Malformed, ProviderError, Truncated
from models.tasks import FinishReason
from models.usage import Usage

_TEXT_PARTS = frozenset({"text", "output_text", "input_text", ""})
_THOUGHT_PARTS = frozenset({"thinking", "reasoning", "thought"})
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thought")
"""Fields in which servers send reasoning; servers that renamed the field send both."""
_DEPTH = 4


class ChatCompletionsAnswer:
    """Collects the pieces of one answer."""

    noun = "a chat completion"

    def __init__(self, provider: str, max_bytes: int, request: ChatRequest) -> None:
        self._provider = provider
        self._size = SizeLimit(max_bytes)
        offered = request.tools if request.tool_choice != "none" else ()
        self._tools = ToolCalls(self._size, {tool.name for tool in request.tools})
        self._speech = Speech(offered)
        self._thought: list[str] = []
        self._strays: list[dict[str, Any]] = []
        self._has_choice = False
        self._refusal: list[str] = []
        self._reason: FinishReason | None = None
        self._is_done = False
        self._is_document = False
        """Whether the answer is one whole completion, as sent by servers that don't stream."""
        self._raw: list[str] = []
        self._raw_chars = 0
        self._is_of_messages = False
        self._skipped = 0
        self._id: str | None = None
        self.usage: Usage | None = None
        self.has_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether there is a finish reason, or the stream has ended after some output."""
        if self._reason is not None or self._is_document:
            return True
        has_output = self._speech.has_words or bool(self._refusal)
        return self._is_done and (has_output or bool(self._tools)) and self._tools.are_whole

    def take(self, piece: Piece) -> str | None:
        """Accept a piece and return its text, cleaned; None for an unknown one. Raises `AnswerTooLarge`."""
        if piece is DONE:
            self._is_done = True
            return ""
        body = piece.body
        usage = usage_of(body)
        self._count(usage)
        # Pieces with usage or routing information have no choice.
        choices = list_of(body.get("choices"))
        if not choices:
            self._reason = reason_of(body.get("finish_reason")) or self._reason
            return "" if usage is not None or "choices" in body else None
        self._id = self._id or clean_text(word_of(body.get("id"))) or None
        choice = first_of(choices)
        if choice is None:
            return self._stray(choices)
        self.has_begun = self._has_choice = True
        self._is_document = self._is_document or body.get("object") == "chat.completion"
        return self._speech.take(self._chosen(choice))

    def rest(self) -> str:
        """Return the text that was held back because it might be a tag or a call. Raises `AnswerTooLarge`."""
        strays = ""
        if not self._has_choice:
            # Only one choice was requested, so the choice with another number must be the answer.
            strays = "".join(self._speech.take(self._chosen(choice)) for choice in self._strays)
        rest = strays + self._speech.rest("".join(self._thought))
        if not self._tools:
            for index, call in enumerate(self._speech.calls):
                self._tools.take([{"function": call, "index": index}])
        return rest

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises a `ProviderError` when the answer is unusable."""
        if not self.is_whole:
            raise Truncated(f"{self._provider} stopped in the middle of its answer. The answer was discarded.")
        text, is_less = self._speech.end()
        tools = self._tools.made()
        self._check(text, tools, max_output_tokens)
        return ChatEnd(
            finish_reason=self._finish(bool(tools)),
            usage=believable(self.usage),
            tool_calls=tools,
            request_id=self._id,
            answer=text if is_less else None,
            thought=clean_text("".join([*self._thought, self._speech.thought])).strip(),
            skipped=self._skipped + self._tools.nameless,
        )

    def _count(self, usage: Usage | None) -> None:
        """Accept figures, which are totals; a later partial figure never lowers them."""
        if usage is not None and (self.usage is None or usage.output_tokens or not self.usage.output_tokens):
            self.usage = usage

    def _stray(self, choices: list[Any]) -> str | None:
        """Keep a choice with another number: old Hugging Face servers count tokens in this number.

        https://github.com/huggingface/text-generation-inference/pull/1648
        """
        kept = [choice for choice in choices if isinstance(choice, dict)]
        if self._has_choice or not kept:
            return None
        self.has_begun = True
        self._size.count(json_of(kept))
        self._strays += kept
        return ""

    def _chosen(self, choice: dict[str, Any]) -> str:
        """Read a choice and return its text, which may still contain thoughts."""
        if is_error("", choice):
            raise ErrorInAnswer(choice.get("error", choice))
        delta = choice.get("delta")
        places = (choice, dict_of(delta))
        reasons = (place.get(name) for name in ("finish_reason", "finishReason") for place in places)
        self._reason = next(filter(None, map(reason_of, reasons)), None) or self._reason
        for place in places:
            self._count(usage_of(place))
        if isinstance(delta, dict) and delta:
            text = self._delta(delta) or self._content(choice.get("text"), 0)
        elif isinstance(choice.get("message"), dict):
            text = self._message(choice["message"])
        else:
            text = self._content(delta or choice.get("text"), 0)
        if text:
            self._raw.append(text)
            self._raw_chars += len(text)
        return text

    def _message(self, message: dict[str, Any]) -> str:
        """Read a message in place of a delta. It contains a piece of the text, or the whole text so far and more."""
        if (self._raw or self._tools) and not self._is_of_messages:
            # The message ends a stream of deltas, and repeats them.
            return ""
        self._is_of_messages = True
        text = self._delta(message)
        # A shorter text can't begin with the whole text so far, and joining the pieces each time would take too long.
        return text if len(text) < self._raw_chars else text.removeprefix("".join(self._raw))

    def _delta(self, delta: dict[str, Any]) -> str:
        text = self._content(delta.get("content"), 0)
        if "refusal" in delta:
            self._refuse(text_of(delta["refusal"]))
        for name in _THOUGHTS:
            if delta.get(name):
                self._think(delta[name], 0)
                break
        if delta.get("tool_calls"):
            self._skipped += self._tools.take(delta["tool_calls"])
        if delta.get("function_call"):
            self._tools.take_legacy(delta["function_call"])
        return text

    def _content(self, content: object, depth: int) -> str:
        """Read text, or a list of parts, some of which are thoughts."""
        if isinstance(content, str):
            self._size.count(content)
            return content
        if isinstance(content, list) and depth < _DEPTH:
            return "".join(self._content(part, depth + 1) for part in content)
        if isinstance(content, dict) and depth < _DEPTH:
            return self._part(content, depth)
        text = text_of(content)
        self._skipped += content is not None and not text
        return text

    def _part(self, part: dict[str, Any], depth: int) -> str:
        kind = word_of(part.get("type"))
        if kind in _TEXT_PARTS:
            return self._content(part.get("text", part.get("value")), depth + 1)
        if kind in _THOUGHT_PARTS:
            self._think(part.get(kind) or part.get("text"), depth)
        elif kind == "refusal":
            self._refuse(text_of(part.get("refusal")))
        else:
            # Images and audio were not requested.
            self._skipped += 1
        return ""

    def _think(self, thought: object, depth: int) -> None:
        if isinstance(thought, list | dict) and depth < _DEPTH:
            for part in list_of(thought):
                inner = part if isinstance(part, str) else dict_of(part)
                self._think(inner if isinstance(inner, str) else inner.get("text") or inner.get("content"), depth + 1)
            return
        text = text_of(thought)
        self._size.count(text)
        self._thought.append(text)

    def _refuse(self, text: str) -> None:
        self._size.count(text)
        if text:
            self._refusal.append(text)

    def _check(self, text: str, tools: tuple[ToolRequest, ...], max_output_tokens: int) -> None:
        if self._reason == "content_filter":
            raise ContentRefused(
                f"{self._provider}'s content filter blocked the answer. Change the request, or use another model."
            )
        if tools and self._reason == "length":
            raise Truncated(
                f"The answer was cut off in the middle of a tool call, at the limit of {max_output_tokens} tokens."
                " Raise max_output_tokens."
            )
        if not tools and self._tools.nameless:
            raise Malformed(f"{self._provider} sent a tool call without a name.")
        if not text.strip() and not tools:
            raise self._wordless(max_output_tokens)

    def _wordless(self, max_output_tokens: int) -> ProviderError:
        if self._refusal or self._reason == "refusal":
            why = preview_of(clean_text("".join(self._refusal)), 200) or "no reason given"
            return ContentRefused(f"{self._provider}'s model refused: {why}")
        if self._reason == "length":
            return useless(self._provider, max_output_tokens)
        thought = (
            " The response contains reasoning, so the server may have misclassified the answer as reasoning."
            if self._thought
            else ""
        )
        return Malformed(f"{self._provider} returned neither text nor a tool call.{thought}")

    def _finish(self, calls: bool) -> FinishReason:
        if calls:
            # Some servers finish with "stop" although they request tools.
            return "tool_calls"
        if self._refusal:
            return "refusal"
        # Some servers send "tool_calls" without a call when tools were offered.
        return "stop" if self._reason in (None, "tool_calls") else self._reason
