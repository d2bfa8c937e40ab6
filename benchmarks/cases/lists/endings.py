"""How answers end: with unusual finish reasons, without any, at a limit, or by a filter."""

from benchmarks.cases.case import FIRST, SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import asking, replying, stream
from tests.wires.chat_completions.frames import USAGE, call, calls, chunk, piece
from tests.wires.model_server import ServedAnswer

KIND = "endings"
WELL = Ends(result="done well", spent=SPENT)
OTHER_WORDS = "https://github.com/openai/openai-dotnet/pull/267"
NO_REASON = "https://github.com/can1357/oh-my-pi/issues/9433"
CUT = "https://github.com/agent0ai/agent-zero/issues/1836"
HALF, REST = "Three steps: 1. Unplug it. 2. Wait ten", " seconds. 3. Plug it in."
WORDS = ("eos", "eos_token", "end_turn", "STOP", "function_call", "stop_sequence", "COMPLETE")
STRANGE = {
    "abort": "https://github.com/earendil-works/pi/pull/1509",
    "tool_use": "https://github.com/simstudioai/sim/pull/6302",
    "repetition": "https://github.com/simstudioai/sim/pull/6302",
}


def _case(
    id: str, what: str, answers: tuple[ServedAnswer, ...], source: str, right: Ends = WELL, note: str = ""
) -> Case:
    return Case(id, KIND, source, what, TaskCase(answers), right, note)


CASES = (
    *(_case(f"B07.{word}", f"finish reason {word!r}", (replying("done well", word),), OTHER_WORDS) for word in WORDS),
    _case(
        "B07.tool_calls",
        "finish reason tool_calls with text but no call",
        (replying("done well", "tool_calls"),),
        OTHER_WORDS,
    ),
    *(
        _case(
            f"ends.{word}",
            f"finish reason {word!r}",
            (replying("done well", word),),
            source,
            note="An unknown reason becomes `other`. Text that has an end is paid for and stored.",
        )
        for word, source in STRANGE.items()
    ),
    _case("B41.list-finish", "a finish reason that is a list", (replying("done well", ["stop"]),), "own"),
    _case(
        "B08.null",
        "text, a null reason, usage, [DONE]",
        (stream(piece("done well"), USAGE),),
        NO_REASON,
        note="`[DONE]` marks a complete answer. Without it and without a reason, an answer is never complete.",
    ),
    _case("B08.empty", "an empty reason and [DONE]", (replying("done well", ""),), NO_REASON),
    _case(
        "B08.no-done",
        "reason stop without [DONE]",
        (stream(piece("done well"), chunk({}, "stop"), USAGE, done=False),),
        NO_REASON,
    ),
    _case(
        "B08.neither",
        "neither reason nor [DONE], then complete",
        (stream(piece("half"), done=False), replying("done well")),
        NO_REASON,
        Ends(result="done well", requests=2),
    ),
    _case(
        "B08.always-neither",
        "neither, each time",
        (stream(piece("half"), done=False),),
        NO_REASON,
        Ends("failed", requests=2, contains=("truncated",), lacks=("half",)),
        "An answer that ends twice at the same place isn't a network fault. Other answers are requested up to 5 times.",
    ),
    _case(
        "B10.continued",
        "half a sentence with finish reason length, then the rest",
        (replying(HALF, "length"), replying(REST)),
        CUT,
        Ends(result=HALF + REST, requests=2, finish="stop", asked=(HALF,), spent=2 * SPENT),
        "An answer cut off at its limit is continued at most twice (policy `on_truncated`).",
    ),
    _case(
        "B10.always",
        "finish reason length each time",
        (replying("one ", "length"), replying("two ", "length"), replying("three", "length")),
        CUT,
        Ends(result="one two three", requests=3, finish="length", spent=3 * SPENT),
        "An answer that is still cut off after two continuations is stored and marked.",
    ),
    _case(
        "ends.max_tokens",
        "`max_tokens` instead of length",
        (replying(HALF, "max_tokens"), replying(REST)),
        "https://github.com/PrimeIntellect-ai/prime-agent/pull/969",
        Ends(result=HALF + REST, requests=2),
    ),
    _case(
        "ends.model_length",
        "Mistral's `model_length`, each time",
        (replying("one ", "model_length"), replying("two ", "model_length"), replying("three", "model_length")),
        "https://github.com/simstudioai/sim/pull/6302",
        Ends(result="one two three", requests=3, finish="length"),
    ),
    _case(
        "ends.continued-twice",
        "cut off twice, then complete",
        (replying("one ", "length"), replying("two ", "length"), replying("three")),
        "https://github.com/open-gsd/gsd-pi/issues/2157",
        Ends(result="one two three", requests=3, finish="stop"),
    ),
    _case(
        "ends.length-empty",
        "finish reason length without text: all tokens went into thinking",
        (stream(chunk({"reasoning_content": "hm, "}), chunk({}, "length"), USAGE),),
        "https://github.com/NousResearch/hermes-agent/pull/100891",
        Ends("failed", contains=("max_output_tokens", "reasoning_effort"), spent=SPENT),
        "A retry would cost again and end the same way. The error names the field to change.",
    ),
    _case(
        "ends.filter-empty",
        "a content filter without text",
        (stream(chunk({}, "content_filter"), USAGE),),
        "https://github.com/theopenco/llmgateway/pull/2067",
        Ends("failed", code="content_refused", spent=SPENT),
    ),
    _case(
        "ends.refusal",
        "a refusal without text",
        (stream(chunk({"refusal": "I can't help with that."}), chunk({}, "stop"), USAGE),),
        "https://github.com/prism-php/prism/pull/1003",
        Ends("failed", code="content_refused", contains=("can't help with that",), spent=SPENT),
    ),
    _case(
        "ends.refusal-beside-text",
        "text with a refusal",
        (stream(chunk({"content": "done well", "refusal": "Only in part."}), chunk({}, "stop"), USAGE),),
        "https://github.com/prism-php/prism/pull/1003",
    ),
    _case(
        "ends.length-in-call",
        "cut off inside a tool call, then complete",
        (
            stream(calls(call(FIRST[:9], index=0, id="a")), chunk({}, "length"), USAGE),
            asking(calls(call(FIRST, index=0, id="a"))),
            replying("done well"),
        ),
        "https://github.com/14790897/MiqroForge-Desktop/pull/1100",
        Ends(result="done well", requests=3, tools=("391",)),
        "An incomplete tool call is never run.",
    ),
    _case(
        "ends.empty",
        "a finish reason without text, each time",
        (stream(chunk({}, "stop"), USAGE),),
        "https://github.com/BerriAI/litellm/pull/32475",
        Ends("failed", requests=2, contains=("malformed",), spent=2 * SPENT),
        "A call that fails twice in the same way is not repeated. Both answers are billed as reported.",
    ),
)
