from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.api.conftest import new_task

POET = {"name": "poet", "prompt": "You write verse.", "tools": ["calculator"]}


async def test_a_new_agent_is_listed_and_usable_in_plans(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    created = await alice.post("/api/v1/agents", json=POET)
    assert (created.status_code, created.headers["Location"]) == (201, "/api/v1/agents/poet")
    assert (await alice.get("/api/v1/agents/poet")).json() == created.json()
    assert "poet" in [agent["name"] for agent in (await alice.get("/api/v1/agents")).json()]
    plan = [{"key": "a", "instruction": "Write.", "agent": "poet"}]
    await new_task(alice, plan=plan)

    assert "poet" not in [agent["name"] for agent in (await bob.get("/api/v1/agents")).json()]
    assert (await bob.get("/api/v1/agents/poet")).status_code == 404
    assert (await bob.post("/api/v1/tasks", json={"goal": "g", "plan": plan})).status_code == 422
    assert (await bob.delete("/api/v1/agents/poet")).status_code == 404

    assert (await alice.delete("/api/v1/agents/poet")).status_code == 204
    assert (await alice.get("/api/v1/agents/poet")).status_code == 404


async def test_built_in_agents_are_there_and_stay(alice: httpx2.AsyncClient) -> None:
    agents = {agent["name"]: agent for agent in (await alice.get("/api/v1/agents")).json()}
    assert agents["analyst"]["built_in"]
    assert (await alice.delete("/api/v1/agents/analyst")).status_code == 409
    assert (await alice.post("/api/v1/agents", json=POET | {"name": "analyst"})).status_code == 409


async def test_a_name_is_taken_once(alice: httpx2.AsyncClient) -> None:
    agent = POET | {"name": f"a{uuid4().hex}"}
    assert (await alice.post("/api/v1/agents", json=agent)).status_code == 201
    again = await alice.post("/api/v1/agents", json=agent)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "name")
    assert "agents can't be changed. Delete it first" in again.json()["detail"]
    remedy = again.json()["remedy"]
    assert (remedy["method"], remedy["href"]) == ("DELETE", f"/api/v1/agents/{agent['name']}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tools": ["calculator", "shell"]}, "tools.1"),
        ({"model": "acme/one"}, "model"),
        ({"fallbacks": ["simulator/fast", "openai/gpt-5-mini"]}, "fallbacks.1"),
        ({"name": "../x"}, "name"),
        ({"prompt": ""}, "prompt"),
        ({"built_in": True}, "built_in"),
        ({"temperature": 9}, "temperature"),
    ],
)
async def test_a_bad_agent_is_refused_by_field(alice: httpx2.AsyncClient, change: dict[str, Any], field: str) -> None:
    answer = await alice.post("/api/v1/agents", json=POET | {"name": "fine"} | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_the_roles_are_listed(alice: httpx2.AsyncClient) -> None:
    roles = [one["role"] for one in (await alice.get("/api/v1/agents/types/available")).json()]
    assert {"researcher", "analyst", "writer", "coder", "reviewer", "planner", "coordinator", "custom"} <= set(roles)
