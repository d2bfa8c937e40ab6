"""Fingerprints show whether two requests are the same."""

import json
from random import Random
from typing import Any

import pytest

from chimera.content.fingerprints import fingerprint_of, older_fingerprint_of
from models.tasks import TaskSpec

ASKED: dict[str, Any] = {"goal": "Find out.", "metadata": {"a": 1, "b": {"x": [1, {"p": 1, "q": None}], "y": "1"}}}
DEFAULTS: dict[str, Any] = {
    "title": "",
    "model": None,
    "fallbacks": [],
    "plan": None,
    "images": [],
    "on_failure": "fail",
    "max_retries": 2,
    "budget": None,
    "limits": {"max_turns": 20},
    "priority": 3,
    "start": True,
}


def fingerprint(asked: dict[str, Any]) -> str:
    return fingerprint_of(TaskSpec.model_validate_json(json.dumps(asked)))


def shuffled(value: Any, by: Random) -> Any:
    match value:
        case dict():
            names = list(value)
            by.shuffle(names)
            return {name: shuffled(value[name], by) for name in names}
        case list():
            return [shuffled(item, by) for item in value]
        case int() if not isinstance(value, bool):
            return by.choice((value, float(value)))
    return value


def test_fingerprints_ignore_key_order_and_number_form() -> None:
    metadata = ASKED["metadata"]
    for seed in range(50):
        assert fingerprint(ASKED | {"metadata": shuffled(metadata, Random(seed))}) == fingerprint(ASKED)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_may_be_given_or_omitted(name: str) -> None:
    assert fingerprint(ASKED | {name: DEFAULTS[name]}) == fingerprint(ASKED)


def test_a_plan_may_spell_out_defaults() -> None:
    step = {"key": "a", "instruction": "Do it."}
    text = step | {"title": "", "agent": "analyst", "depends_on": [], "decompose": False}
    assert fingerprint(ASKED | {"plan": [text]}) == fingerprint(ASKED | {"plan": [step]})
    assert fingerprint(ASKED | {"budget": {"max_tokens": 5, "max_model_calls": None}}) == fingerprint(
        ASKED | {"budget": {"max_tokens": 5}}
    )


@pytest.mark.parametrize(
    "change",
    [
        {"goal": "Find out!"},
        {"priority": 2},
        {"start": False},
        {"metadata": {}},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "1"}},
        {"metadata": {"a": True}},
        {"metadata": {"a": 1.5}},
        {"metadata": {"a": [1, 2]}},
        {"metadata": {"a": [2, 1]}},
        {"metadata": {"a": None}},
        {"metadata": {"é": 1}},
        {"metadata": {"e\u0301": 1}},
    ],
)
def test_different_meanings_have_different_fingerprints(change: dict[str, Any]) -> None:
    others = [{}, {"metadata": {"a": 1, "b": 2}}, {"metadata": {"A": 1}}]
    assert fingerprint(ASKED | change) not in {fingerprint(ASKED | other) for other in others}


def test_a_later_field_with_a_default_changes_no_fingerprint() -> None:
    class Later(TaskSpec):
        added: int = 7

    later = Later.model_validate(ASKED)
    assert fingerprint_of(later) == fingerprint(ASKED)
    assert older_fingerprint_of(later) == older_fingerprint_of(TaskSpec.model_validate(ASKED))
