import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from chimera.db.engine import Database
from chimera.db.tables import AgentVersion
from models.agents import AgentSpec
from tests.api.conftest import new_task

POET = {"name": "poet", "prompt": "You write verse.", "tools": ["calculator"]}


async def test_a_new_agent_is_listed_and_usable_in_plans(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    created = await alice.post("/api/v1/agents", json=POET)
    assert (created.status_code, created.headers["Location"]) == (201, "/api/v1/agents/poet")
    assert (await alice.get("/api/v1/agents/poet")).json() == created.json()
    assert "poet" in [agent["name"] for agent in (await alice.get("/api/v1/agents")).json()["items"]]
    plan = [{"key": "a", "instruction": "Write.", "agent": "poet"}]
    await new_task(alice, plan=plan)

    assert "poet" not in [agent["name"] for agent in (await bob.get("/api/v1/agents")).json()["items"]]
    assert (await bob.get("/api/v1/agents/poet")).status_code == 404
    assert (await bob.post("/api/v1/tasks", json={"goal": "g", "plan": plan})).status_code == 422
    assert (await bob.delete("/api/v1/agents/poet")).status_code == 404

    assert (await alice.delete("/api/v1/agents/poet")).status_code == 204
    assert (await alice.get("/api/v1/agents/poet")).status_code == 404


async def test_built_in_agents_are_there_and_stay(alice: httpx2.AsyncClient) -> None:
    agents = {agent["name"]: agent for agent in (await alice.get("/api/v1/agents")).json()["items"]}
    assert agents["analyst"]["built_in"]
    assert (await alice.delete("/api/v1/agents/analyst")).status_code == 409
    assert (await alice.post("/api/v1/agents", json=POET | {"name": "analyst"})).status_code == 409
    for method, path, body in (
        ("PUT", "", POET | {"name": "analyst"}),
        ("POST", "/rollback", {"version": 1}),
        ("POST", "/activate", None),
        ("POST", "/deactivate", None),
        ("GET", "/versions", None),
    ):
        refused = await alice.request(method, f"/api/v1/agents/analyst{path}", json=body)
        assert (refused.status_code, refused.json()["remedy"]["action"]) == (409, "create_agent"), path


async def test_a_name_is_taken_once(alice: httpx2.AsyncClient) -> None:
    agent = POET | {"name": f"a{uuid4().hex}"}
    assert (await alice.post("/api/v1/agents", json=agent)).status_code == 201
    again = await alice.post("/api/v1/agents", json=agent)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "name")
    assert "already exists. Change it, or choose another name." in again.json()["detail"]
    remedy = again.json()["remedy"]
    assert (remedy["method"], remedy["href"]) == ("PUT", f"/api/v1/agents/{agent['name']}")


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
        ({"limits": {"max_turns": 0}}, "limits.max_turns"),
        ({"limits": {"max_turns": 1001}}, "limits.max_turns"),
        ({"limits": {"max_identical_calls": 1}}, "limits.max_identical_calls"),
        ({"limits": {"max_identical_calls": None}}, "limits.max_identical_calls"),
        ({"limits": {"max_second": 5}}, "limits.max_second"),
        ({"output_schema": ["object"]}, "output_schema"),
        ({"output_schema": {"type": "objekt"}}, "output_schema"),
        ({"output_schema": {"$ref": "http://127.0.0.1:1/x"}}, "output_schema"),
    ],
)
async def test_a_bad_agent_is_refused_by_field(alice: httpx2.AsyncClient, change: dict[str, Any], field: str) -> None:
    answer = await alice.post("/api/v1/agents", json=POET | {"name": "fine"} | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_change_makes_a_version(alice: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice)
    assert (agent["version"], agent["active"], agent["built_in"]) == (1, True, False)
    changed = await put(alice, path, agent, prompt="You write prose.", temperature=0.5)
    assert (changed["version"], changed["prompt"], changed["id"]) == (2, "You write prose.", agent["id"])
    assert (await alice.get(path)).json() == changed
    assert await put(alice, path, agent, prompt="You write prose.", temperature=0.5) == changed

    versions = (await alice.get(f"{path}/versions")).json()["items"]
    assert [(each["version"], each["changed"]) for each in versions] == [(2, ["prompt", "temperature"]), (1, [])]
    first = (await alice.get(f"{path}/versions/1")).json()
    assert (first["version"], first["agent"]["prompt"]) == (1, POET["prompt"])


async def test_an_agent_is_found_by_its_id(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    agent, _ = await new_agent(alice)
    path = f"/api/v1/agents/{agent['id']}"
    assert (await alice.get(path)).json() == agent
    assert (await put(alice, path, agent, prompt="Other."))["version"] == 2
    assert (await bob.get(path)).status_code == 404
    assert (await alice.get("/api/v1/agents/Nope")).status_code == 422
    assert (await alice.delete(path)).status_code == 204


async def test_a_name_comes_before_an_id(alice: httpx2.AsyncClient) -> None:
    other = await new_agent(alice)
    while not other[0]["id"][0].isalpha():
        other = await new_agent(alice)
    named = (await alice.post("/api/v1/agents", json=POET | {"name": other[0]["id"]})).json()
    assert (await alice.get(f"/api/v1/agents/{other[0]['id']}")).json() == named


async def test_versions_are_compared_by_field(alice: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice, prompt="One.\nTwo.\nThree.")
    await put(alice, path, agent, prompt="One.\n2.\nThree.", max_output_tokens=99)
    await put(alice, path, agent, prompt="One.\n2.\nThree.", description="Writes.")
    diff = (await alice.get(f"{path}/diff", params={"from": 1, "to": 3})).json()
    assert (diff["from_version"], diff["to_version"]) == (1, 3)
    assert diff["changes"] == [
        {"field": "description", "before": "", "after": "Writes.", "diff": None},
        {
            "field": "prompt",
            "before": None,
            "after": None,
            "diff": "--- version 1\n+++ version 3\n@@ -1,3 +1,3 @@\n One.\n-Two.\n+2.\n Three.",
        },
    ]
    assert (await alice.get(f"{path}/diff", params={"from": 2, "to": 2})).json()["changes"] == []


async def test_limits_and_schemas_belong_to_versions(alice: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice)
    assert (agent["limits"]["max_identical_calls"], agent["limits"]["max_turns"]) == (3, None)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    changed = await put(alice, path, agent, limits={"max_turns": 5}, output_schema=schema)
    assert (changed["version"], changed["limits"]["max_turns"], changed["output_schema"]) == (2, 5, schema)
    diff = (await alice.get(f"{path}/diff", params={"from": 1, "to": 2})).json()
    assert [change["field"] for change in diff["changes"]] == ["limits", "output_schema"]


async def test_a_rollback_makes_a_version(alice: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice)
    await put(alice, path, agent, prompt="Other.")
    back = (await alice.post(f"{path}/rollback", json={"version": 1})).json()
    assert (back["version"], back["prompt"]) == (3, POET["prompt"])
    assert (await alice.post(f"{path}/rollback", json={"version": 3})).json() == back
    assert len((await alice.get(f"{path}/versions")).json()["items"]) == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/versions/9", None, None),
        ("GET", "/diff?from=9&to=1", None, "from"),
        ("GET", "/diff?from=1&to=9", None, "to"),
        ("POST", "/rollback", {"version": 9}, "version"),
    ],
)
async def test_a_missing_version_is_named(
    alice: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None, field: str | None
) -> None:
    _, agent = await new_agent(alice)
    answer = await alice.request(method, f"{agent}{path}", json=body)
    assert answer.status_code == 404
    assert [error["field"] for error in answer.json()["errors"]] == ([field] if field else [])
    assert answer.json()["detail"].endswith("has no version 9. Use a version from 1 to 1.")
    assert answer.json()["remedy"]["href"] == f"{agent}/versions"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "", {"name": "another"}, "name"),
        ("PUT", "", {"tools": ["shell"]}, "tools.0"),
        ("PUT", "", {"promt": "x"}, "promt"),
        ("GET", "/diff?from=0&to=1", None, "from"),
        ("GET", "/diff?from=1", None, "to"),
        ("GET", "/versions/0", None, "version"),
        ("POST", "/rollback", {"version": "1"}, "version"),
    ],
)
async def test_a_bad_change_is_refused_by_field(
    alice: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None, field: str
) -> None:
    agent, address = await new_agent(alice)
    sent = POET | {"name": agent["name"]} | (body or {}) if method == "PUT" else body
    answer = await alice.request(method, f"{address}{path}", json=sent)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_rollback_needs_what_it_names(app: FastAPI, alice: httpx2.AsyncClient, database: Database) -> None:
    agent, path = await new_agent(alice)
    await put(alice, path, agent, tools=[])
    async with database.begin() as session:
        gone = {"spec": {**POET, "name": agent["name"], "tools": ["shell"]}}
        first = (AgentVersion.agent_id == agent["id"]) & (AgentVersion.version == 1)
        await session.execute(update(AgentVersion).where(first).values(**gone))
    refused = await alice.post(f"{path}/rollback", json={"version": 1})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "version")


