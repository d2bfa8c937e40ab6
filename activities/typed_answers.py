"""Typed answers: finds the JSON in an answer, checks it, and writes the message that asks for a repair."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from pydantic_core import to_json

from chimera.content import schemas
from chimera.content.json_values import JsonFound, json_in
from chimera.content.text import clean_json, clean_text
from models.base import preview_of

MAX_REPAIRS = 2
"""How often the model is asked to repair one answer. Each repair is a separate call."""
MAX_CANDIDATES = 20
"""Maximum number of JSON values that are checked in an answer, starting from its end."""
MAX_OUTPUT_CHARS = 1_000_000
MAX_PROBLEM_CHARS = 200

CORRECTION = "Your answer doesn't match its JSON Schema:\n"
"""The beginning of each message that asks for a repair. The ledger counts these messages."""


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """The JSON in an answer, or the problems that it has."""

    output: JsonValue = None
    problems: tuple[str, ...] = ()


def typed_in(answer: str, schema: Mapping[str, Any]) -> TypedAnswer:
    """Find the JSON in an answer that matches a schema. Never raises, because the answer is paid for.

    Call this in a thread, because a check can take seconds. The last JSON value is the likeliest.
    """
    if len(answer) > MAX_OUTPUT_CHARS:
        return TypedAnswer(problems=(f"answer: It is longer than {MAX_OUTPUT_CHARS} characters. Answer shorter.",))
    try:
        return _found_in(answer, schema)
    except Exception as error:  # noqa: BLE001  (in any case the answer is paid)
        return TypedAnswer(problems=(f"answer: It can't be read ({type(error).__name__}).",))


def correction(problems: Sequence[str]) -> str:
    """Return the message that lists the problems of an answer and asks for another one."""
    listed = "\n".join(f"- {preview_of(clean_text(problem), MAX_PROBLEM_CHARS)}" for problem in problems)
    return f"{CORRECTION}{listed}\nAnswer again, only with the complete corrected JSON."


def _found_in(answer: str, schema: Mapping[str, Any]) -> TypedAnswer:
    first: list[str] = []
    found, whole = json_in(answer), _whole(answer)
    for value in [*reversed(found.values[-MAX_CANDIDATES:]), *([] if whole is None else [whole])]:
        problems = schemas.check(schema, value, root="answer")
        if not problems and value is not None:
            to_json(value)  # what can't be written can't be stored
            return TypedAnswer(output=value)
        first = first or problems
    return TypedAnswer(problems=tuple(first) or (_why_none(found),))


def _why_none(found: JsonFound) -> str:
    if found.cut_off:
        return "answer: It is cut off, or its brackets don't match. Close every bracket."
    if found.error:
        return f"answer: It is invalid JSON: {found.error}."
    return "answer: It isn't JSON. Answer only with JSON, without other text."


def _whole(answer: str) -> JsonValue:
    """Return the number, text or truth value that an answer consists of; None for anything else."""
    try:
        value = json.loads(answer, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None
    return None if isinstance(value, dict | list) else clean_json(value)
