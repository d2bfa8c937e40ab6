"""Finds tool calls that a model writes into its text because its server doesn't know the model's chat template.

Each model family has its own markup, and leaks it: https://github.com/typeclaw/typeclaw/pull/344 (Kimi),
https://github.com/vllm-project/vllm/pull/32633 (gpt-oss), https://github.com/ollama/ollama/pull/17742 (Qwen). Calls are
run if there is nothing but calls from the beginning of a line to the end of the answer; malformed markup is text.

Words before a call may only describe it. After words, code is therefore text, and so is a call of an unknown tool or
without arguments. If the words introduce an example, or leave a sentence or quotation open (`lead_ins`), the call is
part of the text. An uncertain call is not run; it stays in the answer.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from chimera.providers.answers.lead_ins import speaks_of_a_call
from chimera.providers.answers.tool_requests import known_name, whole_arguments
from chimera.providers.base import ToolSpec
from chimera.providers.wire.frames import parsed
from chimera.providers.wire.http import check_calls
from chimera.providers.wire.values import dict_of, word_of

Call = dict[str, Any]
"""`{"name": …, "arguments": …}`, like the `function` of an entry in `tool_calls`."""

_MARKUP = (
    *("<tool_call>", "<tool_calls>", "<function=", "<function_calls>", "<invokename=", "<minimax:tool_call>"),
    *("[TOOL_CALLS]", "<|python_tag|>", "<|tool_call|>", "<|tool_calls_section_begin|>", "<|tool_call_begin|>"),
    *("<｜tool▁calls▁begin｜>", "<|channel|>commentaryto=", "<|start|>assistant<|channel|>commentaryto="),
)
_JSON = ('{"name":', '[{"name":', '{"function":', '{"type":"function"', '```json{"name":', "```tool_call")
"""Beginnings of calls without markup. They count only at the beginning of an answer, and only with a call's fields."""
_ARGUMENTS = ("arguments", "parameters", "input")
_FIELDS = frozenset(("name", "id", "type", *_ARGUMENTS))
_WRAPPER_FIELDS = frozenset(("function", "id", "type"))
_JSON_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
MAX_LOOKS = 1000
"""Maximum number of lines that begin like a call but aren't one; everything after them is the answer."""
_HEAD_CHARS = max(map(len, (*_MARKUP, *_JSON)))
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BLANK_LINES = re.compile(r"\s*\n")
_MAY_BEGIN = re.compile(r"^[^\S\n\t]{0,3}(?:<(?:tool|func|invoke|minimax|\||｜)|\[TOOL)", re.MULTILINE)
"""Beginnings of markup, at the start of a line that isn't indented as code."""
_CODE_INDENT = 4
_FENCE = re.compile(r"(([`~])\2{2,})(\w?)")
"""A code fence: https://spec.commonmark.org/0.31.2/#fenced-code-blocks. With a language, it doesn't close a block."""
_MAX_FENCE = 100
"""Longer code fences are treated as if they had this length."""
_BLANKS = re.compile(r"\s+")
_BEFORE_CHARS = 400
"""How many characters before a call are examined."""

_BETWEEN = re.compile(
    r"(?:\s|\[/?TOOL_CALLS\]|[,;\[\]]|```(?:json|tool_calls?)?|</?(?:tool_calls?|function_calls|minimax:tool_call)>|<\|python_tag\|>"
    r"|<\|/?tool_call\|>|<\|tool_calls?(?:_section)?_(?:begin|end)\|>|<｜tool▁calls?▁(?:begin|end)｜>"
    r"|<\|(?:call|end|im_end|eom_id|eot_id|return)\|>|</s>|<\|start\|>assistant(?=<\|channel\|>commentary))*"
)
_NAME = r"[\w.:-]{1,80}"
_BEFORE_JSON = re.compile(
    rf"<\|channel\|>commentary\s+to=(?P<harmony>{_NAME})[^{{<]{{0,40}}(?:<\|constrain\|>\w+)?\s*<\|message\|>\s*(?={{)"
    rf"|(?P<kimi>{_NAME})\s*<\|tool_call_argument_begin\|>\s*(?={{)"
    rf"|(?:function\s*)?<｜tool▁sep｜>(?P<deepseek>{_NAME})\s*(?:```json\s*)?(?={{)"
    rf"|(?P<deepseek31>{_NAME})<｜tool▁sep｜>\s*(?={{)"
    rf"|(?P<mistral>{_NAME})(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s*(?={{)"
    rf"|<function=(?P<llama>{_NAME})>\s*(?={{)"
)
"""A name, followed by its arguments as JSON."""
_TAGS = re.compile(
    rf"<function=(?P<qwen>{_NAME})>|<invoke\s+name=\"(?P<invoke>{_NAME})\">|(?P<glm>{_NAME})\s*(?=<arg_key>)"
)
"""A name, followed by its arguments in separate tags."""
_ARGUMENT = re.compile(
    r"\s*(?:<parameter=(?P<qwen>[\w.-]+)>(?P<a>.*?)</parameter>|<parameter\s+name=\"(?P<invoke>[\w.-]+)\"[^<>]*>"
    r"(?P<b>.*?)</parameter>|<arg_key>(?P<glm>[\w.-]+)</arg_key>\s*<arg_value>(?P<c>.*?)</arg_value>)",
    re.DOTALL,
)
_CLOSING = re.compile(r"\s*(?:</function>|</invoke>)?")