async def test_simultaneous_changes_are_all_kept(alice: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice)
    changed = await asyncio.gather(*(put(alice, path, agent, prompt=f"Prompt {number}.") for number in range(8)))
    assert sorted(each["version"] for each in changed) == list(range(2, 10))
    versions = [(await alice.get(f"{path}/versions/{each['version']}")).json() for each in changed]
    assert [each["agent"]["prompt"] for each in versions] == [each["prompt"] for each in changed]


async def test_an_inactive_agent_takes_no_new_work(alice: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice)
    task = {"goal": "g", "start": False, "plan": [{"key": "a", "instruction": "Write.", "agent": agent["name"]}]}
    schedule = {"name": "s", "cron": "0 7 * * *", "task": {**task, "start": True}}
    draft = await new_task(alice, **task)
    planned = (await alice.post("/api/v1/schedules", json=schedule)).json()
    assert (await alice.post(f"{path}/deactivate")).json() == agent | {"active": False}
    assert (await alice.post(f"{path}/deactivate")).json() == agent | {"active": False}

    for address, body, field in (
        ("tasks", task, "plan.0.agent"),
        ("schedules", schedule, "task.plan.0.agent"),
        (f"tasks/{draft['id']}/execute", None, "agent"),
        (f"schedules/{planned['id']}/trigger", None, "agent"),
    ):
        refused = await alice.post(f"/api/v1/{address}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "inactive_agent"), address
        assert refused.json()["errors"][0]["field"] == field
        assert refused.json()["remedy"]["href"] == f"{path}/activate"

    unknown = {**task, "plan": [{"key": "a", "instruction": "Write.", "agent": f"{agent['name']}x"}]}
    assert repr(agent["name"]) not in (await alice.post("/api/v1/tasks", json=unknown)).json()["detail"]
    assert (await alice.post(f"{path}/activate")).json() == agent
    await new_task(alice, **task)


async def test_an_unused_agent_is_idle(alice: httpx2.AsyncClient) -> None:
    _, path = await new_agent(alice)
    for address in (path, "/api/v1/agents/analyst"):
        status = (await alice.get(f"{address}/status")).json()
        assert status == {"status": "idle", "calls": [], "tasks_waiting": 0, "waits_for": []}
        assert (await alice.get(f"{address}/metrics")).json()["versions"] == []
    metrics = await alice.get(f"{path}/metrics", params={"since": "2026-11-01T07:00"})
    assert metrics.json()["since"] == "2026-11-01T07:00:00Z"
    refused = await alice.get(f"{path}/metrics", params={"since": "soon"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "since")


async def test_other_users_do_not_see_an_agent(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    agent, path = await new_agent(alice)
    for method, rest, body in (
        ("GET", "", None),
        ("PUT", "", POET | {"name": agent["name"]}),
        ("GET", "/versions", None),
        ("GET", "/versions/1", None),
        ("GET", "/diff?from=1&to=1", None),
        ("POST", "/rollback", {"version": 1}),
        ("GET", "/status", None),
        ("GET", "/metrics", None),
        ("POST", "/activate", None),
        ("POST", "/deactivate", None),
    ):
        for found_by in (path, f"/api/v1/agents/{agent['id']}"):
            assert (await bob.request(method, f"{found_by}{rest}", json=body)).status_code == 404, rest
    assert (await alice.get(path)).json() == agent


async def new_agent(client: httpx2.AsyncClient, **fields: Any) -> tuple[dict[str, Any], str]:
    """Create an agent; return it and its path."""
    created = await client.post("/api/v1/agents", json=POET | {"name": f"a{uuid4().hex}"} | fields)
    assert created.status_code == 201, created.text
    return created.json(), created.headers["Location"]


async def put(client: httpx2.AsyncClient, path: str, agent: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Change an agent, starting from the fields that it was created with."""
    own = {name: agent[name] for name in AgentSpec.model_fields}
    answer = await client.put(path, json=own | fields)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def test_the_roles_are_listed(alice: httpx2.AsyncClient) -> None:
    roles = [one["role"] for one in (await alice.get("/api/v1/agents/types/available")).json()]
    assert {"researcher", "analyst", "writer", "coder", "reviewer", "planner", "coordinator", "custom"} <= set(roles)
