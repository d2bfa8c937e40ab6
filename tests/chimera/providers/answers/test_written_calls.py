"""Tool calls that models write into their text, in the markup of each model family."""

import json

import pytest

from chimera.providers.answers.written_calls import WrittenCalls
from chimera.providers.base import ToolSpec
from chimera.providers.wire.http import MAX_CALLS
from models.errors import AnswerTooLarge

TOOLS = (
    ToolSpec("calc", "", {"properties": {"expression": {"type": "string"}, "digits": {"type": "integer"}}}),
    ToolSpec("now", "", {"properties": {}}),
)
ARGUMENTS = {"expression": "17*23"}
JSON = '{"expression": "17*23"}'
WHOLE = f'{{"name": "calc", "arguments": {JSON}}}'
FENCE = "`" * 3
QWEN = "<function=calc>\n<parameter=expression>\n17*23\n</parameter>\n</function>\n</tool_call>"
WRITTEN = {
    "Hermes": f"<tool_call>\n{WHOLE}\n</tool_call>",
    "Hermes, without an end": f"<tool_call>{WHOLE}",
    "Llama": '{"name": "calc", "parameters": {"expression": "17*23"}}',
    "Llama, marked": f"<|python_tag|>{WHOLE}<|eom_id|>",
    "Llama, in a tag": f"<function=calc>{JSON}</function>",
    "in a fence": f"{FENCE}json\n{WHOLE}\n{FENCE}",
    "OpenAI": f'{{"type": "function", "function": {WHOLE}}}',
    "Mistral, older": f"[TOOL_CALLS] [{WHOLE}]",
    "Mistral": f"[TOOL_CALLS]calc[ARGS]{JSON}</s>",
    "Qwen Coder": f"<tool_call>\n{QWEN}",
    "Qwen Coder, unwrapped": QWEN,
    "GLM": "<tool_call>calc\n<arg_key>expression</arg_key>\n<arg_value>17*23</arg_value>\n</tool_call>",
    "MiniMax": '<minimax:tool_call>\n<invoke name="calc">\n<parameter name="expression">17*23</parameter>\n</invoke>\n'
    "</minimax:tool_call>",
    "Claude": '<function_calls><invoke name="calc"><parameter name="expression">17*23</parameter></invoke>'
    "</function_calls>",
    "Kimi": "<|tool_calls_section_begin|><|tool_call_begin|>functions.calc:0<|tool_call_argument_begin|>"
    f"{JSON}<|tool_call_end|><|tool_calls_section_end|>",
    "DeepSeek": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>calc\n"
    f"{FENCE}json\n{JSON}\n{FENCE}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "DeepSeek 3.1": f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>calc<｜tool▁sep｜>{JSON}<｜tool▁call▁end｜>",
    "gpt-oss": f"<|channel|>commentary to=functions.calc <|constrain|>json<|message|>{JSON}<|call|>",
    "Granite": f"<|tool_call|>[{WHOLE}]",
}


def split(text: str, size: int) -> tuple[str, list[dict[str, object]]]:
    """Read a text in pieces of `size` characters; return the text that is passed on and the calls found in it."""
    written = WrittenCalls(TOOLS)
    passed = "".join(written.take(text[start : start + size]) for start in range(0, len(text), size))
    return passed + written.rest(), written.calls


@pytest.mark.parametrize("text", WRITTEN.values(), ids=list(WRITTEN))
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_call_in_any_markup_is_found(text: str, size: int) -> None:
    for before in ("", "\n ", "Let me see.\n\n"):
        if before.strip() and text.startswith(("{", FENCE)):
            continue  # JSON after text is part of an answer
        passed, (call,) = split(before + text, size)
        assert passed.strip() == before.strip()
        assert str(call["name"]).endswith(("calc", "calc:0"))
        assert call["arguments"] == ARGUMENTS


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>{WHOLE}</tool_call> and so on",
        '<tool_call>{"name": "calc", }</tool_call>',
        '<tool_call>{"arguments": {}}</tool_call>',
        "<tool_call>[7]</tool_call>",
        "<tool_call>",
        '{"name": "Ada", "arguments": {}}',
        '[{"name": "calc", "arguments": {}}, {"name": "Ada"}]',
        '{"name": "calc"',
        '{"name": "now"}',
        '{"name": "now", "arguments": null}',
        f"The call is {WHOLE}",
        f"So:\n{FENCE}xml\n<tool_call>{WHOLE}</tool_call>\n{FENCE}",
        "<function>f</function>\n<tool>hammer</tool>\n[TOOL]",
        "",
        "\n \n",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_text_without_calls_is_passed_on(text: str, size: int) -> None:
    assert split(text, size) == (text, [])


