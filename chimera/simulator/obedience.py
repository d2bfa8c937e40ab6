"""Instructions that an obedient model follows: `[[obey: call NAME {json}]]`, wherever a request contains them.

This is the worst model for prompt injections: it can't distinguish data from instructions, and it never refuses. With
it, a test can show that a policy holds although the model is hijacked. Instructions are also found if they are hidden
between invisible characters, written in Unicode tags, or escaped by Markdown, HTML or JSON.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chimera.simulator.conversation import since_last_reply
from chimera.simulator.directives import without_directives
from chimera.simulator.messages import Message, calls_in, messages_in, text_of
from chimera.simulator.steps import RESULT, TURN

MAX_INSTRUCTIONS = 32
"""The number of instructions that are followed in one turn."""

_BEGIN = re.compile(r"\[\[\s*+obey\s*+:\s*+call\s++([^\s{}\[\]]{1,200})\s*+")
_END = re.compile(r"\s*+\]\]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
# Soft hyphens, combining joiners, zero-width and direction characters, variation selectors, and tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_ESCAPE = re.compile(r"\\([^\w\s])|\\(?=_)")
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Instruction:
    """A tool call that a text tells a model to make; `arguments` is a JSON object with sorted keys."""

    tool: str
    arguments: str

    @property
    def has_placeholder(self) -> bool:
        """Whether the arguments of the call that follows this instruction will differ from those of the instruction."""
        return any(placeholder in self.arguments for placeholder in (TURN, RESULT))


def instructions_in(body: dict[str, Any]) -> list[Instruction]:
    """Return the instructions that a request's model has to follow now, each once, in order.

    These are all that arrived after its last reply, and earlier ones that it has not followed yet. Its own words don't
    count.
    """
    messages = messages_in(body)
    latest = since_last_reply(messages)
    told = _in_texts([*_texts_of(messages), *_strings_in(body.get("tools"))])
    new = _in_texts(_texts_of(latest)) if len(latest) < len(messages) else told
    followed = {_made(call) for call in calls_in(messages)}
    missed = [each for each in told if each not in followed and not each.has_placeholder]
    return list(dict.fromkeys([*missed, *new]))[:MAX_INSTRUCTIONS]


def instructions_of(text: str) -> Iterator[Instruction]:
    """Yield the instructions in a text, also hidden and escaped ones, possibly more than once."""
    if "[" not in text and not _TAGS.search(text):
        return
    visible = _INVISIBLE.sub("", text)
    revealed = "".join(_revealed(found[0]) for found in _TAGS.finditer(text))
    for variant in dict.fromkeys((visible, revealed, _unescaped(visible), _unescaped(_unescaped(visible)))):
        yield from _plain_instructions(variant)


def _texts_of(messages: Sequence[Message]) -> list[str]:
    # What a directive tells this simulator to pass on isn't an instruction for itself.
    return [without_directives(text_of(message)) for message in messages if message.get("role") != "assistant"]


def _strings_in(value: object) -> list[str]:
    """Return all strings in JSON, such as the descriptions of tools and of their parameters."""
    found, left = list[str](), [value]
    while left:
        match left.pop():
            case str() as text:
                found.append(text)
            case list() as items:
                left += reversed(items)
            case dict() as fields:
                left += [*reversed(fields.values()), *reversed(fields)]
    return found


def _in_texts(texts: Sequence[str]) -> list[Instruction]:
    return list(dict.fromkeys(instruction for text in texts for instruction in instructions_of(text)))


def _plain_instructions(text: str) -> Iterator[Instruction]:
    for begin in _BEGIN.finditer(text):
        arguments, end = _object_at(text, begin.end())
        if arguments is not None and _END.match(text, end):
            yield Instruction(begin[1], _canonical(arguments))


def _object_at(text: str, place: int) -> tuple[dict[str, Any] | None, int]:
    """Read the JSON object at a place, and return the place after it. Without a brace, the object is empty."""
    if not text.startswith("{", place):
        return {}, place
    try:
        value, end = _JSON.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None, place
    return value, end


def _made(call: dict[str, Any]) -> Instruction:
    """Return a call as the instruction that it follows."""
    function = call.get("function") or {}
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except (ValueError, TypeError, RecursionError):
        arguments = {}
    return Instruction(str(function.get("name")), _canonical(arguments))


def _canonical(arguments: object) -> str:
    return json.dumps(arguments, sort_keys=True)


def _revealed(tags: str) -> str:
    """Translate tag characters to the ASCII characters that they stand for."""
    return "".join(chr(ord(tag) - 0xE0000) for tag in tags)


def _unescaped(text: str) -> str:
    """Remove one level of the escapes of Markdown, JSON and HTML."""
    return _ESCAPE.sub(r"\1", html.unescape(text))
