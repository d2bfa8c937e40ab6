"""The same kinds on Google's wire: framing, contents, usage, endings."""

from typing import Any

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from tests.wires.google.answers import replying, stream
from tests.wires.google.frames import USED, chunk, framed
from tests.wires.model_server import ServedAnswer

AB = Ends(result="a b", spent=SPENT)
OWN = "own"
EMPTY_PARTS = "https://github.com/GoogleCloudPlatform/kubectl-ai/pull/611"


def _case(
    id: str, kind: str, what: str, answers: tuple[ServedAnswer, ...], right: Ends = AB, source: str = OWN, **more: Any
) -> Case:
    return Case(f"G.{id}", kind, source, what, TaskCase(answers, "google"), right, **more)


def _between(*odd: Any) -> ServedAnswer:
    return stream(chunk({"text": "a "}), *odd, chunk({"text": "b"}), chunk(finish="STOP", usage=USED))


CASES = (
    _case(
        "bom",
        "framing",
        "a byte order mark first",
        (ServedAnswer("\ufeff" + str(stream(chunk({"text": "a b"}), chunk(finish="STOP", usage=USED)).body)),),
        source="https://github.com/openai/openai-python/pull/3819",
    ),
    _case(
        "comment-line",
        "framing",
        "a comment on the line before an event's data",
        (ServedAnswer(": heartbeat\n" + str(stream(chunk({"text": "a b"}), chunk(finish="STOP", usage=USED)).body)),),
        source="https://github.com/earendil-works/pi/issues/9633",
    ),
    _case(
        "comment",
        "framing",
        "a comment between events",
        (ServedAnswer(framed(chunk({"text": "a "})) + ": ping\n\n" + str(replying("b").body)),),
        source="https://github.com/earendil-works/pi/issues/9633",
    ),
    _case(
        "empty-data",
        "framing",
        "empty `data:`",
        (_between(""),),
        source="https://github.com/Growth-Circle/cadis/issues/2329",
    ),
    _case("null-data", "framing", "`data: null`", (_between("null"),)),
    _case(
        "done",
        "framing",
        "[DONE] at the end",
        (stream(chunk({"text": "a b"}), chunk(finish="STOP", usage=USED), "[DONE]"),),
        source="https://github.com/BerriAI/litellm/pull/29426",
    ),
    _case("lf", "framing", "LF instead of CRLF", (ServedAnswer(str(replying("a b").body).replace("\r\n", "\n")),)),
    _case(
        "bytes",
        "framing",
        "one byte per packet",
        (replying("Grüße 🌍", piece_bytes=1),),
        Ends(result="Grüße 🌍", spent=SPENT),
    ),
    _case(
        "cut",
        "framing",
        "interrupted in the middle, then complete",
        (stream(chunk({"text": "half"}), cut=True), replying("a b")),
        Ends(result="a b", requests=2),
    ),
    _case("not-json", "framing", "an event with invalid JSON", (_between("ping"),)),
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
    _case("empty-part", "contents", "an empty part", (_between(chunk({})),), source=EMPTY_PARTS),
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
        "a signature with the text",
        (stream(chunk({"text": "a b", "thoughtSignature": "c2ln"}), chunk(finish="STOP", usage=USED)),),
        source="https://github.com/justlovemaki/AIClient2API/issues/157",
    ),
    _case("unknown-part", "contents", "a part of an unknown type", (_between(chunk({"hologram": {"x": 1}})),)),
    _case(
        "unknown-field",
        "contents",
        "unknown fields",
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
    _case("no-usage", "usage", "missing", (stream(chunk({"text": "a b"}), chunk(finish="STOP")),), Ends(result="a b")),
    _case(
        "null-usage",
        "usage",
        "null counts",
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
        "full usage, then partial usage",
        (stream(chunk({"text": "a b"}, usage=USED), chunk(finish="STOP", usage={"promptTokenCount": 11})),),
        note="Partial usage doesn't replace complete usage.",
    ),
    *(
        _case(
            reason.removeprefix("FINISH_REASON_").lower(),
            "endings",
            f"finish reason {reason}",
            (replying("a b", reason),),
            source="https://github.com/simstudioai/sim/pull/6302",
            note="An unknown reason becomes `other`, and the text counts as the answer.",
        )
        for reason in ("OTHER", "FINISH_REASON_UNSPECIFIED", "A_NEW_ONE", "stop")
    ),
    _case(
        "max-tokens",
        "endings",
        "cut off at MAX_TOKENS, then the rest",
        (replying("one ", "MAX_TOKENS"), replying("two")),
        Ends(result="one two", requests=2, finish="stop"),
        "https://github.com/smallnest/pigo/pull/65",
    ),
    _case(
        "thoughts-only",
        "endings",
        "MAX_TOKENS, all spent on thoughts",
        (stream(chunk({"text": "Hm.", "thought": True}), chunk(finish="MAX_TOKENS", usage=USED)),),
        Ends("failed", contains=("max_output_tokens",), spent=SPENT),
        "https://github.com/huggingface/chat-ui/pull/2383",
    ),
    _case(
        "blocked",
        "endings",
        "a blocked prompt",
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
        "SAFETY without text",
        (stream(chunk(finish="SAFETY", usage=USED)),),
        Ends("failed", code="content_refused", spent=SPENT),
    ),
    _case(
        "malformed-call",
        "endings",
        "MALFORMED_FUNCTION_CALL, each time",
        (stream({"candidates": [{"index": 0, "finishReason": "MALFORMED_FUNCTION_CALL"}], "usageMetadata": USED}),),
        Ends("failed", requests=2, contains=("malformed",), spent=2 * SPENT),
        "https://github.com/simstudioai/sim/pull/6302",
    ),
    _case(
        "no-reason",
        "endings",
        "text without a reason, then complete",
        (stream(chunk({"text": "half"}, usage=USED)), replying("a b")),
        Ends(result="a b", requests=2),
        note="On this wire, only the reason marks the end.",
    ),
    _case(
        "empty",
        "endings",
        "STOP without text, each time",
        (stream(chunk(finish="STOP", usage=USED)),),
        Ends("failed", requests=2, contains=("malformed",), spent=2 * SPENT),
    ),
    _case(
        "snake-case",
        "contents",
        "fields as named in Google's Python SDK",
        (
            stream(
                {
                    "candidates": [{"content": {"parts": [{"text": "a b"}]}, "finish_reason": "STOP"}],
                    "usage_metadata": {"prompt_token_count": 11, "candidates_token_count": 7},
                }
            ),
        ),
    ),
    _case(
        "wrapped",
        "contents",
        "each chunk inside `response`, as Code Assist sends it",
        (stream({"response": chunk({"text": "a b"})}, {"response": chunk(finish="STOP", usage=USED)}),),
        source="https://github.com/justlovemaki/AIClient2API/issues/157",
    ),
    _case(
        "zero-after",
        "usage",
        "full usage, then counts of 0",
        (
            stream(
                chunk({"text": "a b"}, usage=USED),
                chunk(finish="STOP", usage={"promptTokenCount": 0, "candidatesTokenCount": 0}),
            ),
        ),
    ),
)
