"""The list of models, and the shape of errors below `/v1`."""

import httpx2
import pytest
from fastapi import FastAPI

from tests.api.conftest import client_of

AGENT = {"name": "poet", "description": "Writes poems.", "prompt": "You write poems."}


async def test_agents_and_models_are_listed(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    assert (await alice.post("/api/v1/agents", json=AGENT)).status_code == 201
    answer = await alice.get("/v1/models", params={"api-version": "1"})
    assert answer.status_code == 200
    listed = {each["id"]: each for each in answer.json()["data"]}
    assert listed["poet"]["owned_by"] == listed["researcher"]["owned_by"] == "agent"
    assert "planner" not in listed
    assert all(each["object"] == "model" and isinstance(each["created"], int) for each in listed.values())
    assert "poet" not in {each["id"] for each in (await bob.get("/v1/models")).json()["data"]}


@pytest.mark.parametrize("name", ["researcher", "agent/researcher", "simulator/standard"])
async def test_a_model_is_shown_by_each_name(alice: httpx2.AsyncClient, name: str) -> None:
    answer = await alice.get(f"/v1/models/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == name


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("nobody", 404, "model_not_found"),
        ("agent/nobody", 404, "model_not_found"),
        ("planner", 404, "model_not_found"),
        ("nowhere/standard", 404, "model_not_found"),
        ("simulator/nothing", 400, "model_not_found"),
        ("openai/gpt-5.6", 400, "missing_key"),
    ],
)
async def test_an_unknown_model_is_named(alice: httpx2.AsyncClient, name: str, status: int, code: str) -> None:
    answer = await alice.get(f"/v1/models/{name}")
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["param"], error["type"]) == (code, "model", "invalid_request_error")
    assert error["message"]


async def test_errors_have_openais_shape(
    app: FastAPI, alice: httpx2.AsyncClient, anonymous: httpx2.AsyncClient
) -> None:
    missing, wrong = await anonymous.get("/v1/models"), await alice.get("/v1/nothing")
    assert missing.status_code == 401
    assert missing.json()["error"] | {"message": ""} == {
        "message": "",
        "type": "authentication_error",
        "param": None,
        "code": "invalid_api_key",
        "run_id": None,
    }
    assert missing.headers["Content-Type"] == "application/json"
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (404, "not_found")
    method = await alice.delete("/v1/models")
    assert (method.status_code, method.json()["error"]["code"]) == (405, "method_not_allowed")
    async with client_of(app) as client:
        client.headers = alice.headers
        foreign = await client.get("/v1/models", headers={"Host": "evil.example"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (421, "wrong_host")


async def test_other_errors_stay_problem_documents(alice: httpx2.AsyncClient) -> None:
    for path in ("/v10/models", "/api/v1/nothing", "/nothing"):
        answer = await alice.get(path)
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_listed_page_may_send_any_header(anonymous: httpx2.AsyncClient) -> None:
    asked = {
        "Origin": "https://console.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
    }
    answer = await anonymous.options("/v1/chat/completions", headers=asked)
    assert answer.status_code == 200
    assert "x-stainless-os" in answer.headers["Access-Control-Allow-Headers"]
