"""Answers in JSON, for requests that state a schema; and wrong ones, if a directive demands them."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from chimera.simulator.conversation import Conversation
from chimera.simulator.prose import LABEL
from chimera.simulator.samples import Schema, sample_of
from chimera.simulator.script import Script

_MOST_TRIED = 200


def structured_answer(conversation: Conversation, script: Script, schema: Schema) -> str:
    """Return a small JSON value that matches the schema.

    The first `script.badjson` answers of a conversation are not JSON, and the following `script.wrongjson` ones don't
    match the schema.
    """
    right = sample_of(schema)
    earlier = conversation.answers
    if earlier < script.badjson:
        text = json.dumps(right)
        return f"{LABEL} Certainly! Here is the answer: {text[: max(1, len(text) // 2)]}"
    if earlier < script.badjson + script.wrongjson:
        return json.dumps(_wrong(right, schema))
    return json.dumps(right)


def _wrong(right: Any, schema: Schema) -> Any:
    """Return a value that violates the schema, as similar to the right one as possible.

    If none is found, because the schema allows everything, the result is an arbitrary value.
    """
    try:
        validator = jsonschema_rs.validator_for(schema, offline=True)
    except ValueError:
        return LABEL
    tried = [candidate for candidate, _ in zip(_candidates(right), range(_MOST_TRIED), strict=False)]
    return next((candidate for candidate in tried if not validator.is_valid(candidate)), LABEL)


def _candidates(right: Any) -> Iterator[Any]:
    if isinstance(right, dict):
        for name in right:
            yield from ({**right, name: wrong} for wrong in _others(right[name]))
        yield from ({key: right[key] for key in right if key != name} for name in right)
        yield {**right, "unexpected": LABEL}
    yield from _others(right)


def _others(value: Any) -> list[Any]:
    """Return values of other types."""
    others: list[Any] = [f"{LABEL} wrong", 7.5, [], {}, None, True, -1]
    return [other for other in others if type(other) is not type(value)]
