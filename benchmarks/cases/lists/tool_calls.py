"""Tool calls as servers stream them: without index or id, with other types, or as text."""

import json

from benchmarks.cases.case import BOTH, FIRST, SECOND, SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import asking, replying, stream
from tests.wires.chat_completions.frames import call, calls, chunk, piece
from tests.wires.model_server import ServedAnswer

KIND = "tool-calls"
TWO = Ends(result="done", requests=2, tools=BOTH, unique_ids=True, spent=2 * SPENT)
ONE = Ends(result="done", requests=2, tools=("391",), spent=2 * SPENT)
SAME_INDEX = "https://github.com/ollama/ollama/issues/15457"
NO_IDS = "https://github.com/Arize-ai/phoenix/pull/11376"
OTHER_TYPES = "own (near https://github.com/openai/openai-dotnet/pull/429)"
TURNS = "https://github.com/openai/openai-agents-js/issues/664"


def _case(id: str, what: str, answer: ServedAnswer, right: Ends, source: str, note: str = "") -> Case:
    return Case(id, KIND, source, what, TaskCase((answer, replying("done"))), right, note)


CASES = (
    _case(
        "B01.two-chunks",
        "two calls, both with index 0, in two chunks",
        asking(calls(call(FIRST, index=0, id="a1")), calls(call(SECOND, index=0, id="b2"))),
        TWO,
        SAME_INDEX,
    ),
    _case(
        "B01.one-chunk",
        "two calls, both with index 0, in one chunk",
        asking(calls(call(FIRST, index=0, id="a1"), call(SECOND, index=0, id="b2"))),
        TWO,
        SAME_INDEX,
    ),
    _case(
        "B02.neither",
        "two calls in one chunk, without index or id",
        asking(calls(call(FIRST), call(SECOND))),
        TWO,
        NO_IDS,
    ),
    _case(
        "B02.empty-ids",
        "index 0 and id '' twice",
        asking(calls(call(FIRST, index=0, id="")), calls(call(SECOND, index=0, id=""))),
        TWO,
        NO_IDS,
    ),
    _case(
        "B02.null-ids",
        "index 0 and 1, id '' and null",
        asking(calls(call(FIRST, index=0, id=""), call(SECOND, index=1, id=None))),
        TWO,
        NO_IDS,
    ),
    _case(
        "B04",
        "arguments as an object",
        asking(calls(call({"expression": "17*23"}, index=0, id="a"))),
        ONE,
        "https://github.com/ggml-org/llama.cpp/issues/20198",
    ),
    _case("B41.number-id", "a numeric call id", asking(calls(call(FIRST, index=0, id=1))), ONE, OTHER_TYPES),
    _case(
        "B41.object-id",
        "an object as the id",
        asking(calls(call(FIRST, index=0, id={"n": 1}))),
        ONE,
        OTHER_TYPES,
    ),
    _case(
        "B41.number-name",
        "a numeric tool name",
        asking(calls(call(FIRST, name=5, index=0, id="a"))),
        Ends(result="done", requests=2, asked=("no tool",), spent=2 * SPENT),
        OTHER_TYPES,
        "A name is text, so the model is told that there is no tool '5'.",
    ),
    _case("B41.text-index", "the index as text", asking(calls(call(FIRST, index="0", id="a"))), ONE, OTHER_TYPES),
    _case(
        "B41.list-arguments",
        "arguments as a list of pieces",
        asking(calls(call([FIRST], index=0, id="a"))),
        Ends(result="done", requests=2, spent=2 * SPENT),
        OTHER_TYPES,
        "The meaning isn't clear, so the model continues with the tool's result or problem.",
    ),
    _case(
        "B41.null-function",
        "a part with `function: null` before the call",
        asking(calls({"index": 0, "id": "a", "function": None}), calls(call(FIRST, index=0, id="a"))),
        ONE,
        OTHER_TYPES,
    ),
    _case(
        "B44.letters",
        "arguments one letter at a time",
        asking(calls(call("", index=0, id="a")), *(calls({"index": 0, "function": {"arguments": c}}) for c in FIRST)),
        ONE,
        TURNS,
    ),
    _case(
        "B44.interleaved",
        "two calls whose arguments alternate",
        asking(
            calls(call("", index=0, id="a"), call("", index=1, id="b")),
            calls({"index": 0, "function": {"arguments": FIRST[:9]}}),
            calls({"index": 1, "function": {"arguments": SECOND[:9]}}),
            calls({"index": 0, "function": {"arguments": FIRST[9:]}}),
            calls({"index": 1, "function": {"arguments": SECOND[9:]}}),
        ),
        TWO,
        TURNS,
    ),
    _case(
        "B44.late-id",
        "the id in the last piece",
        asking(calls(call(FIRST[:9], index=0)), calls({"index": 0, "id": "a", "function": {"arguments": FIRST[9:]}})),
        ONE,
        TURNS,
    ),
    _case(
        "B44.repeated",
        "id and name repeated in each piece",
        asking(calls(call(FIRST[:9], index=0, id="a")), calls(call(FIRST[9:], index=0, id="a"))),
        ONE,
        TURNS,
    ),
    _case(
        "B44.stop",
        "finish reason stop instead of tool_calls",
        asking(calls(call(FIRST, index=0, id="a")), finish="stop"),
        ONE,
        TURNS,
    ),
    _case(
        "B44.unknown",
        "a nonexistent tool",
        asking(calls(call(FIRST, name="search", index=0, id="a"))),
        Ends(result="done", requests=2, asked=("Unknown tool",)),
        TURNS,
    ),
    _case(
        "B44.empty",
        "empty arguments",
        asking(calls(call("", index=0, id="a"))),
        Ends(result="done", requests=2, asked=("expression",)),
        TURNS,
    ),
    _case(
        "B44.forty",
        "forty calls at once",
        asking(calls(*(call(SECOND, index=n, id=f"c{n}") for n in range(40)))),
        Ends(result="done", requests=2, tools=("42",) * 32, unique_ids=True),
        TURNS,
        "At most 32 calls per turn are run. The next request contains only those.",
    ),
    _case(
        "B56",
        "a call written as text",
        replying('<tool_call>\n{"name": "calculator", "arguments": {"expression": "17*23"}}\n</tool_call>'),
        ONE,
        "https://github.com/mudler/LocalAI/issues/10052",
        "If tools were offered and the text consists only of calls, the calls are run. The text isn't an answer.",
    ),
    _case(
        "calls.no-index-two-chunks",
        "two calls with ids but without an index, in two chunks",
        asking(calls(call(FIRST, id="a1")), calls(call(SECOND, id="b2"))),
        TWO,
        "https://github.com/comet-ml/opik/issues/8362",
    ),
    _case(
        "calls.null-index",
        "a null index, arguments in a second piece without an id",
        asking(calls(call("", index=None, id="a")), calls({"index": None, "function": {"arguments": FIRST}})),
        ONE,
        "https://github.com/langchain4j/langchain4j/pull/4583",
    ),
    _case(
        "calls.position",
        "no index; pieces of two calls in one chunk, distinguished by position",
        asking(
            calls(call(FIRST[:9], id="a"), call(SECOND[:9], id="b")),
            calls(
                {"id": "a", "function": {"arguments": FIRST[9:]}}, {"id": "b", "function": {"arguments": SECOND[9:]}}
            ),
        ),
        TWO,
        "https://github.com/SamSaffron/term-llm/pull/314",
    ),
    _case(
        "calls.object-same-index",
        "arguments as objects, both with index 0",
        asking(
            calls(call({"expression": "17*23"}, index=0, id="a")), calls(call({"expression": "6*7"}, index=0, id="b"))
        ),
        TWO,
        "https://github.com/comet-ml/opik/issues/8362",
    ),
    _case(
        "calls.function-call",
        "OpenAI's old `function_call` instead of `tool_calls`",
        stream(
            chunk({"function_call": {"name": "calculator", "arguments": FIRST[:9]}}),
            chunk({"function_call": {"arguments": FIRST[9:]}}),
            chunk({}, "function_call"),
            {"id": "c", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}},
        ),
        ONE,
        "https://github.com/avante-corp/avante.nvim/pull/706",
    ),
    _case(
        "calls.text-and-call",
        "text before the call",
        asking(piece("Let me see. "), calls(call(FIRST, index=0, id="a"))),
        ONE,
        "https://github.com/xorbitsai/xagent/pull/585",
    ),
    _case(
        "calls.one-based-index",
        "indexes that start at 1",
        asking(calls(call(FIRST, index=1, id="a")), calls(call(SECOND, index=2, id="b"))),
        TWO,
        "https://github.com/StacDev/flow_ui/pull/45",
    ),
    _case(
        "calls.glued",
        "consecutive arguments for two calls under one call",
        asking(calls(call(FIRST + SECOND, index=0, id="a"))),
        TWO,
        "https://github.com/NousResearch/hermes-agent/issues/25333",
    ),
    _case(
        "calls.sent-twice",
        "arguments sent twice",
        asking(calls(call(FIRST + FIRST, index=0, id="a"))),
        ONE,
        "https://github.com/anomalyco/opencode/issues/33064",
    ),
    _case(
        "calls.nameless-rest",
        "the rest of the arguments under a new id and number, without a name",
        asking(calls(call(FIRST[:9], index=0, id="a")), calls(call(FIRST[9:], "", index=1, id="b"))),
        ONE,
        "https://github.com/earendil-works/pi/issues/3576",
    ),
    _case(
        "calls.nameless-empty",
        "an empty, unnamed call next to a real one",
        asking(calls(call(FIRST, index=0, id="a")), calls(call("{}", "", index=1, id="b"))),
        ONE,
        "https://github.com/earendil-works/pi/issues/3576",
    ),
    _case(
        "calls.id-each-piece",
        "a separate id for each piece",
        asking(
            calls(call("", index=0, id="a")),
            calls(call(FIRST[:9], None, index=0, id="b")),
            calls(call(FIRST[9:], None, index=0, id="c")),
        ),
        ONE,
        "own",
    ),
    _case(
        "calls.growing",
        "all arguments so far in each piece",
        asking(calls(call(FIRST[:9], index=0, id="a")), calls(call(FIRST, None, index=0))),
        ONE,
        "own",
    ),
    _case(
        "calls.name-in-pieces",
        "a name in two pieces",
        asking(calls(call("", "calc", index=0, id="a")), calls(call(FIRST, "ulator", index=0))),
        ONE,
        TURNS,
    ),
    _case(
        "calls.namespace",
        "the name functions.calculator:0",
        asking(calls(call(FIRST, "functions.calculator:0", index=0, id="a"))),
        ONE,
        "https://github.com/NousResearch/hermes-agent/issues/24534",
    ),
    _case(
        "calls.leaked-markup",
        "gpt-oss's markup after the name",
        asking(calls(call(FIRST, "calculator<|channel|>commentary", index=0, id="a"))),
        ONE,
        "https://github.com/vllm-project/vllm/pull/35906",
    ),
    _case(
        "calls.text-of-text",
        "arguments encoded as text twice",
        asking(calls(call(json.dumps(FIRST), index=0, id="a"))),
        ONE,
        "https://github.com/quarkiverse/quarkus-langchain4j/pull/2642",
    ),
)