class WrittenCalls:
    """Holds back text that may be calls, and passes on all other text. Reads each character once."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.calls: list[Call] = []
        self._tools = {tool.name: tool.parameters for tool in tools}
        self._openings: tuple[str, ...] = (*_MARKUP, *_JSON)
        self._held: list[str] = []
        self._head = ""
        """The beginning of the line, or of the answer, without white space."""
        self._is_at_beginning = bool(tools)
        self._is_held = False
        self._looks_left = MAX_LOOKS
        self._fence = ""
        """The opening fence of the current code block; empty outside code."""
        self._before = ""
        """The end of the text that was passed on."""
        self._tail = ""
        """The end of the passed-on text that may be part of a code fence."""

    @property
    def may_be_calls(self) -> bool:
        return self._is_held

    @property
    def _is_behind_words(self) -> bool:
        return self._openings is _MARKUP

    def take(self, text: str) -> str:
        """Accept text and return the part that is certainly not a call."""
        if self._is_held:
            self._held.append(text)
            return ""
        if not self._tools or (not self._looks_left and not self._held):
            return text
        if text.find("\n", 0, len(text) - 1) < 0:
            return self._line(text)
        known, place = [], 0
        while place < len(text):
            end = len(text) if not self._looks_left else self._plain_to(text, place)
            if end > place:
                known.append(self._passed_on(text[place:end]))
            else:
                line = _BLANK_LINES.match(text, place) or _LINE.match(text, place)
                end = line.end() if line else len(text)
                known.append(self._line(text[place:end]))
            place = end
        return "".join(known)

    def rest(self) -> str:
        """Return the text that was held back, unless it is calls. Raises `AnswerTooLarge` for too many calls."""
        text = "".join(self._held)
        self._held.clear()
        if self._is_held and not self._fence and not (self._is_behind_words and speaks_of_a_call(self._before)):
            is_marked = self._head.startswith(_MARKUP)
            self.calls = calls_in(text, self._tools, is_marked=is_marked, is_behind_words=self._is_behind_words)
        return "" if self.calls else text

    def _plain_to(self, text: str, place: int) -> int:
        """Return where the lines that can't begin a call end. Most texts consist only of such lines."""
        if self._is_held or self._held or not self._is_behind_words:
            return place
        end = text.rfind("\n", place) + 1
        found = _MAY_BEGIN.search(text, place, end)
        return found.start() if found else max(place, end)

    def _line(self, line: str) -> str:
        if self._is_held:
            self._held.append(line)
            return ""
        if not self._is_at_beginning:
            return self._passed_on(line)
        self._held.append(line)
        self._head = (self._head + _BLANKS.sub("", line[: 4 * _HEAD_CHARS]))[:_HEAD_CHARS]
        begins = self._head.startswith(self._openings)
        if not begins and any(opening.startswith(self._head) for opening in self._openings):
            return ""
        text = "".join(self._held)
        if begins and not (self._is_behind_words and _is_indented(text)):
            self._is_held = True
            return ""
        self._looks_left -= self._head.startswith(("<", "["))
        self._held.clear()
        return self._passed_on(text)

    def _passed_on(self, text: str) -> str:
        self._openings = _MARKUP
        self._before = (self._before + text[-_BEFORE_CHARS:])[-_BEFORE_CHARS:]
        known = self._tail + text
        end = len(known.rstrip("`~"))
        self._tail = known[end:][-_MAX_FENCE:]
        for fence, _, language in _FENCE.findall(known, 0, end):
            if not self._fence:
                self._fence = fence[:_MAX_FENCE]
            elif fence.startswith(self._fence) and not language:
                self._fence = ""
        self._is_at_beginning, self._head = text.endswith("\n"), ""
        return text


def _is_indented(text: str) -> bool:
    """Return whether the first line that isn't blank is indented as code."""
    indent = text[: len(text) - len(text.lstrip())].rpartition("\n")[2]
    return "\t" in indent or len(indent) >= _CODE_INDENT


