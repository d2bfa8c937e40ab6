"""Turns pydantic's validation errors into messages that tell users what to send instead."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest
from typing import Any, get_args

from pydantic import BaseModel

from models.base import (
    AGENT,
    AGENT_NAME,
    BASE64,
    CHAT_ORDER,
    EMAIL,
    IDEMPOTENCY_KEY,
    IMAGE_SIZE,
    IMAGE_TYPE,
    KEY,
    LANGUAGE,
    METRIC_NAME,
    MODEL_CHARS,
    MODEL_REF,
    ORDER,
    RESPONSE_ID,
    SCHEDULE_ID,
    TOPIC,
    USER_OR_ALL,
)
from models.tools import TOOL_NAME

PATTERNS = {
    AGENT: "Use an agent's name, such as poet, or its ID.",
    AGENT_NAME: "Use at most 60 characters: lowercase letters, digits, _ and -. Start with a letter, as in poet.",
    BASE64: "Encode the file in base64, with the standard alphabet and without line breaks.",
    IMAGE_TYPE: "Use one of image/png, image/jpeg, image/gif and image/webp.",
    METRIC_NAME: "Use at most 80 characters: lowercase letters, digits, _ and periods. Start with a letter.",
    USER_OR_ALL: "Use the ID of a user, or all.",
    CHAT_ORDER: "Use last_message_at or created_at, with - before it for the newest first.",
    EMAIL: "Enter an e-mail address, such as you@example.com.",
    IDEMPOTENCY_KEY: "Use 1 to 200 printable ASCII characters without spaces, as in report-2026-11-23.",
    IMAGE_SIZE: "Specify the width and height in pixels, as in 1024x1024.",
    KEY: "Use at most 40 characters: lowercase letters, digits, _ and -. Start with a letter or digit, as in facts.",
    LANGUAGE: "Use a short language code, such as de or en.",
    MODEL_REF: (
        "Use the form provider/model, such as openai/gpt-5-mini, local/qwen3 or simulator/standard. Use the model name"
        f" that the provider lists, with at most {MODEL_CHARS} characters, no invisible characters and no leading or"
        " trailing spaces."
    ),
    ORDER: "Use -created_at (newest first) or created_at (oldest first).",
    RESPONSE_ID: "Use the ID of a response, as in resp_8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a.",
    SCHEDULE_ID: "Use a schedule ID from the list of schedules.",
    TOOL_NAME: "Use 1 to 64 letters, digits, hyphens and underscores, as in github__create_issue.",
    TOPIC: (
        "Use run:<id>, as in run:8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a, or one of runs, tasks, agents, approvals,"
        " notifications and system."
    ),
}
"""The message for each pattern of our contracts and routes."""

_SENTENCES = {
    "missing": "A required value is missing. Add it.",
    "string_type": 'Send text in quotes, such as "…".',
    "bool_type": "Send true or false without quotes.",
    "bool_parsing": "Use true or false.",
    "int_type": "Send a whole number without quotes, such as 3.",
    "int_parsing": "Use a whole number, such as 3.",
    "int_from_float": "Send a whole number, such as 3.",
    "float_type": "Send a number without quotes, such as 0.5.",
    "float_parsing": "Use a number, such as 0.5.",
    "finite_number": "Use a finite number.",
    "datetime_type": "Send a time with a time zone, such as 2026-11-23T07:00:00Z.",
    "datetime_parsing": "Send a time with a time zone, such as 2026-11-23T07:00:00Z.",
    "datetime_from_date_parsing": "Send a time with a time zone, such as 2026-11-23T07:00:00Z.",
    "datetime_object_invalid": "Send a time with a time zone, such as 2026-11-23T07:00:00Z.",
    "timezone_aware": "Send a time with a time zone, such as 2026-11-23T07:00:00Z.",
    "tuple_type": "Send a list in square brackets: […].",
    "list_type": "Send a list in square brackets: […].",
    "dict_type": "Send an object in curly brackets: {{…}}.",
    "model_type": "Send an object in curly brackets: {{…}}.",
    "model_attributes_type": "Send an object in curly brackets: {{…}}.",
    "greater_than_equal": "The value must be {ge} or more.",
    "less_than_equal": "The value must be {le} or less.",
    "greater_than": "The value must be greater than {gt}.",
    "less_than": "The value must be less than {lt}.",
    "path_type": "Enter a path, such as /srv/chimera.",
    "string_too_long": "Use at most {max_length} characters.",
    "union_tag_not_found": "Set {discriminator} to a supported message type.",
    "uuid_type": 'Send the ID in quotes, in this form: "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a".',
    "uuid_parsing": "Send the ID in this form: 8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a.",
}

MAX_NAMED = 20
"""Maximum number of names that a message lists."""
COMPARED = 3
"""Number of names that are compared in full with an unknown name."""
MAX_NAME = 60
"""Maximum number of characters that are compared, because comparing long texts is slow."""

_REQUIRED_LISTS = (("input",), ("subtasks",), ("messages",), ("metrics",))
"""Lists that can't be omitted: texts to embed, a plan's subtasks, messages to complete, and values to record."""


def sentence_of(entry: Mapping[str, Any], known: Collection[str] = ()) -> str:
    """Return a sentence that says what to send instead, for one entry of `ValidationError.errors()`.

    `known` are the names of the fields at the entry's place.
    """
    kind, context = str(entry["type"]), entry.get("ctx") or {}
    match kind:
        case "extra_forbidden":
            return f"Unknown field. {instead_of(str(entry['loc'][-1]), known) or 'Remove it.'}"
        case "enum" | "literal_error" | "union_tag_invalid":
            return _choice(entry.get("input"), str(context.get("expected") or context.get("expected_tags")))
        case "value_error":
            return str(entry["msg"]).removeprefix("Value error, ")
        case "string_pattern_mismatch":
            return PATTERNS.get(context["pattern"], str(entry["msg"]))
        case "string_too_short":
            least = context["min_length"]
            return (
                "The text is empty. Enter at least one character."
                if least == 1
                else f"Use at least {least} characters."
            )
        case "too_short":
            least = context["min_length"]
            needed = "Send at least one item" if least == 1 else f"Send at least {least} items"
            return f"{needed}." if entry["loc"][-1:] in _REQUIRED_LISTS else f"{needed}, or omit the list."
        case "too_long":
            return f"Send at most {context['max_length']} items."
    return _SENTENCES[kind].format(**context) if kind in _SENTENCES else str(entry["msg"])[:500]


def instead_of(name: str, known: Collection[str]) -> str:
    """Return advice on an unknown name: the known name that was probably meant, or else all known names."""
    if close := get_close_matches(name[:MAX_NAME].lower(), _alike(name, known), n=1):
        return f"Did you mean {close[0]!r}?"
    if not known:
        return ""
    names = sorted(known)
    return f"Use one of {', '.join(names[:MAX_NAMED])}{', …' if len(names) > MAX_NAMED else ''}."


def _alike(name: str, known: Collection[str]) -> list[str]:
    """Return the few names with the most letters in common: a full comparison of two names of 40 can take a
    millisecond.
    """
    matcher = SequenceMatcher(b=name[:MAX_NAME].lower())

    def shared(each: str) -> float:
        matcher.set_seq1(each)
        return matcher.quick_ratio()

    return nlargest(COMPARED, sorted(known), key=shared)


def fields_at(body: Any, place: Sequence[int | str]) -> list[str]:
    """Return the names of the fields next to the one at `place`, in a body of this type.

    `place` comes from an entry of `ValidationError.errors()`.
    """
    at = _contract_in(body)
    for part in place[:-1]:
        if isinstance(part, str):
            at = _contract_in(at.model_fields[part].annotation) if at and part in at.model_fields else None
    return list(at.model_fields) if at else []


def _contract_in(annotation: Any) -> type[BaseModel] | None:
    """Return the contract within an annotation such as `tuple[PlannedSubtask, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_contract_in, get_args(annotation))), None)


def _choice(sent: object, expected: str) -> str:
    close = get_close_matches(str(sent)[:MAX_NAME].lower(), re.findall(r"'([^']+)'", expected), n=1)
    return f"{f'Did you mean {close[0]!r}? ' if close else ''}Use one of {expected}."


def reportable(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out entries that only follow from others: a list also counts as empty if its items are invalid."""
    places = [tuple(entry["loc"]) for entry in entries]
    return [entry for entry in entries if entry["type"] != "too_short" or not _is_inside(tuple(entry["loc"]), places)]


def _is_inside(place: tuple[Any, ...], places: Sequence[tuple[Any, ...]]) -> bool:
    return any(len(other) > len(place) and other[: len(place)] == place for other in places)
