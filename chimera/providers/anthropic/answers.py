"""Assembles an answer of the Messages API from its events, and decides whether it is complete.

Meaningless events are dropped and counted. Text and tool calls are cleaned here. Reasoning can't be cleaned, because it
is signed: if any of it can't be stored unchanged, none of it is kept to be sent back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chimera.content.text import clean_json, clean_text
from chimera.providers.answers.endings import believable, reason_of, useless
from chimera.providers.answers.speech import Speech
from chimera.providers.answers.tool_requests import arguments_in, arguments_of_each, known_name, whole_arguments
from chimera.providers.anthropic.requests import PROVIDER
from chimera.providers.base import ChatEnd, ToolRequest, ToolSpec
from chimera.providers.wire.http import SizeLimit, object_of
from chimera.providers.wire.pieces import DONE, Piece
from chimera.providers.wire.values import dict_of, figure_of, index_of, is_object, json_of, list_of, text_of, word_of
from models.base import preview_of
from models.errors import AnswerTooLarge, ContentRefused, ContextTooLong, Malformed, Truncated
from models.tasks import FinishReason
from models.usage import Usage

_REASONING = ("thinking", "redacted_thinking")
_FIGURES = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
_KNOWN = frozenset({"content_block_stop", "message_stop"})
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("tool_use", "partial_json"),
    "text": ("text", "text"),
}
"""By the type of a delta: the kind of block that it belongs to, and the field with its content."""
_BY_FIELD = {"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}
"""By its field: the type of a delta that doesn't name its type."""
_KINDS = ("text", "thinking", "redacted_thinking", "tool_use")
_OTHER_NAMES = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
"""Names used by gateways in front of other vendors."""
MAX_BLOCKS = 1000
"""Maximum number of blocks in one answer; a turn with text, thoughts and calls has a few dozen."""


@dataclass
class _Block:
    """One block of the answer; its longest part arrives in pieces."""

    kind: str
    pieces: list[str] = field(default_factory=list)
    id: str = ""
    name: str = ""
    signatures: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def signature(self) -> str:
        return "".join(self.signatures)


