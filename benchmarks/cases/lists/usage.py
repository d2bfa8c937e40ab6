"""Token usage as servers report it, and the cost that is charged."""

from typing import Any

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import stream
from tests.wires.chat_completions.frames import USAGE, Chunk, chunk, piece

KIND = "usage"
FORMS = "https://github.com/livekit/agents/pull/6596"


def _case(
    id: str, what: str, parts: tuple[Chunk, ...], source: str = FORMS, spent: int | None = SPENT, note: str = ""
) -> Case:
    return Case(id, KIND, source, what, TaskCase((stream(*parts),)), Ends(result="a b", spent=spent), note)


def _usage_answer(usage: Any) -> tuple[Chunk, ...]:
    return (piece("a b"), chunk({}, "stop"), {"id": "c", "choices": [], "usage": usage})


ESTIMATE = "Implausible figures are ignored. The cost is estimated and marked as an estimate."

CASES = (
    _case(
        "B43.each",
        "in each chunk, growing",
        (
            {**piece("a "), "usage": {"prompt_tokens": 11, "completion_tokens": 2}},
            {**piece("b"), "usage": {"prompt_tokens": 11, "completion_tokens": 4}},
            {**chunk({}, "stop"), "usage": {"prompt_tokens": 11, "completion_tokens": 7}},
        ),
    ),
    _case("B43.floats", "as floats", _usage_answer({"prompt_tokens": 11.0, "completion_tokens": 7.0})),
    _case("B43.text", "as text", _usage_answer({"prompt_tokens": "11", "completion_tokens": "7"})),
    _case("B43.total", "only a total", _usage_answer({"total_tokens": 18}), spent=None, note=ESTIMATE),
    _case(
        "B43.details",
        "details of 0 instead of an object",
        _usage_answer({"prompt_tokens": 11, "completion_tokens": 7, "prompt_tokens_details": 0}),
    ),
    _case(
        "B43.cached",
        "more cached tokens than input tokens",
        _usage_answer({"prompt_tokens": 11, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 99}}),
    ),
    _case("B43.last", "in the last chunk with choices", (piece("a b"), {**chunk({}, "stop"), "usage": USAGE["usage"]})),
    _case("B43.none", "missing", (piece("a b"), chunk({}, "stop")), spent=None),
    _case("B43.list", "a list", _usage_answer([11, 7]), spent=None, note=ESTIMATE),
    _case(
        "usage.part-before",
        "usage with only details first, then full usage",
        (
            {**piece("a "), "usage": {"prompt_tokens_details": {"cached_tokens": 0}}},
            piece("b"),
            chunk({}, "stop"),
            USAGE,
        ),
        "https://github.com/theopenco/llmgateway/pull/2861",
    ),
    _case(
        "usage.part-after",
        "full usage, then usage without `completion_tokens`",
        (piece("a b"), chunk({}, "stop"), USAGE, {"id": "c", "choices": [], "usage": {"prompt_tokens": 11}}),
        "https://github.com/vercel/ai/issues/2763",
        note="Partial usage doesn't replace complete usage.",
    ),
    _case(
        "usage.null-after",
        "full usage, then `usage: null`",
        (piece("a b"), {**chunk({}, "stop"), "usage": USAGE["usage"]}, {"id": "c", "choices": [], "usage": None}),
        "https://github.com/jeremychone/rust-genai/pull/242",
    ),
    _case(
        "usage.null-counts",
        "null counts",
        _usage_answer({"prompt_tokens": 11, "completion_tokens": None, "total_tokens": None}),
        spent=None,
        note=ESTIMATE,
    ),
    _case(
        "usage.negative",
        "a negative count",
        _usage_answer({"prompt_tokens": -1, "completion_tokens": 7}),
        "own",
        spent=None,
        note=ESTIMATE,
    ),
    _case(
        "usage.reasoning-apart",
        "reasoning counted separately from output, as xAI does",
        _usage_answer(
            {
                "prompt_tokens": 11,
                "completion_tokens": 4,
                "total_tokens": 18,
                "completion_tokens_details": {"reasoning_tokens": 3},
            }
        ),
        "https://github.com/vercel/ai/pull/12425",
    ),
    _case(
        "usage.zero-written",
        "0 output tokens despite an answer",
        _usage_answer({"prompt_tokens": 11, "completion_tokens": 0, "total_tokens": 11}),
        "https://github.com/agentjido/req_llm/issues/781",
        spent=None,
        note=ESTIMATE,
    ),
    _case(
        "usage.zero-after",
        "full usage, then usage with 0 output tokens",
        (
            piece("a b"),
            {**chunk({}, "stop"), "usage": USAGE["usage"]},
            {"id": "c", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 0}},
        ),
        "own",
    ),
    _case(
        "usage.empty-delta",
        "with an empty delta, after the finish reason",
        (piece("a b"), chunk({}, "stop"), {**chunk({}), "usage": USAGE["usage"]}),
        "https://github.com/diegosouzapw/OmniRoute/issues/9750",
    ),
)
