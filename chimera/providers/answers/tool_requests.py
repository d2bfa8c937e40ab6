"""Tool calls of a model, normalised: the tool's own name, and arguments that are one object.

Nothing is guessed: an ambiguous call stays as it is, and the model gets an error.
"""

import json
import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from chimera.providers.wire.frames import parsed
from chimera.providers.wire.values import is_object

_NUMBER = re.compile(r":\d+\Z")
_LANGUAGE = re.compile(r"\w*")
_LEFTOVERS = re.compile(r"(?:[\s}\]]|<\|[\w ]*\|>|</s>|</tool_call>)*\Z")
"""Behind arguments: a bracket too many, and the tokens of a template."""
_BLANK = re.compile(r"\s*")


def known_name(name: str, known: Collection[str]) -> str:
    """Return the intended tool, or the name unchanged where it is no known tool.

    `functions.x` and `functions.x:0` are Kimi's and gpt-oss's, `default_api:x` is Gemini's, `x<|channel|>commentary`
    is gpt-oss's: https://github.com/vllm-project/vllm/pull/35906
    """
    if name in known:
        return name
    short = re.split(r"[.:]", _NUMBER.sub("", name.split("<|")[0].strip()))[-1].strip()
    return short if short in known else name


def arguments_in(pieces: Sequence[str]) -> str:
    """Join the pieces of one call's arguments; some servers repeat everything so far in each."""
    text = "".join(pieces)
    if is_object(text):
        return text
    filled = [piece for piece in pieces if piece.strip()]
    grow = len(filled) > 1 and all(later.startswith(earlier) for earlier, later in pairwise(filled))
    return filled[-1] if grow and is_object(filled[-1]) else text


def arguments_of_each(text: str) -> list[str]:
    """The arguments of each call that one is: some servers glue those of several together, or send them twice.

    https://github.com/NousResearch/hermes-agent/issues/25333, https://github.com/anomalyco/opencode/issues/33064
    """
    glued = list(dict.fromkeys(objects_in(text)))
    # Some begin with an empty object and go on with the real one.
    return [each for each in glued if each != "{}" or len(glued) == 1] or [text]


def whole_arguments(text: str) -> str:
    """Strip what models and servers put around arguments: quotes, a fence, a list of one, leftovers of a template.

    https://github.com/quarkiverse/quarkus-langchain4j/pull/2642
    """
    if is_object(text):
        return text
    text = _unfenced(text)
    value = parsed(text)
    if isinstance(value, str):
        return value if is_object(value) else text
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if text.strip() == "null":
        return ""
    try:
        first, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return text
    return text[:end] if isinstance(first, dict) and _LEFTOVERS.match(text, end) else text


def _unfenced(text: str) -> str:
    inner = text.strip()
    if not (inner.startswith("```") and inner.endswith("```") and len(inner) > 2 * len("```")):
        return text
    inner = inner[len("```") : -len("```")]
    language = _LANGUAGE.match(inner)
    return inner[language.end() if language else 0 :].strip()


def objects_in(text: str) -> list[str]:
    """Cut a text into the objects that it is, as they stand; empty where it is anything besides."""
    found: list[str] = []
    decoder = json.JSONDecoder()
    text = text.strip()
    place = 0
    while place < len(text):
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found.append(text[place:end])
        blank = _BLANK.match(text, end)
        place = blank.end() if blank else end
    return found
