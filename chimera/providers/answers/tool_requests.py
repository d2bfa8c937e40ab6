"""Normalizes a model's tool calls, so that each has the tool's own name, and arguments that are one object.

Nothing is guessed: an ambiguous call stays unchanged, and the model receives an error.
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
"""What may follow arguments: superfluous brackets, and tokens of a chat template."""
_BLANK = re.compile(r"\s*")


def known_name(name: str, known: Collection[str]) -> str:
    """Return the name of the intended tool, or the name unchanged if no known tool matches.

    Kimi and gpt-oss write `functions.x` and `functions.x:0`, Gemini writes `default_api:x`, and gpt-oss writes
    `x<|channel|>commentary`: https://github.com/vllm-project/vllm/pull/35906
    """
    if name in known:
        return name
    short = re.split(r"[.:]", _NUMBER.sub("", name.split("<|")[0].strip()))[-1].strip()
    return short if short in known else name


def arguments_in(pieces: Sequence[str]) -> str:
    """Join the pieces of one call's arguments; some servers repeat all earlier pieces in each piece."""
    text = "".join(pieces)
    if is_object(text):
        return text
    filled = [piece for piece in pieces if piece.strip()]
    grow = len(filled) > 1 and all(later.startswith(earlier) for earlier, later in pairwise(filled))
    return filled[-1] if grow and is_object(filled[-1]) else text


def arguments_of_each(text: str) -> list[str]:
    """Split the arguments of one call: some servers join those of several calls, or send them twice.

    https://github.com/NousResearch/hermes-agent/issues/25333, https://github.com/anomalyco/opencode/issues/33064
    """
    glued = list(dict.fromkeys(objects_in(text)))
    # Some servers send an empty object before the real one.
    return [each for each in glued if each != "{}" or len(glued) == 1] or [text]


def whole_arguments(text: str) -> str:
    """Strip what models and servers put around arguments: quotes, a code fence, a one-item list, template tokens.

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
    """Split a text into its JSON objects, each as written; empty if it contains anything else."""
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
