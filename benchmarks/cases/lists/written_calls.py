"""Tool calls written as text in the markup of each model family. They must be run, and not be part of an answer."""

from benchmarks.cases.case import FIRST, SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying, stream
from tests.wires.chat_completions.frames import USAGE, chunk

KIND = "tool-calls"
FOUND = "https://github.com/ggml-org/llama.cpp/pull/16932"
CALL = f'{{"name": "calculator", "arguments": {FIRST}}}'
QWEN = "<function=calculator>\n<parameter=expression>\n17*23\n</parameter>\n</function>"
INVOKE = '<invoke name="calculator">\n<parameter name="expression">17*23</parameter>\n</invoke>'
KIMI = f"<|tool_call_begin|>functions.calculator:0<|tool_call_argument_begin|>{FIRST}<|tool_call_end|>"
RIGHT = Ends(result="done", requests=2, tools=("391",), spent=2 * SPENT)
WRITTEN = {
    "words-before": (f"Let me see.\n<tool_call>{CALL}</tool_call>", "https://github.com/mudler/LocalAI/issues/10052"),
    "qwen-coder": (f"<tool_call>\n{QWEN}\n</tool_call>", "https://github.com/QwenLM/qwen-code/issues/10692"),
    "qwen-unwrapped": (f"{QWEN}\n</tool_call>", "https://github.com/ollama/ollama/pull/17742"),
    "glm": ("<tool_call>calculator\n<arg_key>expression</arg_key>\n<arg_value>17*23</arg_value>\n</tool_call>", FOUND),
    "minimax": (
        f"<minimax:tool_call>\n{INVOKE}\n</minimax:tool_call>",
        FOUND,
    ),
    "claude": (
        f"<function_calls>\n{INVOKE}\n</function_calls>",
        "https://github.com/QwenLM/qwen-code/issues/10692",
    ),
    "kimi": (
        f"<|tool_calls_section_begin|>{KIMI}<|tool_calls_section_end|>",
        "https://github.com/NousResearch/hermes-agent/issues/24534",
    ),
    "deepseek": (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>calculator<｜tool▁sep｜>{FIRST}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "https://github.com/unslothai/unsloth/pull/5624",
    ),
    "mistral": (f"[TOOL_CALLS]calculator[ARGS]{FIRST}", "https://github.com/antoinezambelli/forge/pull/56"),
    "llama": (f'{{"name": "calculator", "parameters": {FIRST}}}', "own"),
    "gpt-oss": (
        f"<|channel|>commentary to=functions.calculator <|constrain|>json<|message|>{FIRST}<|call|>",
        "https://github.com/vllm-project/vllm/pull/32633",
    ),
}
LEAD_INS = {
    "address": "I'll open https://example.com/page for you.",
    "quotes": "Let me get the latest stock quotes.",
    "syntax": "Let me check the syntax of the config first.",
    "looks-like": "Now I'll check what the page looks like.",
    "inches": 'The screen is 15" wide. I will look it up.',
}
"""Ordinary sentences with words that can introduce an example."""

SCHEMA = '{"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}'
SPOKEN_OF = {
    "spoken-of": ("a call in an answer about calls", f"So:\n```xml\n<tool_call>{CALL}</tool_call>\n```"),
    "other-tool": (
        "a call to a tool that wasn't offered, after text",
        f"Hermes models write:\n\n<tool_call>{CALL.replace('calculator', 'get_weather')}</tool_call>",
    ),
    "indented": ("a call in indented code", f"So:\n\n    <tool_call>{CALL}</tool_call>"),
    "tildes": ("a call in an open tilde fence", f"So:\n~~~\n<tool_call>{CALL}</tool_call>"),
    "introduced": (
        "a complete call given as an example",
        f"A model would write it like this:\n\n<tool_call>{CALL}</tool_call>",
    ),
    "mid-sentence": ("a complete call in mid-sentence", f"The form of a call is\n<tool_call>{CALL}</tool_call>"),
    "empty": ("a tag at the end of an answer", "It begins like this:\n<function=calculator>"),
    "described": ("tools in JSON", '[{"name": "calculator", "description": "Adds two numbers."}]'),
    "schema": (
        "a tool's schema",
        f'{{"type": "function", "function": {{"name": "calculator", "parameters": {SCHEMA}}}}}',
    ),
    "example": ("JSON about a tool", '{"name": "calculator", "arguments": "any expression", "example": "1+1"}'),
    "fenced": ("a tool in a fence", '```json\n{"name": "calculator", "description": "Adds."}\n```'),
}

CASES = (
    *(
        Case(f"written.{name}", KIND, source, text, TaskCase((replying(text), replying("done"))), RIGHT)
        for name, (text, source) in WRITTEN.items()
    ),
    *(
        Case(
            f"written.behind-{name}",
            KIND,
            "own",
            words,
            TaskCase((replying(f"{words}\n<tool_call>{CALL}</tool_call>"), replying("done"))),
            RIGHT,
        )
        for name, words in LEAD_INS.items()
    ),
    Case(
        "written.in-thought",
        KIND,
        "https://github.com/vybestack/llxprt-code/pull/750",
        "a call in `reasoning_content` and nothing else",
        TaskCase(
            (
                stream(chunk({"reasoning_content": f"<tool_call>{CALL}</tool_call>"}), chunk({}, "stop"), USAGE),
                replying("done"),
            )
        ),
        RIGHT,
    ),
    *(
        Case(f"written.{name}", KIND, "own", what, TaskCase((replying(text),)), Ends(result=text, spent=SPENT))
        for name, (what, text) in SPOKEN_OF.items()
    ),
)
