"""Assembles a Gemini answer from its chunks, and decides whether it is complete.

Each chunk is a small but complete response: function calls arrive in one piece, and usage is repeated each time.
Meaningless chunks are dropped and counted. Everything is cleaned here, so later code never sees text that can't be
stored.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from chimera.content.text import clean_json, clean_text
from chimera.providers.answers.endings import believable, reason_of, useless
from chimera.providers.answers.speech import Speech
from chimera.providers.answers.tool_requests import known_name, whole_arguments
from chimera.providers.base import ChatEnd, ToolRequest, ToolSpec
from chimera.providers.google.requests import PROVIDER
from chimera.providers.wire.http import SizeLimit, check_calls, object_of
from chimera.providers.wire.pieces import DONE, Piece
from chimera.providers.wire.values import dict_of, figure_of, first_of, json_of, list_of, text_of, word_of
from models.base import preview_of
from models.errors import BadRequest, ContentRefused, Malformed, Truncated
from models.tasks import FinishReason
from models.usage import Usage

_REFUSALS = {
    *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    *("ESCALATION", "PUP_LIMITED_DISABLED", "MODEL_ARMOR"),
}
_FAILURES = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"}
"""Finish reasons for an answer that isn't what the model intended."""

_UNSPECIFIED = {"FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"}
_MAX_ID_CHARS = 40
"""OpenAI's limit, in case the conversation moves to OpenAI."""