class AnthropicAnswer:
    """Collects the events of one answer."""

    noun = "a message"

    def __init__(self, model: str, prefix: str, max_bytes: int, tools: Sequence[ToolSpec] = ()) -> None:
        """`tools` are the tools that may be called."""
        self._names = {tool.name for tool in tools}
        self._speech = Speech(tools)
        self._model = model
        self._prefix = prefix
        self._size = SizeLimit(max_bytes)
        self._blocks: dict[int, _Block] = {}
        self._places: dict[int, int] = {}
        """Positions of blocks, by the index that the server sends."""
        self._last_place = -1
        self._figures: dict[str, object] = {}
        self._stop_reason = ""
        self._reason: FinishReason | None = None
        self._refusal = ""
        self._stopped = False
        self._id: str | None = None
        self.has_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether there is a finish reason, or the last event has arrived after some output."""
        if self._reason is not None or not self._stopped:
            return self._reason is not None
        blocks = self._blocks.values()
        # A call without arguments is for a tool without parameters.
        calls_are_whole = all(is_object(each.text or "{}") for each in blocks if each.kind == "tool_use")
        return calls_are_whole and any(each.kind == "text" and each.text for each in blocks)

    @property
    def usage(self) -> Usage | None:
        """The usage; None if missing or implausible. The ledger then estimates it, and marks it as an estimate."""
        reported = {name: figure_of(figure) for name, figure in self._figures.items()}
        fresh, written = reported.get("input_tokens"), reported.get("output_tokens")
        if fresh is None or written is None or None in reported.values() or not any(reported.values()):
            # Gateways that don't count tokens report 0.
            return None
        read, cached = reported.get("cache_read_input_tokens") or 0, reported.get("cache_creation_input_tokens") or 0
        return Usage(
            input_tokens=fresh + read + cached,
            cached_input_tokens=read,
            cache_write_tokens=cached,
            output_tokens=written,
            reasoning_tokens=reported.get("thinking_tokens") or 0,
        )

    def take(self, piece: Piece) -> str | None:
        """Accept an event and return its text, cleaned; None for an unknown one. Raises `AnswerTooLarge`."""
        if piece is DONE:
            self._stopped = True
            return ""
        text = self._taken(word_of(piece.body.get("type")) or piece.kind, piece.body)
        if text is not None:
            self.has_begun = True
        return None if text is None else self._speech.take(text)

    def rest(self) -> str:
        """Return the text that was held back because it might be a tag or a call. Raises `AnswerTooLarge`."""
        rest = self._speech.rest()
        if not any(block.kind == "tool_use" and block.name for block in self._blocks.values()):
            for call in self._speech.calls:
                self._begin(None, {"type": "tool_use", "name": call["name"], "input": call["arguments"]})
        return rest

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises a `ProviderError` when the answer is unusable: cut off, refused, or empty."""
        blocks = [block for _, block in sorted(self._blocks.items())]
        tools = self._tools(blocks)
        if not self.is_whole:
            raise Truncated(f"{PROVIDER} stopped in the middle of its answer. The answer was discarded.")
        text, is_less = self._speech.end()
        unnamed = [block.text.strip() for block in blocks if block.kind == "tool_use" and not block.name]
        # A nameless call without arguments doesn't request anything.
        nameless = sum(arguments not in ("", "{}") for arguments in unnamed)
        self._check(text, tools, nameless, max_output_tokens)
        thoughts = [block.text for block in blocks if block.kind == "thinking"]
        reason = self._reason or "stop"
        return ChatEnd(
            # Gateways send "tool_use" without a call when tools were offered.
            finish_reason="tool_calls" if tools else "stop" if reason == "tool_calls" else reason,
            usage=believable(self.usage),
            tool_calls=tools,
            request_id=self._id,
            state=self._state(blocks),
            answer=text if is_less else None,
            thought=clean_text("\n".join([*thoughts, self._speech.thought])).strip(),
            skipped=nameless,
        )

    def _check(self, text: str, tools: tuple[ToolRequest, ...], nameless: int, max_output_tokens: int) -> None:
        if self._reason == "content_filter":
            raise ContentRefused(
                f"{PROVIDER}'s content filter blocked the answer. Change the request, or use another model."
            )
        if self._reason == "refusal":
            raise ContentRefused(f"{PROVIDER}'s model refused: {self._refusal or 'no reason given'}")
        if tools and self._stop_reason == "model_context_window_exceeded":
            raise ContextTooLong(
                f"{self._model!r} at {PROVIDER} filled its context window in the middle of a tool call."
            )
        if tools and self._reason == "length":
            raise Truncated(
                f"The answer was cut off in the middle of a tool call, at the limit of {max_output_tokens} tokens."
                " Raise max_output_tokens."
            )
        if not tools and nameless:
            raise Malformed(f"{PROVIDER} sent a tool call without a name.")
        if not tools and not text.strip():
            if self._reason == "length":
                raise useless(PROVIDER, max_output_tokens)
            raise Malformed(f"{PROVIDER} returned neither text nor a tool call.")

    def _taken(self, kind: str, event: dict[str, Any]) -> str | None:
        match kind:
            case "message_start":
                return self._message(dict_of(event.get("message")))
            case "message":
                # A whole answer at once, from servers that don't stream.
                return self._message(event)
            case "content_block_start":
                return self._begin(index_of(event.get("index")), dict_of(event.get("content_block")))
            case "content_block_delta":
                delta = event.get("delta")
                return self._extend(
                    index_of(event.get("index")), {"text": delta} if isinstance(delta, str) else dict_of(delta)
                )
            case "" if event.get("role") == "assistant" and "content" in event:
                return self._message(event)
            case "message_delta":
                self._count_usage(dict_of(event.get("usage")))
                return self._finish(dict_of(event.get("delta")))
        if kind == "message_stop":
            self._stopped = True
            self._count_usage(dict_of(event.get("usage")))
        return "" if kind in _KNOWN else None

    def _message(self, message: dict[str, Any]) -> str | None:
        if not message:
            return None
        self._id = self._id or clean_text(word_of(message.get("id"))) or None
        self._count_usage(dict_of(message.get("usage")))
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list_of(content)
        texts = [self._begin(None, dict_of(block)) or "" for block in blocks]
        self._finish(message)
        return "".join(texts)

    def _finish(self, reported: dict[str, Any]) -> str | None:
        reason = reason_of(reported.get("stop_reason"))
        if reason is not None:
            self._reason, self._stop_reason = reason, word_of(reported.get("stop_reason"))
        self._refusal = _words_of(dict_of(reported.get("stop_details"))) or self._refusal
        return "" if reported else None

    def _begin(self, index: int | None, begun: dict[str, Any]) -> str | None:
        kind = word_of(begun.get("type"))
        if not kind:
            return None
        place = index if index is not None and index not in self._blocks else self._last_place + 1
        block = self._new_block(place, kind)
        if index is not None:
            # Some gateways number every block as the first: later pieces belong to the block that began last.
            self._places[index] = place
        match kind:
            case "text":
                return self._add(block, text_of(begun.get("text")))
            case "thinking":
                self._add(block, text_of(begun.get("thinking")))
                self._sign(block, text_of(begun.get("signature")))
            case "redacted_thinking":
                self._add(block, text_of(begun.get("data")))
            case "tool_use":
                # Cleaned first, because cleaning may leave an ID or a name empty.
                block.id, block.name = clean_text(word_of(begun.get("id"))), clean_text(word_of(begun.get("name")))
                self._add(block, json_of(begun["input"]) if begun.get("input") else "")
                self._size.count(block.id + block.name)
            case _:
                return None
        return ""

    def _extend(self, index: int | None, delta: dict[str, Any]) -> str | None:
        kind = word_of(delta.get("type")) or next((_BY_FIELD[name] for name in _BY_FIELD if name in delta), "")
        if kind == "signature_delta":
            self._sign(self._block(index, "thinking"), text_of(delta.get("signature")))
            return ""
        if kind not in _DELTAS:
            return None
        of, name = _DELTAS[kind]
        piece = json_of(delta.get(name)) if of == "tool_use" else text_of(delta.get(name))
        block = self._block(index, of)
        if block.kind != of:
            return None
        self._add(block, piece)
        return piece if of == "text" else ""

    def _block(self, index: int | None, kind: str) -> _Block:
        """Return the block that a piece belongs to; create it if its start was never sent."""
        place = max(self._last_place, 0) if index is None else self._places.get(index, index)
        found = self._blocks.get(place)
        # Pieces of a block of an unknown kind are ignored, like the block itself.
        if found is None or (found.kind != kind and found.kind in _KINDS):
            found = self._new_block(place if found is None else self._last_place + 1, kind)
        return found

    def _new_block(self, place: int, kind: str) -> _Block:
        if len(self._blocks) == MAX_BLOCKS:
            raise AnswerTooLarge(f"The answer contains more than {MAX_BLOCKS} blocks. Request a shorter answer.")
        block = self._blocks[place] = _Block(kind)
        self._last_place = max(self._last_place, place)
        return block

    def _sign(self, block: _Block, signature: str) -> None:
        self._size.count(signature)
        block.signatures.append(signature)

    def _add(self, block: _Block, piece: str) -> str:
        self._size.count(piece)
        block.pieces.append(piece)
        return piece

    def _count_usage(self, reported: dict[str, Any]) -> None:
        """Accept figures. Those at the end are totals, but repeat those at the beginning only partly, or as 0."""
        reported = {_OTHER_NAMES.get(name, name): figure for name, figure in reported.items()}
        self._figures |= {
            name: reported[name]
            for name in _FIGURES
            if reported.get(name) is not None and (reported[name] or not self._figures.get(name))
        }
        thinking = dict_of(reported.get("output_tokens_details")).get("thinking_tokens")
        if thinking is not None:
            self._figures["thinking_tokens"] = thinking

    def _tools(self, blocks: list[_Block]) -> tuple[ToolRequest, ...]:
        """Return the calls that have a name, each with a unique ID, which is also set in its block."""
        tools, taken = [], set[str]()
        named = (block for block in blocks if block.kind == "tool_use" and block.name)
        for place, block in enumerate(named):
            number = place
            while not block.id or block.id in taken:
                block.id, number = f"toolu_{number}", number + 1
            taken.add(block.id)
            block.name = known_name(block.name, self._names)
            reported = arguments_of_each(arguments_in(block.pieces))
            block.pieces = [whole_arguments(reported[0] if len(reported) == 1 else block.text)]
            tools.append(ToolRequest(block.id, block.name, clean_text(block.text) or "{}"))
        return tuple(tools)

    def _state(self, blocks: list[_Block]) -> dict[str, Any] | None:
        """Return the state to send back with an answer that has reasoning: its blocks, and what they are bound to."""
        content = [sent for sent in map(_sent_back, blocks) if sent is not None]
        if not any(block["type"] in _REASONING for block in content) or content[-1]["type"] in _REASONING:
            return None
        if any(block["type"] == "thinking" and not block["signature"] for block in content):
            return None
        if clean_json(content) != content:
            return None
        return {"provider": PROVIDER, "model": self._model, "prefix": self._prefix, "content": content}


def _sent_back(block: _Block) -> dict[str, Any] | None:
    match block.kind:
        case "text" if block.text.strip():
            return {"type": "text", "text": block.text}
        case "thinking":
            return {"type": "thinking", "thinking": block.text, "signature": block.signature}
        case "redacted_thinking":
            return {"type": "redacted_thinking", "data": block.text}
        case "tool_use" if block.name:
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": object_of(block.text)}
    return None


def _words_of(details: dict[str, Any]) -> str:
    words = text_of(details.get("explanation")) or text_of(details.get("category"))
    return preview_of(clean_text(words), 200)
