"""Answers in JSON: they match the requested schema, unless a directive demands wrong ones."""

import json
from collections.abc import AsyncIterator
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from chimera.providers.base import ChatMessage
from models import errors
from tests.chimera.simulated import Running, answer_of, ask, running_simulator
from tests.chimera.simulator.conversing import SEARCH, converse


class Offer(BaseModel):
    vendor: str
    price: float = Field(gt=0)
    parent: "Offer | None" = None


class Report(BaseModel):
    title: str = Field(min_length=3)
    offers: list[Offer] = Field(min_length=2)
    note: str | None


SCHEMA = Report.model_json_schema()


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


async def answered(simulator: Running, prompt: str, earlier: tuple[str, ...] = (), schema: Any = SCHEMA) -> str:
    """Ask for JSON after these wrong answers."""
    rounds = [(ChatMessage("assistant", text), ChatMessage("user", "Correct this.")) for text in earlier]
    messages = (ChatMessage("user", prompt), *(message for each in rounds for message in each))
    return (await answer_of(simulator.provider, ask("", messages=messages, response_schema=schema))).text


async def test_the_answer_matches_the_schema(simulator: Running) -> None:
    report = Report.model_validate_json(await answered(simulator, "Task:\nCompare teas"))
    assert report.title == "[simulated] title"
    assert len(report.offers) == 2


async def test_a_combined_answer_matches_the_schema(simulator: Running) -> None:
    prompt = "Goal:\nCompare teas\n\nResults of the subtasks:\n## a\nb\n\nWrite the answer."
    assert Report.model_validate_json(await answered(simulator, prompt)).note == "[simulated] note"


async def test_wrong_answers_come_first(simulator: Running) -> None:
    prompt, texts = "Task:\nTeas [[sim: badjson=2; wrongjson=1]]", list[str]()
    while len(texts) < 4:
        texts.append(await answered(simulator, prompt, tuple(texts)))
    for text in texts[:2]:
        assert text.startswith("[simulated]")
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(text)
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [validator.is_valid(json.loads(text)) for text in texts[2:]] == [False, True]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "array", "minItems": 1},
        {"const": 5},
        {"type": "object", "properties": {"a": {"type": ["string", "number"]}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
    ],
    ids=["an object", "a list", "a constant", "two types", "closed"],
)
async def test_a_wrong_answer_violates_its_schema(simulator: Running, schema: dict[str, Any]) -> None:
    text = await answered(simulator, "Task:\nTeas [[sim: wrongjson=1]]", schema=schema)
    assert not jsonschema_rs.validator_for(schema).is_valid(json.loads(text))


async def test_tools_are_called_before_the_answer(simulator: Running) -> None:
    done = await converse(simulator, "Task:\nTeas [[sim: call=search; tokens=5]]", response_schema=SCHEMA)
    assert [len(turn) for turn in done.turns] == [1]
    assert Report.model_validate_json(done.text).note == "[simulated] note"


@pytest.mark.parametrize("directive", ["tokens=5", "say=x", "bytes=9", "split=2"])
async def test_ineffective_directives_are_refused(simulator: Running, directive: str) -> None:
    with pytest.raises(errors.BadRequest, match="had no effect"):
        await answered(simulator, f"Task:\nTeas [[sim: {directive}]]")


async def test_prose_can_not_be_bad_json(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("Task:\nTeas [[sim: badjson=1]]", tools=(SEARCH,)))
    assert "'badjson' had no effect, because this request doesn't ask for JSON." in reply.text
