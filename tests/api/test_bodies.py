import asyncio
import json
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError

from api import middleware
from api.bodies import _PART, MAX_NAMES, MAX_PARTS, has_more_parts, json_in
from api.errors import Refused
from models import wording
from models.ai_calls import EmbeddingSpec
from models.plans import MAX_NODES, PlannedSubtask, problems_of
from models.tasks import TaskSpec
from tests.api.conftest import client_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"[]", 1),
        (b'{"a": [1, 2, {"b": "c, [d] {e} \\" f"}]}', 8),
        (b'["unended, [[[[ {{{{', 2),
        (b'"\\', 1),
        (b'"' + b"," * 100_000 + b'"', 1),
        (b"", 0),
    ],
)
def test_parts_are_texts_commas_and_brackets(text: bytes, parts: int) -> None:
    assert len(_PART.findall(text)) == parts
    assert parts == 0 or has_more_parts(text, parts - 1)
    assert not has_more_parts(text, parts)


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 500_000, b'"' * 1_000_000, b"\\" * 1_000_000, b'"\\a' * 300_000])
def test_parts_do_not_overlap(text: bytes) -> None:
    """Parts that don't overlap let the search pass over a text only once."""
    matches = list(_PART.finditer(text))
    assert sum(len(found[0]) for found in matches) <= len(text)
    assert all(before.end() <= after.start() for before, after in pairwise(matches))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([[]] * MAX_PARTS, "body"),
        (["x"] * MAX_PARTS, "body"),
        ({f"k{n}": n for n in range(MAX_NAMES + 1)}, "body"),
        ({"plan": [{}, {f"k{n}": n for n in range(MAX_NAMES + 1)}]}, "plan.1"),
    ],
)
def test_too_much_is_refused_by_its_place(value: Any, field: str) -> None:
    with pytest.raises(Refused) as refused:
        json_in(json.dumps(value).encode())
    assert refused.value.error.field == field


def test_a_large_plan_has_room() -> None:
    keys = [f"subtask-{n}" for n in range(MAX_NODES)]
    plan = [
        {"key": key, "title": "A title", "instruction": "Do, [it], {well}.", "depends_on": keys[max(0, n - 30) : n]}
        for n, key in enumerate(keys)
    ]
    assert (
        len(TaskSpec.model_validate(json_in(json.dumps({"goal": "x", "plan": plan}).encode())).plan or ()) == MAX_NODES
    )


@pytest.mark.parametrize(
    ("contract", "body"),
    [
        (TaskSpec, {"goal": "x", "images": [1] * 5000}),
        (TaskSpec, {"goal": "x", "fallbacks": [1] * 5000}),
        (TaskSpec, {"goal": "x", "plan": [1] * 5000}),
        (TaskSpec, {"goal": "x", "plan": [{"key": "a", "instruction": "x", "depends_on": [1] * 5000}]}),
        (EmbeddingSpec, {"model": "simulator/embedding", "input": [1] * 5000}),
    ],
)
def test_a_list_ends_at_its_first_mistake(contract: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        contract.model_validate(body)
    assert refused.value.error_count() <= 2


def test_few_names_are_compared_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def noting(name: str, known: list[str], n: int) -> list[str]:
        compared.append(len(known))
        return []

    monkeypatch.setattr(wording, "get_close_matches", noting)
    keys = ["ab" * 18 + f"{n:03}" for n in range(MAX_NODES)]
    unknown = tuple("ba" * 18 + f"{n:03}" for n in range(MAX_NODES))
    plan = [PlannedSubtask(key=key, instruction="x", depends_on=unknown) for key in keys]
    assert len(problems_of(plan, agents={"analyst"})) == MAX_NODES * MAX_NODES
    assert sum(compared) <= 100


async def test_a_sign_in_has_sixteen_kilobytes(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.post("/api/v1/auth/login", json={f"k{n}": 1 for n in range(2000)})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "16384" in answer.json()["detail"]


async def test_a_body_that_does_not_come_is_let_go(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    assert middleware.BODY_S <= 30
    monkeypatch.setattr(middleware, "BODY_S", 0)

    async def half() -> Any:
        yield b'{"email": '
        await asyncio.Event().wait()

    async with client_of(app) as client:
        answer = await client.post("/api/v1/auth/login", content=half(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


async def test_a_trickling_upload_is_let_go(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short its pauses, an upload must keep up a minimum rate."""
    monkeypatch.setattr(middleware, "UPLOAD_BYTES_S", 1e9)
    monkeypatch.setattr(middleware, "UPLOAD_S", 0.5)

    async def trickle() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await alice.post("/api/v1/files", content=trickle(), headers=form)
    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


async def test_parameters_are_counted(alice: httpx2.AsyncClient) -> None:
    answer = await alice.get("/api/v1/tasks", params=[("status", "x")] * 101)
    assert answer.status_code == 422
    assert "at most 100 query parameters" in answer.json()["detail"]


async def test_a_content_type_has_an_end(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post("/api/v1/tasks", content=b"{}", headers={"Content-Type": "application/json" + ";" * 5000})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Content-Type")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[3.0, 3.5, 1e2, -0.0]", [3, 3.5, 100, 0]),
        (b'{"a": {"b": [2.0]}, "c": "3.0"}', {"a": {"b": [2]}, "c": "3.0"}),
        (b"7.0", 7),
        (b"1e300", 1e300),
    ],
    ids=["list", "nested", "alone", "large"],
)
def test_whole_numbers_may_have_a_point(body: bytes, value: object) -> None:
    assert repr(json_in(body)) == repr(value)