SCHEMA = '{"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}'


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "calc", "description": "Adds two numbers."}]',
        '[\n  {"name": "calc", "description": "Adds two numbers."}\n]',
        '{"name": "calc", "description": "Adds.", "parameters": {}}',
        f'{{"name": "calc", "parameters": {SCHEMA}}}',
        f'{{"name": "calc", "input": {SCHEMA}}}',
        f'{{"name": "calc", "arguments": {json.dumps(SCHEMA)}}}',
        f'{{"type": "function", "function": {{"name": "calc", "parameters": {SCHEMA}}}}}',
        f'{{"type": "function", "function": {WHOLE}, "strict": true}}',
        '{"name": "calc", "parameters": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}',
        '{"name": "now", "parameters": {"type": "object"}}',
        '{"name": "calc", "parameters": {"properties": {}}}',
        '{"name": "calc", "parameters": {"expression": {"type": "string"}, "digits": {"type": "integer"}}}',
        '{"name": "calc", "arguments": "any expression", "example": "1+1"}',
        '{"name": "calc", "arguments": "any expression"}',
        '{"name": "calc", "arguments": ["expression"]}',
        f'{{"name": "calc", "arguments": {JSON}, "parameters": {JSON}}}',
        f'{FENCE}json\n{{"name": "calc", "description": "Adds."}}\n{FENCE}',
        f'{WHOLE}\n{{"name": "calc", "description": "Adds."}}',
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_json_about_a_tool_is_an_answer(text: str, size: int) -> None:
    assert split(text, size) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        f'{{"name": "calc", "id": "c1", "type": "function", "input": {JSON}}}',
        f'{{"name": "functions.calc", "arguments": {JSON}}}',
        f'{{"name": "calc", "arguments": {json.dumps(JSON)}}}',
        f'{{"function": {WHOLE}, "id": "c1", "type": "function"}}',
        f"[\n  {WHOLE}\n]",
        '{"name": "now", "parameters": {}}',
    ],
)
def test_json_in_the_form_of_a_call_is_run(text: str) -> None:
    passed, calls = split(text, 1000)
    assert (passed, len(calls)) == ("", 1)


WRITTEN_ABOUT = f"Hermes models write a call like this:\n\n<tool_call>{WHOLE}</tool_call>"


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN_ABOUT.replace("calc", "get_weather"),
        f"{WRITTEN_ABOUT}\n<tool_call>{WHOLE.replace('calc', 'get_weather')}</tool_call>",
        WRITTEN_ABOUT.replace("<tool", "    <tool"),
        WRITTEN_ABOUT.replace("<tool", "\t<tool"),
        WRITTEN_ABOUT.replace("<tool", "  \t<tool"),
        WRITTEN_ABOUT.replace("<tool", "\n \n     <tool"),
        f"So:\n\n    <tool_call>\n    {WHOLE}\n    </tool_call>",
        WRITTEN_ABOUT.replace("\n\n", "\n~~~\n"),
        WRITTEN_ABOUT.replace("\n\n", "\n~~~xml\n") + "\n~~~",
        WRITTEN_ABOUT.replace("\n\n", f"\n~~~\n{FENCE}\n"),
        WRITTEN_ABOUT.replace("\n\n", f"\n{FENCE * 2}xml\n") + f"\n{FENCE * 2}",
        WRITTEN_ABOUT.replace("\n\n", f"\n{FENCE}`\n{FENCE}\n"),
        WRITTEN_ABOUT.replace("\n\n", f"\n{FENCE}\n{FENCE}xml\n"),
        WRITTEN_ABOUT.replace("\n\n", "\n" + "~" * 500 + "\n~~~\n"),
        "The last line of a call is\n<function=calc>",
        "The last line of a call is\n<function=calc></function>",
        'It begins like this:\n<invoke name="calc">',
        "It begins like this:\n<tool_call>\n<function=calc>\n</function>\n</tool_call>",
        WRITTEN_ABOUT.replace(WHOLE, '{"name": "calc"}'),
        WRITTEN_ABOUT.replace(WHOLE, '{"name": "calc", "arguments": {}}'),
        WRITTEN_ABOUT.replace(WHOLE, '{"name": "calc", "arguments": "any expression"}'),
        WRITTEN_ABOUT.replace(WHOLE, f'{{"name": "calc", "parameters": {SCHEMA}}}'),
        "Llama's form:\n<function=get_weather>{}</function>",
        "Mistral's form:\n[TOOL_CALLS]get_weather[ARGS]{}",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_call_that_is_only_mentioned_is_text(text: str, size: int) -> None:
    assert split(text, size) == (text, [])