def calls_in(
    text: str, tools: Mapping[str, Mapping[str, Any]], *, is_marked: bool, is_behind_words: bool
) -> list[Call]:
    """Find the calls in a text that consists only of calls; empty for any other text.

    `tools` are the schemas of the offered tools, by name. Without markup, an object may also be the answer, so it must
    have the fields of a call and no others.
    Raises `AnswerTooLarge`.
    """
    found: list[Call] = []
    decoder = json.JSONDecoder(strict=False)
    place = _past(_BETWEEN, text, 0)
    while place < len(text):
        check_calls(len(found) + 1)
        try:
            call, place = _call_at(text, place, decoder, tools, is_marked)
        except (ValueError, RecursionError):
            return []
        is_sure = is_marked and not is_behind_words
        if not is_sure and not _is_meant(call, tools, may_be_empty=not is_behind_words):
            return []
        found.append({**call, "arguments": {} if call["arguments"] is None else call["arguments"]})
        place = _past(_BETWEEN, text, place)
    return found


def _call_at(
    text: str, place: int, decoder: json.JSONDecoder, tools: Mapping[str, Mapping[str, Any]], is_marked: bool
) -> tuple[Call, int]:
    """Read one call; missing arguments are None. Raises ValueError if there is no call here."""
    if text.startswith("{", place):
        value, end = decoder.raw_decode(text, place)
        return _of_object(value) if is_marked else _of_plain_object(value), end
    if (named := _BEFORE_JSON.match(text, place)) is not None:
        value, end = decoder.raw_decode(text, named.end())
        return {"name": named[named.lastgroup or 0], "arguments": value}, _past(_CLOSING, text, end)
    if (tagged := _TAGS.match(text, place)) is not None:
        name = tagged[tagged.lastgroup or 0]
        properties = dict_of(tools.get(name, {}).get("properties"))
        arguments, place = {}, tagged.end()
        while (argument := _ARGUMENT.match(text, place)) is not None:
            key = argument["qwen"] or argument["invoke"] or argument["glm"]
            written = next(value for value in argument.group("a", "b", "c") if value is not None)
            arguments[key] = _value(written, dict_of(properties.get(key)))
            place = argument.end()
        return {"name": name, "arguments": arguments or None}, _past(_CLOSING, text, place)
    raise ValueError("no call")


def _of_object(value: Any) -> Call:
    call = dict_of(dict_of(value).get("function")) or dict_of(value)
    if not word_of(call.get("name")):
        raise ValueError("no name")
    written: Any = next((call[key] for key in _ARGUMENTS if call.get(key) is not None), None)
    return {"name": word_of(call["name"]), "arguments": written}


def _of_plain_object(value: Any) -> Call:
    """Read a call without markup. Raises ValueError if the object may be an answer about tools instead."""
    outer = dict_of(value)
    call = dict_of(outer.get("function")) or outer
    is_wrapped = call is not outer
    if sum(call.get(key) is not None for key in _ARGUMENTS) != 1 or not _FIELDS.issuperset(call):
        raise ValueError("other fields than a call has")
    if is_wrapped and not _WRAPPER_FIELDS.issuperset(outer):
        raise ValueError("other fields than a call has around it")
    return _of_object(value)


def _is_meant(call: Call, tools: Mapping[str, Mapping[str, Any]], *, may_be_empty: bool) -> bool:
    """Return whether a call is meant rather than described: it names an offered tool and has plausible arguments."""
    name = known_name(call["name"], tools)
    written = call["arguments"]
    arguments = parsed(whole_arguments(written)) if isinstance(written, str) else written
    if name not in tools or not isinstance(arguments, dict):
        return False
    properties = dict_of(tools[name].get("properties"))
    return bool(arguments or may_be_empty or not properties) and not _is_schema(arguments, properties)


def _is_schema(arguments: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """Return whether the arguments describe the tool: they are a JSON Schema, or the types of the arguments."""
    foreign = arguments.keys() - properties.keys()
    if not foreign.isdisjoint(("$schema", "properties")) or ("type" in foreign and arguments["type"] == "object"):
        return True
    return bool(arguments) and all(
        dict_of(value).get("type") in _JSON_TYPES
        and (name in foreign or dict_of(properties[name]).get("type", "object") != "object")
        for name, value in arguments.items()
    )


def _value(written: str, schema: Mapping[str, Any]) -> Any:
    """Read a value between tags: as text if the schema expects text, otherwise as JSON."""
    written = written.removeprefix("\n").removesuffix("\n")
    if schema.get("type", "string") == "string":
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def _past(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place