class GoogleAnswer:
    """Collects the chunks of one answer."""

    noun = "a Gemini answer"

    def __init__(self, model: str, max_bytes: int, tools: Sequence[ToolSpec] = ()) -> None:
        """`tools` are the tools that may be called."""
        self._names = {tool.name for tool in tools}
        self._speech = Speech(tools)
        self._model = model
        self._size = SizeLimit(max_bytes)
        self._parts: list[dict[str, Any]] = []
        self._text: list[str] = []
        """The pieces of the current part."""
        self._calls: list[dict[str, Any]] = []
        self._thought: list[str] = []
        self._has_text = False
        self._is_signed = False
        self._blocked = ""
        self._finish_reason = ""
        self._reason_message = ""
        self._is_done = False
        self._skipped = 0
        self._id: str | None = None
        self._figures: dict[str, Any] = {}
        self._is_unspecified = False
        """Whether the last chunk ended the answer without naming a reason."""
        self.has_begun = False

    @property
    def usage(self) -> Usage | None:
        return _usage_of(self._figures)

    @property
    def is_whole(self) -> bool:
        """Whether there is a finish reason, or the stream has ended after some output."""
        reports_end = self._is_done or self._is_unspecified
        return bool(self._finish_reason or self._blocked) or (reports_end and (self._has_text or bool(self._calls)))

    def take(self, piece: Piece) -> str | None:
        """Accept a chunk and return its text, cleaned, without reasoning; None for an unknown one.

        Raises `AnswerTooLarge`.
        """
        if piece is DONE:
            self._is_done = True
            return ""
        body = _named(piece.body)
        if "candidates" not in body and isinstance(body.get("response"), dict):
            # The format of the servers behind Google's own command line, which proxies pass on.
            body = _named(body["response"])
        feedback = dict_of(body.get("promptFeedback"))
        blocked = word_of(feedback.get("blockReason"))
        self._blocked = self._blocked or ("" if blocked in _UNSPECIFIED else blocked)
        # Each chunk contains totals; a missing total keeps its earlier value.
        self._figures |= {
            name: figure
            for name, figure in _named(dict_of(body.get("usageMetadata"))).items()
            if figure is not None and (figure or not self._figures.get(name))
        }
        candidate = first_of(body.get("candidates"))
        known = candidate is not None or any(key in body for key in ("usageMetadata", "promptFeedback"))
        if not known:
            return None
        self.has_begun = True
        self._id = self._id or clean_text(word_of(body.get("responseId"))) or None
        return "" if candidate is None else self._speech.take(self._taken(_named(candidate)))

    def rest(self) -> str:
        """Return the text that was held back because it might be a tag or a call. Raises `AnswerTooLarge`."""
        rest = self._speech.rest()
        if not self._calls:
            for call in self._speech.calls:
                self._add({"functionCall": {"name": call["name"], "args": call["arguments"]}})
        return rest

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises a `ProviderError` when the answer is unusable."""
        if self._blocked:
            raise ContentRefused(f"google rejected the prompt ({clean_text(self._blocked[:40])}).")
        if not self.is_whole:
            raise Truncated("google stopped in the middle of its answer. The answer was discarded.")
        finish_reason = known_reason(self._finish_reason, self._reason_message) if self._finish_reason else "stop"
        tools = self._tools()
        text, is_less = self._speech.end()
        if finish_reason == "length" and tools:
            raise Truncated(
                f"The answer was cut off in the middle of a tool call, at the limit of {max_output_tokens} tokens."
                " Raise max_output_tokens."
            )
        if not tools and any(call["args"] for call in self._calls):
            raise Malformed("google sent a tool call without a name.")
        if not tools and not text.strip():
            if finish_reason == "length":
                raise useless(PROVIDER, max_output_tokens)
            raise Malformed(f"google returned neither text nor a tool call{_because(self._finish_reason)}.")
        return ChatEnd(
            finish_reason="tool_calls" if tools else "stop" if finish_reason == "tool_calls" else finish_reason,
            usage=believable(self.usage),
            tool_calls=tools,
            request_id=self._id,
            state=self._state(),
            answer=text if is_less else None,
            thought=clean_text("".join([*self._thought, self._speech.thought])).strip(),
            skipped=self._skipped + len(self._calls) - len(tools),
        )

    def _taken(self, candidate: dict[str, Any]) -> str:
        reported = candidate.get("finishReason")
        word = word_of(reported) if reported else ""
        self._is_unspecified = bool(reported) and word in _UNSPECIFIED
        if reported and not self._is_unspecified:
            self._finish_reason = word or "OTHER"
            self._reason_message = text_of(candidate.get("finishMessage"))
        content = candidate.get("content")
        if isinstance(content, list) and any("parts" in dict_of(each) for each in content):
            content = next(dict_of(each) for each in content if "parts" in dict_of(each))
        parts = dict_of(content).get("parts") if isinstance(content, dict) else content
        return "".join(map(self._add, [{"text": parts}] if isinstance(parts, str) else list_of(parts)))

    def _add(self, part: object) -> str:
        """Keep a part and return its text for the reader."""
        kept = _kept(_named(dict_of(part)))
        if not {"functionCall", "text"} & kept.keys():
            # Images and executed code were not requested.
            self._skipped += 1
            return ""
        call = kept.get("functionCall")
        self._size.count(json.dumps(kept, ensure_ascii=False))
        self._is_signed = self._is_signed or "thoughtSignature" in kept
        self._keep(kept)
        if call is not None:
            check_calls(len(self._calls) + 1)
            self._calls.append(call)
        text: str = kept.get("text") or ""
        if kept.get("thought"):
            self._thought.append(text)
            return ""
        self._has_text = self._has_text or bool(text.strip())
        return text

    def _keep(self, part: dict[str, Any]) -> None:
        """Join text that arrived in pieces, except signed parts: a signature is valid only on its own part."""
        if part.keys() == {"text"}:
            self._text.append(part["text"])
        else:
            self._end_text()
            self._parts.append(part)

    def _end_text(self) -> None:
        if self._text:
            self._parts.append({"text": "".join(self._text)})
            self._text.clear()

    def _tools(self) -> tuple[ToolRequest, ...]:
        """Return the calls that have a name, each with a unique ID."""
        tools, taken, asked = [], set[str](), set[tuple[str, str, str]]()
        for index, call in enumerate(self._calls):
            name = known_name(clean_text(word_of(call.get("name"))), self._names)
            id, number = clean_text(word_of(call.get("id"))), index
            arguments = json.dumps(clean_json(call["args"]), ensure_ascii=False)
            if not name or (id and (id, name, arguments) in asked):
                # The call has no name, or is repeated at the end.
                continue
            asked.add((id, name, arguments))
            while not id or id in taken:
                id, number = self._own_id(number), number + 1
            taken.add(id)
            tools.append(ToolRequest(id, name, arguments))
        return tuple(tools)

    def _own_id(self, number: int) -> str:
        """Make an ID for a call of an older model, which sends none; the answer's ID makes it unique across answers."""
        return f"call_{number}_{re.sub('[^A-Za-z0-9_-]', '', self._id or '')}"[:_MAX_ID_CHARS].rstrip("_")

    def _state(self) -> dict[str, Any] | None:
        """Return the state to send back unchanged. Without a signature, the message itself is enough."""
        if not self._is_signed:
            return None
        self._end_text()
        return {"provider": PROVIDER, "model": self._model, "parts": clean_json(self._parts)}


