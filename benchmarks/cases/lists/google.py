"""The same kinds on Google's wire."""

import json
from typing import Any

from benchmarks.cases.case import Answer, Asked, Case, Ends
from benchmarks.cases.chat import BOTH, SPENT
from benchmarks.cases.gemini import USED, asking, call, chunk, framed, refused, said, stream

AB = Ends(result="a b", spent=SPENT)
TOOL = Ends(result="done", requests=2, tools=("391",), spent=2 * SPENT)
TWO = Ends(result="done", requests=2, tools=BOTH, unique_ids=True)
OWN = "own"
EMPTY_PARTS = "https://github.com/GoogleCloudPlatform/kubectl-ai/pull/611"
RETRY = "https://github.com/googleapis/python-genai/pull/2114"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def _case(
    id: str, kind: str, what: str, answers: tuple[Answer, ...], right: Ends = AB, source: str = OWN, **more: Any
) -> Case:
    return Case(f"G.{id}", kind, source, what, Asked(answers, "google"), right, **more)


def _between(*odd: Any) -> Answer:
    return stream(chunk({"text": "a "}), *odd, chunk({"text": "b"}), chunk(finish="STOP", usage=USED))


CASES = (
    _case(
        "comment",
        "framing",
        "a comment between",
        (Answer(framed(chunk({"text": "a "})) + ": ping\n\n" + str(said("b").body)),),
    ),
    _case(
        "empty-data",
        "framing",
        "`data:` without anything",
        (_between(""),),
        source="https://github.com/Growth-Circle/cadis/issues/2329",
    ),
    _case("null-data", "framing", "`data: null`", (_between("null"),)),
    _case(
        "done",
        "framing",
        "[DONE] at the end",
        (stream(chunk({"text": "a b"}), chunk(finish="STOP", usage=USED), "[DONE]"),),
    ),
    _case("lf", "framing", "LF in place of CRLF", (Answer(str(said("a b").body).replace("\r\n", "\n")),)),
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
        (stream(chunk({"text": "half"}), cut=True), said("a b")),
        Ends(result="a b", requests=2),
    ),
    _case("not-json", "framing", "an event that is no JSON", (_between("ping"),)),
    _case(
        "no-candidates", "framing", "a chunk without candidates", (_between({"modelVersion": "m"}),), source=EMPTY_PARTS
    ),
    _case("null-candidates", "framing", "`candidates: null`", (_between({"candidates": None}),)),
    _case(
        "empty-parts",
        "contents",
        "content without parts",
        (_between({"candidates": [{"content": {"role": "model"}, "index": 0}]}),),
        source=EMPTY_PARTS,
    ),
    _case(
        "no-content",
        "contents",
        "a candidate without content",
        (_between({"candidates": [{"index": 0}]}),),
        source=EMPTY_PARTS,
    ),
    _case("empty-part", "contents", "a part that is empty", (_between(chunk({})),), source=EMPTY_PARTS),
    _case(
        "thought",
        "contents",
        "a thought before the answer",
        (stream(chunk({"text": "Hm.", "thought": True}), chunk({"text": "a b"}), chunk(finish="STOP", usage=USED)),),
        source="https://github.com/AstrBotDevs/AstrBot/issues/4222",
    ),
    _case(
        "signed-text",
        "contents",
        "a signature beside the text",
        (stream(chunk({"text": "a b", "thoughtSignature": "c2ln"}), chunk(finish="STOP", usage=USED)),),
        source="https://github.com/justlovemaki/AIClient2API/issues/157",
    ),
    _case("unknown-part", "contents", "a part of a kind that nobody knows", (_between(chunk({"hologram": {"x": 1}})),)),
    _case(
        "unknown-field",
        "contents",
        "fields that nobody knows",
        (_between({**chunk({"text": ""}), "novelty": {"x": [1]}}),),
    ),
    _case(
        "number-text",
        "contents",
        "a number as text",
        (stream(chunk({"text": 42}), chunk(finish="STOP", usage=USED)),),
        Ends(result="42", spent=SPENT),
    ),
    _case(
        "two-candidates",
        "contents",
        "a second candidate",
        (
            stream(
                {
                    "candidates": [
                        chunk({"text": "a b"})["candidates"][0],
                        {"index": 1, "content": {"role": "model", "parts": [{"text": "OTHER"}]}},
                    ]
                },
                chunk(finish="STOP", usage=USED),
            ),
        ),
    ),
    _case(
        "each-usage",
        "usage",
        "usage in each chunk, growing",
        (
            stream(
                chunk({"text": "a "}, usage={"promptTokenCount": 11, "candidatesTokenCount": 2}),
                chunk({"text": "b"}, finish="STOP", usage=USED),
            ),
        ),
    ),
    _case("no-usage", "usage", "not told", (stream(chunk({"text": "a b"}), chunk(finish="STOP")),), Ends(result="a b")),
    _case(
        "null-usage",
        "usage",
        "counts that are null",
        (
            stream(
                chunk({"text": "a b"}),
                chunk(finish="STOP", usage={"promptTokenCount": 11, "candidatesTokenCount": None}),
            ),
        ),
        Ends(result="a b"),
    ),
    _case(
        "text-usage",
        "usage",
        "counts as text",
        (
            stream(
                chunk({"text": "a b"}),
                chunk(finish="STOP", usage={"promptTokenCount": "11", "candidatesTokenCount": "7"}),
            ),
        ),
    ),
    _case(
        "part-usage",
        "usage",
        "all of it, then a part of it",
        (stream(chunk({"text": "a b"}, usage=USED), chunk(finish="STOP", usage={"promptTokenCount": 11})),),
        note="Half a usage takes nothing away from a whole one.",
    ),
    *(
        _case(
            reason.removeprefix("FINISH_REASON_").lower(),
            "endings",
            f"finish reason {reason}",
            (said("a b", reason),),
            source="https://github.com/simstudioai/sim/pull/6302",
            note="A reason that no table knows is `other`, and the text stands.",
        )
        for reason in ("OTHER", "FINISH_REASON_UNSPECIFIED", "A_NEW_ONE", "stop")
    ),
    _case(
        "max-tokens",
        "endings",
        "cut at MAX_TOKENS, then the rest",
        (said("one ", "MAX_TOKENS"), said("two")),
        Ends(result="one two", requests=2, finish="stop"),
        "https://github.com/smallnest/pigo/pull/65",
    ),
    _case(
        "thoughts-only",
        "endings",
        "MAX_TOKENS, and all of it thoughts",
        (stream(chunk({"text": "Hm.", "thought": True}), chunk(finish="MAX_TOKENS", usage=USED)),),
        Ends("failed", says=("max_output_tokens",), spent=SPENT),
        "https://github.com/huggingface/chat-ui/pull/2383",
    ),
    _case(
        "blocked",
        "endings",
        "a prompt that is blocked",
        (
            stream(
                {
                    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                    "usageMetadata": {"promptTokenCount": 11, "totalTokenCount": 11},
                }
            ),
        ),
        Ends("failed", code="content_refused", spent=1100),
    ),
    _case(
        "safety",
        "endings",
        "SAFETY without a word",
        (stream(chunk(finish="SAFETY", usage=USED)),),
        Ends("failed", code="content_refused", spent=SPENT),
    ),
    _case(
        "malformed-call",
        "endings",
        "MALFORMED_FUNCTION_CALL, each time",
        (stream({"candidates": [{"index": 0, "finishReason": "MALFORMED_FUNCTION_CALL"}], "usageMetadata": USED}),),
        Ends("failed", requests=2, says=("malformed",), spent=2 * SPENT),
        "https://github.com/simstudioai/sim/pull/6302",
    ),
    _case(
        "no-reason",
        "endings",
        "a text without a reason, then whole",
        (stream(chunk({"text": "half"}, usage=USED)), said("a b")),
        Ends(result="a b", requests=2),
        note="This wire has no other end than the reason.",
    ),
    _case(
        "empty",
        "endings",
        "STOP without a word, each time",
        (stream(chunk(finish="STOP", usage=USED)),),
        Ends("failed", requests=2, says=("malformed",), spent=2 * SPENT),
    ),
    _case(
        "two-calls",
        "tool-calls",
        "two calls in one chunk, without ids",
        (asking(call("17*23"), call("6*7")), said("done")),
        TWO,
    ),
    _case(
        "two-chunks",
        "tool-calls",
        "two calls in two chunks, without ids",
        (stream(chunk(call("17*23")), chunk(call("6*7")), chunk(finish="STOP", usage=USED)), said("done")),
        TWO,
    ),
    _case(
        "text-args",
        "tool-calls",
        "arguments as text",
        (asking({"functionCall": {"name": "calculator", "args": json.dumps({"expression": "17*23"})}}), said("done")),
        TOOL,
    ),
    _case(
        "null-args",
        "tool-calls",
        "arguments that are null",
        (asking({"functionCall": {"name": "calculator", "args": None}}), said("done")),
        Ends(result="done", requests=2, asked=("expression",)),
    ),
    _case(
        "function-call-reason",
        "tool-calls",
        "finish reason FUNCTION_CALL",
        (stream(chunk(call("17*23")), chunk(finish="FUNCTION_CALL", usage=USED)), said("done")),
        TOOL,
    ),
    _case(
        "same-ids",
        "call-ids",
        "one id twice in a turn",
        (asking(call("17*23", id="x"), call("6*7", id="x")), said("done")),
        TWO,
    ),
    _case(
        "ids-again",
        "call-ids",
        "one id in two turns",
        (asking(call("17*23", id="x")), asking(call("6*7", id="x")), said("done")),
        Ends(result="done", requests=3, tools=BOTH, unique_ids=True),
        "https://github.com/QwenLM/qwen-code/issues/5099",
    ),
    _case("number-id", "call-ids", "a number as an id", (asking(call("17*23", id=7)), said("done")), TOOL),
    _case(
        "error-in-stream",
        "errors",
        "503 in mid-stream, then whole",
        (
            stream(
                chunk({"text": "half"}),
                {"error": {"code": 503, "message": "The model is overloaded", "status": "UNAVAILABLE"}},
            ),
            said("a b"),
        ),
        Ends(result="a b", requests=2),
    ),
    _case(
        "request-in-stream",
        "errors",
        "400 in mid-stream",
        (stream({"error": {"code": 400, "message": "tools.0 is not allowed", "status": "INVALID_ARGUMENT"}}),),
        Ends("failed", code="bad_request", says=("tools.0 is not allowed",)),
    ),
    _case(
        "list-error",
        "errors",
        "400 as a list",
        (
            Answer(
                '[{"error": {"code": 400, "message": "tools.0 is not allowed", "status": "INVALID_ARGUMENT"}}]',
                400,
                "application/json",
            ),
        ),
        Ends("failed", code="bad_request", says=("tools.0 is not allowed",)),
        "https://github.com/google-gemini/gemini-cli/issues/6454",
    ),
    _case(
        "text-error",
        "errors",
        "400 with {'error': text}",
        (Answer('{"error": "model is not loaded"}', 400, "application/json"),),
        Ends("failed", says=("model is not loaded",)),
    ),
    _case(
        "detail",
        "errors",
        "422 with a detail",
        (Answer('{"detail": "stop is not permitted"}', 422, "application/json"),),
        Ends("failed", says=("stop is not permitted",)),
    ),
    _case(
        "plain-error",
        "errors",
        "400 in plain text",
        (Answer("stop is not permitted", 400, "text/plain"),),
        Ends("failed", says=("stop is not permitted",)),
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
        "in mid-stream",
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
            Answer(
                json.dumps([chunk({"text": "a "}), chunk({"text": "b"}, finish="STOP", usage=USED)]),
                media_type="application/json",
            ),
        ),
        source="https://github.com/Helicone/helicone/pull/3976",
    ),
    _case(
        "one-json",
        "media-types",
        "one whole JSON answer",
        (Answer(json.dumps(chunk({"text": "a b"}, finish="STOP", usage=USED)), media_type="application/json"),),
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
        "retry-info",
        "waiting",
        "429 with RetryInfo 3.2s",
        (refused(429, "RESOURCE_EXHAUSTED", "slow", {"@type": RETRY_INFO, "retryDelay": "3.2s"}), said("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        RETRY,
        alone=True,
    ),
    _case(
        "retry-words",
        "waiting",
        '429, "Please retry in 3.1s." alone',
        (refused(429, "RESOURCE_EXHAUSTED", "Please retry in 3.1s."), said("a b")),
        Ends(result="a b", requests=2, wait_s=3),
        RETRY,
        alone=True,
    ),
)
