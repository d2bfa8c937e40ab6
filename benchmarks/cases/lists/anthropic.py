"""The same kinds on Anthropic's wire: framing, contents, usage, endings."""

import json
from typing import Any

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from tests.wires.anthropic.answers import replying, stream
from tests.wires.anthropic.frames import Event, block, event, framed, start, stop, text
from tests.wires.model_server import ServedAnswer

AB = Ends(result="a b", spent=SPENT)
USAGE = "https://github.com/earendil-works/pi/issues/6567"
REASONS = "https://github.com/open-gsd/gsd-pi/pull/2042"
OWN = "own"


def _case(
    id: str, kind: str, what: str, answers: tuple[ServedAnswer, ...], right: Ends = AB, source: str = OWN, **more: Any
) -> Case:
    return Case(f"A.{id}", kind, source, what, TaskCase(answers, "anthropic"), right, **more)


def _between(*odd: Event) -> ServedAnswer:
    """Return an answer with odd events between its two halves."""
    first, second = text("a "), text("b", 1)
    return stream(start(), *first, *odd, *second, *stop())


CASES = (
    _case(
        "bom",
        "framing",
        "a byte order mark first",
        (ServedAnswer("\ufeff" + str(replying("a b").body)),),
        source="https://github.com/vm0-ai/vm0/issues/24687",
    ),
    _case(
        "ping",
        "framing",
        "pings between events",
        (_between(event("ping"), event("ping")),),
        source="https://github.com/Portkey-AI/gateway/issues/350",
    ),
    _case("unknown-event", "framing", "an unknown event", (_between(event("message_hint", hint=7)),)),
    _case(
        "comment",
        "framing",
        "a comment after an event with an id",
        (ServedAnswer(f"id: 1\n{framed(start())}: ping\n\n" + "".join(map(framed, (*text("a b"), *stop())))),),
    ),
    _case(
        "empty-data",
        "framing",
        "empty `data:`",
        (ServedAnswer(framed(start()) + "data:\n\n" + "".join(map(framed, (*text("a b"), *stop())))),),
    ),
    _case(
        "null-data",
        "framing",
        "`data: null`",
        (ServedAnswer(framed(start()) + "data: null\n\n" + "".join(map(framed, (*text("a b"), *stop())))),),
    ),
    _case(
        "no-event-lines",
        "framing",
        "events without their `event:` lines",
        (ServedAnswer("".join(f"data: {json.dumps(data)}\n\n" for _, data in (start(), *text("a b"), *stop()))),),
        source="https://github.com/vllm-project/vllm/issues/57997",
    ),
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
        (stream(start(), *text("half"), cut=True), replying("a b")),
        Ends(result="a b", requests=2),
    ),
    _case(
        "unknown-block",
        "contents",
        "an unknown block and an unknown delta",
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
    _case("null-delta", "contents", "a null delta", (_between(event("content_block_delta", index=0, delta=None)),)),
    _case(
        "delta-before-start",
        "contents",
        "a delta for a block that never began",
        (stream(start(), event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a b"}), *stop()),),
        note="The delta is unambiguous without the start of its block.",
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
        "0 at the beginning, full usage at the end",
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
        "usage inside the delta, as once documented",
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
            (replying("a b", reason),),
            source=REASONS,
            note="An unknown reason becomes `other`, and the text counts as the answer.",
        )
        for reason in ("pause_turn", "end")
    ),
    _case(
        "sensitive",
        "endings",
        "stop reason 'sensitive'",
        (replying("a b", "sensitive"),),
        Ends("failed", code="content_refused", spent=SPENT),
        source="https://github.com/anomalyco/opencode/issues/44092",
        note="The filter withheld part of the text. A fallback model may be used, because half an answer is no answer.",
    ),
    _case(
        "max-tokens",
        "endings",
        "cut off at max_tokens, then the rest",
        (replying("one ", "max_tokens"), replying("two")),
        Ends(result="one two", requests=2, finish="stop"),
        "https://github.com/anima-research/agent-framework/issues/135",
    ),
    _case(
        "window",
        "endings",
        "cut off at the context window, each time",
        (replying("one ", "model_context_window_exceeded"),),
        Ends(requests=None, finish="length", result=None),
        "https://github.com/tetsuo-ai/agenc-core/issues/2111",
    ),
    _case(
        "refusal",
        "endings",
        "a refusal without text",
        (
            stream(
                start(),
                *stop(
                    "refusal",
                    stop_details={"type": "refusal", "category": "cyber", "explanation": "I can't help with that."},
                ),
            ),
        ),
        Ends("failed", code="content_refused", contains=("can't help with that",), spent=SPENT),
        "https://github.com/earendil-works/pi/pull/5666",
    ),
    _case(
        "thinking-only",
        "endings",
        "max_tokens, all spent on thinking",
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
        Ends("failed", contains=("max_output_tokens",), spent=SPENT),
        "https://github.com/CherryHQ/stella/issues/1079",
    ),
    _case(
        "null-reason",
        "endings",
        "message_stop without a reason",
        (stream(start(), *text("a b"), *stop(None)),),
        source="https://github.com/kekzl/imp/issues/1553",
        note="Like `[DONE]`, `message_stop` marks a complete answer.",
    ),
    _case(
        "no-stop",
        "endings",
        "a reason without message_stop",
        (stream(start(), *text("a b"), stop()[0]),),
        source="https://github.com/kekzl/imp/issues/1553",
        note="The reason comes after the last block, so the answer is complete.",
    ),
    _case(
        "empty",
        "endings",
        "end_turn without text, each time",
        (stream(start(), *stop()),),
        Ends("failed", requests=2, contains=("malformed",), spent=2 * SPENT),
        "https://github.com/BerriAI/litellm/pull/32475",
    ),
    _case(
        "single-newlines",
        "framing",
        "events without a blank line between them",
        (ServedAnswer(str(replying("a b").body).replace("\n\n", "\n")),),
        source="https://github.com/rexxars/eventsource-parser/pull/31",
    ),
    _case(
        "thinking-tags",
        "contents",
        "`<think>…</think>` in the text",
        (replying("<think>Hm.</think>\n\na b"),),
        source="https://github.com/admonstrator/zettelrobbe/issues/74",
    ),
    _case(
        "prompt-tokens",
        "usage",
        "usage under OpenAI's names",
        (
            stream(
                start({"prompt_tokens": 11, "completion_tokens": 0}),
                *text("a b"),
                *stop(usage={"prompt_tokens": 11, "completion_tokens": 7}),
            ),
        ),
    ),
    _case(
        "zero-at-end",
        "usage",
        "input_tokens 0 at the end",
        (stream(start(), *text("a b"), *stop(usage={"input_tokens": 0, "output_tokens": 7})),),
    ),
)