@pytest.mark.parametrize(
    "before",
    [
        f"See `x`, {FENCE}y{FENCE}:\n",
        f"{FENCE}py\n1\n{FENCE}\n",
        "~~~\n1\n~~~\n",
        f"~~~\n{FENCE}\n~~~\n",
        f"{FENCE * 2}\n{FENCE}\n{FENCE * 2}\n",
        f"{FENCE}\n1\n{FENCE}`\n\n   ",
        "    indented\n",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_call_after_code_is_run(before: str, size: int) -> None:
    for text in (f"<tool_call>{WHOLE}</tool_call>", '<tool_call>{"name": "now", "arguments": {}}</tool_call>'):
        passed, calls = split(before + text, size)
        assert (passed.strip(), len(calls)) == (before.strip(), 1)


CALL = f"<tool_call>{WHOLE}</tool_call>"


@pytest.mark.parametrize(
    "before",
    [
        "Hermes models write a call like this:\n\n",
        "For example:\n",
        "A model would write:\n",
        "I looked it up. The syntax of a call is as follows:\n\n",
        "The call is\n",
        "To use the calculator, a model answers with\n",
        'The page says: "\n',
        "The page says: “\n",
        "It was `\n",
        "**Example**:\n",
        "They wrote it as:\n",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_quoted_call_is_a_part_of_the_answer(before: str, size: int) -> None:
    for text in (before + CALL, f"{before}<function=calc>{JSON}</function>"):
        assert split(text, size) == (text, [])


@pytest.mark.parametrize("quoted", [f'"{CALL}"', f"'{CALL}'", f"`{CALL}`", f"> {CALL}", f"The call {CALL} is whole."])
def test_a_call_within_quotes_or_a_sentence_is_text(quoted: str) -> None:
    for text in (quoted, f"It was:\n{quoted}", f"It was:\n{quoted}\n"):
        assert split(text, 1000) == (text, [])


@pytest.mark.parametrize(
    "before",
    [
        "Let me see.\n\n",
        "I'll calculate that:\n",
        "To answer this, I will use the calculator.\n",
        "Okay, let me check\n",
        "Sure! Here is the call:\n\n",
        'The user asks for "17*23". I need the calculator.\n',
        "For example, 17*23 is hard to do in the head. Let me compute it:\n",
        "**Step 1**: compute the product\n",
        "I'll open https://example.com/page for you.\n",
        "Let me get the latest stock quotes.\n",
        "Let me check the syntax of the config first.\n",
        "Now I'll check what the page looks like.\n",
        'The screen is 15" wide. I will look it up.\n',
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_call_after_words_that_announce_it_is_run(before: str, size: int) -> None:
    passed, calls = split(before + CALL, size)
    assert (passed.strip(), len(calls)) == (before.strip(), 1)


def test_arguments_may_be_called_as_a_schema_is() -> None:
    written = WrittenCalls((ToolSpec("form", "", {"properties": {"type": {}, "properties": {}}}),))
    written.take('{"name": "form", "arguments": {"type": "object", "properties": {"a": {"type": "string"}}}}')
    assert (written.rest(), len(written.calls)) == ("", 1)


def test_values_are_of_the_type_that_is_wanted() -> None:
    arguments = "<parameter=expression>\n1\n</parameter><parameter=digits>\n3\n</parameter>"
    _, (call,) = split(f"<function=calc>{arguments}</function>", 5)
    assert call["arguments"] == {"expression": "1", "digits": 3}


def test_without_tools_nothing_is_held_back() -> None:
    written = WrittenCalls(())
    assert written.take(WRITTEN["Hermes"]) == WRITTEN["Hermes"]


def test_text_is_passed_on_at_once() -> None:
    written = WrittenCalls(TOOLS)
    assert [written.take(piece) for piece in ("<", "b>", "x\n", "<tool", "s>")] == ["", "<b>", "x\n", "", "<tools>"]


def test_lines_are_looked_at_up_to_a_number() -> None:
    for pieces in (["<tools>\n" * 5000], ["<tools>\n"] * 5000):
        written = WrittenCalls(TOOLS)
        passed = "".join([*map(written.take, pieces), written.take(WRITTEN["Hermes"]), written.rest()])
        assert passed == "<tools>\n" * 5000 + WRITTEN["Hermes"]


def test_calls_in_a_text_have_a_maximum() -> None:
    one = '<tool_call>{"name": "calc"}</tool_call>'
    assert len(split(one * MAX_CALLS, 1000)[1]) == MAX_CALLS
    with pytest.raises(AnswerTooLarge, match="1000 tool calls"):
        split(one * (MAX_CALLS + 1), 1000)
