"""The same kinds on Google's wire: tool calls, errors, media types, waits."""

import json
from typing import Any

from benchmarks.cases.case import BOTH, SPENT, Case, Ends, TaskCase
from tests.wires.google.answers import asking, refused, replying, stream
from tests.wires.google.frames import USED, call, chunk
from tests.wires.model_server import ServedAnswer

AB = Ends(result="a b", spent=SPENT)
TOOL = Ends(result="done", requests=2, tools=("391",), spent=2 * SPENT)
TWO = Ends(result="done", requests=2, tools=BOTH, unique_ids=True)
OWN = "own"
RETRY = "https://github.com/googleapis/python-genai/pull/2114"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def _case(
    id: str, kind: str, what: str, answers: tuple[ServedAnswer, ...], right: Ends = AB, source: str = OWN, **more: Any
) -> Case:
    return Case(f"G.{id}", kind, source, what, TaskCase(answers, "google"), right, **more)


CASES = (
    _case(
        "two-calls",
        "tool-calls",
        "two calls in one chunk, without ids",
        (asking(call("17*23"), call("6*7")), replying("done")),
        TWO,
    ),
    _case(
        "two-chunks",
        "tool-calls",
        "two calls in two chunks, without ids",
        (stream(chunk(call("17*23")), chunk(call("6*7")), chunk(finish="STOP", usage=USED)), replying("done")),
        TWO,
    ),
    _case(
        "text-args",
        "tool-calls",
        "arguments as text",
        (
            asking({"functionCall": {"name": "calculator", "args": json.dumps({"expression": "17*23"})}}),
            replying("done"),
        ),
        TOOL,
    ),
    _case(
        "null-args",
        "tool-calls",
        "null arguments",
        (asking({"functionCall": {"name": "calculator", "args": None}}), replying("done")),
        Ends(result="done", requests=2, asked=("expression",)),
    ),
    _case(
        "function-call-reason",
        "tool-calls",
        "finish reason FUNCTION_CALL",
        (stream(chunk(call("17*23")), chunk(finish="FUNCTION_CALL", usage=USED)), replying("done")),
        TOOL,
    ),
    _case(
        "same-ids",
        "call-ids",
        "the same id twice in a turn",
        (asking(call("17*23", id="x"), call("6*7", id="x")), replying("done")),
        TWO,
    ),
    _case(
        "ids-again",
        "call-ids",
        "the same id in two turns",
        (asking(call("17*23", id="x")), asking(call("6*7", id="x")), replying("done")),
        Ends(result="done", requests=3, tools=BOTH, unique_ids=True),
        "https://github.com/QwenLM/qwen-code/issues/5099",
    ),
    _case("number-id", "call-ids", "a numeric id", (asking(call("17*23", id=7)), replying("done")), TOOL),
    _case(
        "error-in-stream",
        "errors",
        "503 mid-stream, then complete",
        (
            stream(
                chunk({"text": "half"}),
                {"error": {"code": 503, "message": "The model is overloaded", "status": "UNAVAILABLE"}},
            ),
            replying("a b"),
        ),
        Ends(result="a b", requests=2),
    ),
    _case(
        "request-in-stream",
        "errors",
        "400 mid-stream",
        (stream({"error": {"code": 400, "message": "tools.0 is not allowed", "status": "INVALID_ARGUMENT"}}),),
        Ends("failed", code="bad_request", contains=("tools.0 is not allowed",)),
    ),
    _case(
        "list-error",
        "errors",
        "400 as a list",
        (
            ServedAnswer(
                '[{"error": {"code": 400, "message": "tools.0 is not allowed", "status": "INVALID_ARGUMENT"}}]',
                400,
                "application/json",
            ),
        ),
        Ends("failed", code="bad_request", contains=("tools.0 is not allowed",)),
        "https://github.com/google-gemini/gemini-cli/issues/6454",
    ),
    _case(
        "text-error",
        "errors",
        "400 with {'error': text}",
        (ServedAnswer('{"error": "model is not loaded"}', 400, "application/json"),),
        Ends("failed", contains=("model is not loaded",)),
    ),
    _case(
        "detail",
        "errors",
        "422 with a detail",
        (ServedAnswer('{"detail": "stop is not permitted"}', 422, "application/json"),),
        Ends("failed", contains=("stop is not permitted",)),
    ),
    _case(
        "plain-error",
        "errors",
        "400 in plain text",
        (ServedAnswer("stop is not permitted", 400, "text/plain"),),
        Ends("failed", contains=("stop is not permitted",)),
    ),
    _case(
        "too-long",
        "too-long",
        "The input token count exceeds",
        (
            refused(
                400,
                "INVALID_ARGUMENT",
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
            ),
        ),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "too-long-words",
        "too-long",
        "Prompt is too long",
        (refused(400, "INVALID_ARGUMENT", "Prompt is too long for this model's context"),),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "too-long-in-stream",
        "too-long",
        "mid-stream",
        (
            stream(
                {
                    "error": {
                        "code": 400,
                        "message": "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ),
        ),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "413",
        "too-long",
        "status 413",
        (refused(413, "INVALID_ARGUMENT", "Request payload is too large"),),
        Ends("failed", code="context_too_long"),
    ),
    _case(
        "whole-json",
        "media-types",
        "the chunks as one JSON list, as without alt=sse",
        (
            ServedAnswer(
                json.dumps([chunk({"text": "a "}), chunk({"text": "b"}, finish="STOP", usage=USED)]),
                media_type="application/json",
            ),
        ),
        source="https://github.com/Helicone/helicone/pull/3976",
    ),
    _case(
        "one-json",
        "media-types",
        "one complete JSON answer",
        (ServedAnswer(json.dumps(chunk({"text": "a b"}, finish="STOP", usage=USED)), media_type="application/json"),),
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
        "retry-info",
        "waiting",
        "429 with RetryInfo 3.2s",
        (refused(429, "RESOURCE_EXHAUSTED", "slow", {"@type": RETRY_INFO, "retryDelay": "3.2s"}), replying("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        RETRY,
        alone=True,
    ),
    _case(
        "retry-words",
        "waiting",
        '429 with only "Please retry in 3.1s."',
        (refused(429, "RESOURCE_EXHAUSTED", "Please retry in 3.1s."), replying("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        RETRY,
        alone=True,
    ),
    _case(
        "namespace",
        "tool-calls",
        "the name default_api:calculator",
        (
            asking({"functionCall": {"name": "default_api:calculator", "args": {"expression": "17*23"}}}),
            replying("done"),
        ),
        TOOL,
    ),
    _case(
        "retry-fields",
        "waiting",
        "429 with RetryInfo as protobuf's fields",
        (
            refused(429, "RESOURCE_EXHAUSTED", "slow", {"@type": RETRY_INFO, "retryDelay": {"seconds": 3}}),
            replying("a b"),
        ),
        Ends(result="a b", requests=2, wait_s=3),
        RETRY,
        alone=True,
    ),
)
