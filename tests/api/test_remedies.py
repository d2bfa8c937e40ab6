"""Remedies are shown as requests, and each request has a route."""

import re

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Route

from api.remedies import REQUESTS, view_of
from chimera.db.engine import Database
from models.remedies import Action, Remedy
from tests.api.conftest import new_task, set_task

TARGET = "6c1f0b1e-0000-4000-8000-000000000001"


def test_each_action_has_a_request_or_a_reason() -> None:
    assert set(REQUESTS) == set(Action)
    # If Chimera isn't running, nothing can answer a request.
    assert {action for action, request in REQUESTS.items() if request is None} == {Action.START_CHIMERA}


def test_each_request_has_a_route(app: FastAPI) -> None:
    requests = {(method, path.replace("{target}", "{}")) for method, path in filter(None, REQUESTS.values())}
    routes = {
        (method, re.sub(r"\{\w+\}", "{}", context.path or ""))
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, Route)
        for method in route.methods or ()
    }
    assert len(routes) > 40
    assert requests - routes == set()


def test_a_target_is_quoted() -> None:
    shown = view_of(Remedy(action=Action.CHANGE_AGENT, target="../a b?"))
    assert shown is not None
    assert shown.href == "/api/v1/agents/..%2Fa%20b%3F"


def test_options_are_the_body() -> None:
    shown = view_of(Remedy(action=Action.RAISE_BUDGET, target=TARGET, options={"max_tokens": 8}))
    assert shown is not None
    assert shown.model_dump() == {
        "action": "raise_budget",
        "target": TARGET,
        "method": "POST",
        "href": f"/api/v1/tasks/{TARGET}/budget",
        "body": {"max_tokens": 8},
    }


async def test_a_problem_names_a_request_that_works(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.parts.dispatcher, "deliver_soon", lambda task_id: None)
    task_id = (await new_task(alice))["id"]
    path = f"/api/v1/tasks/{task_id}"
    await set_task(database, task_id, status="paused")
    remedy = (await alice.post(f"{path}/execute")).json()["remedy"]
    assert remedy == {
        "action": "resume_task",
        "target": task_id,
        "method": "POST",
        "href": f"{path}/resume",
        "body": None,
    }
    assert (await alice.request(remedy["method"], remedy["href"])).is_success


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/api/v1/tasks")])
async def test_an_unknown_address_names_the_api_document(
    alice: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, method: str, path: str
) -> None:
    remedy = (await alice.request(method, path)).json()["remedy"]
    assert (remedy["method"], remedy["href"]) == ("GET", "/openapi.json")
    assert (await anonymous.get(remedy["href"])).is_success


async def test_a_problem_without_a_remedy_is_marked(alice: httpx2.AsyncClient) -> None:
    assert (await alice.post("/api/v1/tasks", json={"goal": ""})).json()["remedy"] is None


def test_the_document_describes_remedies(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    assert {"action", "target", "method", "href", "body"} == set(schemas["RemedyView"]["properties"])
    assert set(schemas["Action"]["enum"]) == set(Action)
    assert "RemedyView" in str(schemas["Problem"]["properties"]["remedy"])