def known_reason(reported: str, message: str) -> FinishReason:
    """Read why an answer ended; "other" for an unknown reason.

    Raises `ContentRefused`, `BadRequest` or `Malformed` for reasons that make the answer unusable.
    """
    reason = clean_text(f"{reported[:40]} {preview_of(message, 150)}").strip()
    if reported.upper() in _REFUSALS:
        raise ContentRefused(f"google withheld its answer: {reason}")
    if reported == "MISSING_THOUGHT_SIGNATURE":
        raise BadRequest(f"The conversation lacks a signature that google requires: {reason}")
    if reported.upper() in _FAILURES:
        raise Malformed(f"google returned no usable answer: {reason}")
    known = reason_of(reported) or "other"
    if known in ("content_filter", "refusal"):
        raise ContentRefused(f"google withheld its answer: {reason}")
    return known


def _because(reported: str) -> str:
    return "" if reported in ("", "STOP") else f" ({clean_text(reported[:40])})"


def _kept(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part's known fields: the part may have to be sent back, and the SDK rejects unknown fields."""
    kept: dict[str, Any] = {}
    call, signature = part.get("functionCall"), part.get("thoughtSignature")
    if isinstance(call, dict):
        kept["functionCall"] = {name: call[name] for name in ("id", "name") if isinstance(call.get(name), str | int)}
        kept["functionCall"]["args"] = _arguments(call)
    elif "text" in part:
        kept["text"] = text_of(part["text"])
    if part.get("thought"):
        kept["thought"] = True
    if isinstance(signature, str) and signature:
        kept["thoughtSignature"] = signature
    return kept


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    """Parse tool-call arguments into an object. Google sends an object; other servers may send a string."""
    reported = call["arguments"] if call.get("args") is None and "arguments" in call else call.get("args")
    return reported if isinstance(reported, dict) else object_of(whole_arguments(json_of(reported)))


def _named(reported: dict[str, Any]) -> dict[str, Any]:
    """Rename fields to Google's JSON names. Google's SDKs, and servers built on them, write a_b instead of aB."""
    if not any("_" in name for name in reported):
        return reported
    return {re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name): value for name, value in reported.items()}


def _usage_of(reported: dict[str, Any]) -> Usage | None:
    """Read the usage; None if missing or implausible. The ledger then estimates it, and marks it as an estimate."""
    if reported.get("promptTokenCount") is None:
        return None
    names = ("promptTokenCount", "toolUsePromptTokenCount", "cachedContentTokenCount", "candidatesTokenCount")
    read, by_tools, cached, written, thoughts = (
        figure_of(0 if reported.get(name) is None else reported[name]) for name in (*names, "thoughtsTokenCount")
    )
    if not (read or written):
        # Gateways that don't count tokens report 0.
        return None
    if read is None or by_tools is None or cached is None or written is None or thoughts is None:
        return None
    return Usage(
        input_tokens=read + by_tools,
        cached_input_tokens=cached,
        # Some gateways include thoughts in the output tokens.
        output_tokens=written
        if figure_of(reported.get("totalTokenCount")) == read + by_tools + written
        else written + thoughts,
        reasoning_tokens=thoughts,
    )
