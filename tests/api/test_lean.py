"""The lean read returns the same responses as FastAPI's route."""

from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.routing import Match

from api.lean import LeanRead
from api.routes.tasks import get_task
from models.tasks import TaskView
from tests.api.conftest import new_task


async def test_the_lean_read_answers_first(app: FastAPI) -> None:
    scope = {"type": "http", "method": "GET", "path": f"/api/v1/tasks/{uuid4()}", "query_string": b"", "headers": []}
    first = next(route for route in app.router.routes if route.matches(scope)[0] is Match.FULL)
    assert isinstance(first, LeanRead)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "HEAD"},
        {"method": "DELETE"},
        {"query_string": b"a=1"},
        {"root_path": "/api"},
        {"path": "/api/v1/tasks/types"},
        {"type": "websocket"},
    ],
)
def test_other_requests_are_left_to_fastapi(change: dict[str, object]) -> None:
    scope = {"type": "http", "method": "GET", "path": f"/api/v1/tasks/{uuid4()}", "query_string": b""}
    route = LeanRead("/api/v1/tasks", get_task)
    assert route.matches(scope)[0] is Match.FULL
    assert route.matches(scope | change)[0] is Match.NONE


def test_the_address_of_a_task_can_be_made(app: FastAPI) -> None:
    assert app.url_path_for("get_task", task_id="x") == "/api/v1/tasks/x"


async def test_both_ways_give_the_same_answer(alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice, metadata={"a": [1, "é"]}, budget={"max_tokens": 5}))["id"]
    ours, theirs = [await alice.get(f"/api/v1/tasks/{each}") for each in (task_id, task_id.upper())]
    assert (ours.status_code, theirs.status_code) == (200, 200)
    assert ours.content == theirs.content
    assert ours.headers["Content-Type"] == theirs.headers["Content-Type"]
    assert ours.headers.keys() == theirs.headers.keys()
    TypeAdapter(TaskView).validate_json(ours.content)


A_TASK = "6c1f0b1e-0000-4000-8000-0000000000ff"


@pytest.mark.parametrize("task_id", ["x", "0" * 31, f"{A_TASK}x", f"{A_TASK[:-1]}g"])
async def test_a_wrong_id_is_named(alice: httpx2.AsyncClient, task_id: str) -> None:
    answer = await alice.get(f"/api/v1/tasks/{task_id}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "task_id")


async def test_an_unknown_parameter_is_refused(alice: httpx2.AsyncClient) -> None:
    answer = await alice.get(f"/api/v1/tasks/{uuid4()}", params={"verbose": "1"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "verbose")


async def test_anothers_task_is_not_found(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    task_id = (await new_task(bob))["id"]
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).status_code == 404


async def test_anonymous_callers_learn_nothing(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice))["id"]
    assert (await anonymous.get(f"/api/v1/tasks/{task_id}")).status_code == 401
