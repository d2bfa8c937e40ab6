"""Agents that others share: found by ID or name, used in own runs, changed within limits, and gone with their share."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.deps import Parts
from chimera.db.engine import Database
from models.tools import ToolDefinition, ToolKind, ToolSource
from tests.api.conftest import SignUp, administrator
from tests.api.routes.test_groups import GROUPS, new_group

AGENTS, TASKS = "/api/v1/agents", "/api/v1/tasks"
UNKNOWN = "11111111-2222-4333-8444-555555555555"


class Team:
    """An owner with an agent, and a member of the group that it is shared with."""

    def __init__(self, owner: httpx2.AsyncClient, member: httpx2.AsyncClient, group: dict[str, Any]) -> None:
        self.owner, self.member, self.group = owner, member, group
        self.name = f"a{uuid4().hex[:8]}"

    async def share(self, right: str = "use", owner: httpx2.AsyncClient | None = None) -> str:
        """Create an agent with the team's name, share it, and return its ID."""
        owner = owner or self.owner
        body = {"name": self.name, "prompt": "You write verse.", "tools": ["calculator"]}
        created = await owner.post(AGENTS, json=body)
        assert created.status_code == 201, created.text
        await self.set_right(created.json()["id"], right, owner)
        return str(created.json()["id"])

    async def set_right(self, agent: str, right: str, owner: httpx2.AsyncClient | None = None) -> None:
        address = f"{AGENTS}/{agent}/shares/{self.group['id']}"
        shared = await (owner or self.owner).put(address, json={"right": right})
        assert shared.status_code == 200, shared.text

    async def unshare(self, agent: str) -> None:
        assert (await self.owner.delete(f"{AGENTS}/{agent}/shares/{self.group['id']}")).status_code == 204

    def plan(self, agent: str) -> list[dict[str, str]]:
        return [{"key": "verse", "instruction": "Write.", "agent": agent}]

    async def task(self, agent: str, **fields: Any) -> httpx2.Response:
        return await self.member.post(TASKS, json={"goal": "g", "start": False, "plan": self.plan(agent), **fields})


@pytest.fixture
async def team(sign_up: SignUp) -> Team:
    owner, member = await sign_up(), await sign_up()
    return Team(owner, member, await new_group(owner, member))


async def test_members_read_a_shared_agent(team: Team) -> None:
    agent = await team.share("view")
    for ref in (agent, team.name):
        seen = (await team.member.get(f"{AGENTS}/{ref}")).json()
        assert (seen["id"], seen["right"], seen["prompt"]) == (agent, "view", "You write verse.")
    assert (await team.owner.get(f"{AGENTS}/{agent}")).json()["right"] is None
    assert (await team.member.get(f"{AGENTS}/{agent}/metrics")).json()["versions"] == []
    assert (await team.member.get(f"{AGENTS}/{agent}/status")).json()["status"] == "idle"


async def test_own_agents_come_first(team: Team) -> None:
    agent = await team.share()
    own = (await team.member.post(AGENTS, json={"name": team.name, "prompt": "Mine."})).json()
    assert (await team.member.get(f"{AGENTS}/{team.name}")).json()["id"] == own["id"]
    assert (await team.member.get(f"{AGENTS}/{agent}")).json()["prompt"] == "You write verse."
    listed = (await team.member.get(AGENTS, params={"shared": "all", "limit": 100})).json()["items"]
    assert {each["id"] for each in listed if each["name"] == team.name} == {agent, own["id"]}


async def test_an_ambiguous_name_lists_the_ids(team: Team, sign_up: SignUp) -> None:
    third = await sign_up()
    email = (await third.get("/api/v1/auth/me")).json()["email"]
    await team.owner.post(f"{GROUPS}/{team.group['id']}/members", json={"email": email})
    ids = [await team.share(), await team.share(owner=third)]
    refused = await team.member.get(f"{AGENTS}/{team.name}")
    assert (refused.status_code, refused.json()["code"]) == (422, "ambiguous_agent")
    assert all(each in refused.text for each in ids)
    planned = await team.task(team.name)
    assert (planned.status_code, planned.json()["errors"][0]["field"]) == (422, "plan.0.agent")
    assert (await team.task(ids[0])).status_code == 202


async def test_a_task_pins_the_shared_agent(team: Team, database: Database) -> None:
    agent = await team.share()
    task = await team.task(team.name)
    assert task.status_code == 202, task.text
    pins = await _pins(database, task.json()["id"])
    assert pins == {team.name: {"id": agent, "version": 1}}
    subtasks = (await team.member.get(f"{TASKS}/{task.json()['id']}/subtasks")).json()["items"]
    assert [each["agent"] for each in subtasks] == [team.name]


async def test_an_id_is_kept_beside_an_own_name(team: Team, database: Database) -> None:
    agent = await team.share()
    await team.member.post(AGENTS, json={"name": team.name, "prompt": "Mine."})
    both = [*team.plan(agent), {"key": "own", "instruction": "Write.", "agent": team.name}]
    task = (await team.member.post(TASKS, json={"goal": "g", "start": False, "plan": both})).json()
    assert await _pins(database, task["id"]) == {agent: {"id": agent, "version": 1}}
    subtasks = (await team.member.get(f"{TASKS}/{task['id']}/subtasks")).json()["items"]
    assert [each["agent"] for each in subtasks] == [agent, team.name]


async def test_readers_cant_use_an_agent(team: Team) -> None:
    agent = await team.share("view")
    for ref in (agent, team.name):
        refused = await team.task(ref)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), refused.text
        assert "'use'" in refused.json()["detail"]
    assert (await team.member.post("/api/v1/chat/sessions", json={"agent": agent})).status_code == 403


async def test_after_a_share_an_agent_is_unknown(team: Team) -> None:
    agent = await team.share()
    draft = (await team.task(agent)).json()
    session = (await team.member.post("/api/v1/chat/sessions", json={"agent": agent})).json()
    await team.unshare(agent)
    assert await _alike(team.member, "GET", f"{AGENTS}/{{}}", agent) == 404
    for path, body in (
        (TASKS, {"goal": "g", "plan": team.plan("{}")}),
        ("/api/v1/chat/sessions", {"agent": "{}"}),
        ("/api/v1/chat/completions", {"agent": "{}", "messages": [{"role": "user", "content": "x"}]}),
    ):
        assert await _alike(team.member, "POST", path, agent, body) == 422, path
    started = await team.member.post(f"{TASKS}/{draft['id']}/execute")
    assert (started.status_code, started.json()["code"]) == (422, "unknown_agent")
    sent = await team.member.post(f"/api/v1/chat/sessions/{session['id']}/messages", json={"text": "x"})
    assert (sent.status_code, sent.json()["code"]) == (422, "unknown_agent")


async def test_a_draft_starts_with_the_newest_version(team: Team, database: Database) -> None:
    agent = await team.share()
    task = (await team.task(agent)).json()
    await team.owner.put(f"{AGENTS}/{team.name}", json={"name": team.name, "prompt": "You write prose."})
    assert (await team.member.post(f"{TASKS}/{task['id']}/execute")).status_code == 202
    assert await _pins(database, task["id"]) == {team.name: {"id": agent, "version": 2}}


async def test_a_changed_plan_is_pinned_again(team: Team, database: Database) -> None:
    agent = await team.share()
    task = (await team.task("writer")).json()
    assert await _pins(database, task["id"]) is None
    changed = await team.member.put(f"{TASKS}/{task['id']}", json={"plan": team.plan(agent)})
    assert changed.status_code == 200, changed.text
    assert await _pins(database, task["id"]) == {team.name: {"id": agent, "version": 1}}
    await team.member.put(f"{TASKS}/{task['id']}", json={"plan": team.plan("writer")})
    assert await _pins(database, task["id"]) is None


async def test_an_inactive_shared_agent_takes_no_work(team: Team) -> None:
    agent = await team.share()
    draft = (await team.task(agent)).json()
    await team.owner.post(f"{AGENTS}/{team.name}/deactivate")
    refused = await team.task(agent)
    assert (refused.status_code, refused.json()["code"]) == (422, "inactive_agent")
    started = await team.member.post(f"{TASKS}/{draft['id']}/execute")
    assert (started.status_code, started.json()["code"]) == (422, "inactive_agent")


async def test_sessions_and_schedules_keep_the_id(team: Team, sign_up: SignUp) -> None:
    agent = await team.share()
    session = await team.member.post("/api/v1/chat/sessions", json={"agent": team.name})
    assert session.json()["agent"] == agent
    body = {"name": "daily", "interval_s": 86400, "paused": True, "task": {"goal": "g", "plan": team.plan(team.name)}}
    schedule = await team.member.post("/api/v1/schedules", json=body)
    assert schedule.json()["task"]["plan"][0]["agent"] == agent
    # Another agent of the same name doesn't take its place.
    await team.unshare(agent)
    third = await sign_up()
    email = (await third.get("/api/v1/auth/me")).json()["email"]
    await team.owner.post(f"{GROUPS}/{team.group['id']}/members", json={"email": email})
    await team.share(owner=third)
    sent = await team.member.post(f"/api/v1/chat/sessions/{session.json()['id']}/messages", json={"text": "x"})
    assert (sent.status_code, sent.json()["code"]) == (422, "unknown_agent")
    due = await team.member.post(f"/api/v1/schedules/{schedule.json()['id']}/trigger")
    assert (due.status_code, due.json()["code"]) == (422, "unknown_agent")


async def test_a_stored_name_means_only_own_agents(team: Team) -> None:
    await team.member.post(AGENTS, json={"name": team.name, "prompt": "Mine."})
    session = (await team.member.post("/api/v1/chat/sessions", json={"agent": team.name})).json()
    await team.member.delete(f"{AGENTS}/{team.name}")
    await team.share()
    sent = await team.member.post(f"/api/v1/chat/sessions/{session['id']}/messages", json={"text": "x"})
    assert (sent.status_code, sent.json()["code"]) == (422, "unknown_agent")


async def test_replies_are_on_the_members_account(team: Team, database: Database, app: FastAPI) -> None:
    agent = await team.share()
    body = {"agent": agent, "messages": [{"role": "user", "content": "x"}]}
    reply = await team.member.post("/api/v1/chat/completions", json=body, headers={"Prefer": "wait=0"})
    assert reply.status_code in (200, 202), reply.text
    parts: Parts = app.state.parts
    async with parts.database.begin() as session:
        found = text("SELECT r.owner_id, y.agent, y.shared_agents FROM runs r JOIN replies y ON y.run_id = r.id")
        row = (await session.execute(text(f"{found} WHERE r.id = :id"), {"id": reply.json()["id"]})).one()
    me = (await team.member.get("/api/v1/auth/me")).json()
    assert (str(row.owner_id), row.agent) == (me["id"], team.name)
    assert row.shared_agents == {team.name: {"id": agent, "version": 1}}
    assert (await team.owner.get(f"/api/v1/replies/{reply.json()['id']}")).status_code == 404


async def test_openai_clients_name_shared_agents_fully(team: Team) -> None:
    agent = await team.share()
    models = [each["id"] for each in (await team.member.get("/v1/models")).json()["data"]]
    assert f"agent/{team.name}" in models
    for name in (f"agent/{team.name}", f"agent/{agent}", agent):
        assert (await team.member.get(f"/v1/models/{name}")).json()["owned_by"] == "agent", name
    # Otherwise, an agent with the name of a model would take its place.
    assert (await team.member.get(f"/v1/models/{team.name}")).status_code == 404
    await team.set_right(agent, "view")
    assert f"agent/{team.name}" not in (await team.member.get("/v1/models")).text
    assert (await team.member.get(f"/v1/models/agent/{agent}")).status_code == 403
    await team.unshare(agent)
    assert (await team.member.get(f"/v1/models/agent/{agent}")).status_code == 404


async def test_editors_make_versions(team: Team) -> None:
    agent = await team.share("edit")
    before = await team.member.get(f"{AGENTS}/{agent}")
    body = {"name": team.name, "prompt": "You write prose.", "tools": ["calculator", "current_time"]}
    tag = {"If-Match": before.headers["ETag"]}
    changed = await team.member.put(f"{AGENTS}/{agent}", json=body, headers=tag)
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    assert (await team.member.put(f"{AGENTS}/{agent}", json=body, headers=tag)).status_code == 412
    assert (await team.owner.get(f"{AGENTS}/{team.name}")).json()["prompt"] == "You write prose."
    rolled = await team.member.post(f"{AGENTS}/{agent}/rollback", json={"version": 1})
    assert rolled.json()["version"] == 3
    assert (await team.member.post(f"{AGENTS}/{agent}/deactivate")).json()["active"] is False
    assert (await team.member.delete(f"{AGENTS}/{agent}")).status_code == 403


@pytest.mark.parametrize("tool", ["bank__pay", "bank__*", "*", "b*__pay"])
async def test_editors_dont_add_tools_of_the_owner(team: Team, database: Database, tool: str) -> None:
    agent = await team.share("edit")
    await _give_tool(database, team.owner, "bank__pay")
    body = {"name": team.name, "prompt": "Pay.", "tools": ["calculator", tool]}
    refused = await team.member.put(f"{AGENTS}/{agent}", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tools.1"), refused.text
    assert "bank__pay" not in refused.json()["detail"].replace(repr(tool), "")
    assert (await team.owner.put(f"{AGENTS}/{agent}", json=body)).status_code == 200
    # Tools that the agent has can stay, but don't come back.
    assert (await team.member.put(f"{AGENTS}/{agent}", json={**body, "prompt": "Pay less."})).status_code == 200
    assert (await team.owner.put(f"{AGENTS}/{agent}", json={**body, "tools": []})).status_code == 200
    back = await team.member.post(f"{AGENTS}/{agent}/rollback", json={"version": 2})
    assert (back.status_code, back.json()["errors"][0]["field"]) == (422, "version")


async def test_members_see_their_own_tools_of_an_agent(team: Team, database: Database) -> None:
    await _give_tool(database, team.owner, "bank__pay")
    agent = await team.share()
    body = {"name": team.name, "prompt": "Pay.", "tools": ["calculator", "bank__pay"]}
    assert (await team.owner.put(f"{AGENTS}/{agent}", json=body)).status_code == 200
    tools = {
        client: [each["name"] for each in (await client.get("/api/v1/tools", params={"agent": agent})).json()["items"]]
        for client in (team.owner, team.member)
    }
    assert "bank__pay" in tools[team.owner]
    assert "bank__pay" not in tools[team.member]


async def test_administrators_dont_change_or_use_agents(team: Team, sign_up: SignUp, database: Database) -> None:
    admin = await administrator(sign_up, database)
    agent = await team.share()
    assert (await admin.get(f"{AGENTS}/{agent}")).status_code == 200
    assert (await admin.get(f"{AGENTS}/{team.name}")).status_code == 404
    changed = await admin.put(f"{AGENTS}/{agent}", json={"name": team.name, "prompt": "x"})
    assert (changed.status_code, changed.json()["code"]) == (403, "forbidden")
    assert (await admin.post(f"{AGENTS}/{agent}/rollback", json={"version": 1})).status_code == 403
    planned = await admin.post(TASKS, json={"goal": "g", "start": False, "plan": team.plan(agent)})
    assert (planned.status_code, planned.json()["code"]) == (422, "unknown_agent")
    me = (await admin.get("/api/v1/auth/me")).json()
    await team.owner.post(f"{GROUPS}/{team.group['id']}/members", json={"email": me["email"]})
    await team.set_right(agent, "view")
    changed = await admin.put(f"{AGENTS}/{agent}", json={"name": team.name, "prompt": "x"})
    assert (changed.status_code, changed.json()["code"]) == (403, "forbidden")
    assert (await admin.post(f"{AGENTS}/{agent}/deactivate")).status_code == 200
    assert (await admin.delete(f"{AGENTS}/{agent}")).status_code == 204


async def test_a_deleted_agent_leaves_no_shares(team: Team) -> None:
    agent = await team.share()
    assert (await team.owner.delete(f"{AGENTS}/{team.name}")).status_code == 204
    assert (await team.owner.get(f"{GROUPS}/{team.group['id']}/shares")).json()["items"] == []
    assert (await team.member.get(f"{AGENTS}/{agent}")).status_code == 404


async def test_built_in_agents_arent_shared(team: Team) -> None:
    refused = await team.owner.put(f"{AGENTS}/writer/shares/{team.group['id']}", json={"right": "view"})
    assert refused.status_code == 409


async def _alike(
    client: httpx2.AsyncClient, method: str, path: str, agent: str, body: dict[str, Any] | None = None
) -> int:
    """Send a request with an agent and with an unknown ID; check that the answers are the same."""
    answers = []
    for ref in (agent, UNKNOWN):
        content = None if body is None else _filled(body, ref)
        answer = await client.request(method, path.format(ref), json=content)
        same = answer.json()
        same.pop("instance", None)
        answers.append((answer.status_code, str(same).replace(ref, "REF")))
    assert answers[0] == answers[1]
    return answers[0][0]


def _filled(value: Any, ref: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, ref) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, ref) for each in value]
    return ref if value == "{}" else value


async def _pins(database: Database, task_id: str) -> Any:
    async with database.begin() as session:
        return await session.scalar(text("SELECT shared_agents FROM tasks WHERE run_id = :id"), {"id": task_id})


async def _give_tool(database: Database, client: httpx2.AsyncClient, name: str) -> None:
    """Add a tool of an own MCP server to a user."""
    me = (await client.get("/api/v1/auth/me")).json()
    insert = """
        INSERT INTO tools (owner_id, name, source, server, definition, sha256, status)
        VALUES (:owner, :name, 'mcp', :server, CAST(:definition AS jsonb), 'x', 'active')"""
    server = name.partition("__")[0]
    definition = ToolDefinition(
        name=name, description="Pay.", parameters={}, kind=ToolKind.ONCE, source=ToolSource.MCP, server=server
    )
    async with database.begin() as session:
        values = {"owner": me["id"], "name": name, "server": server, "definition": definition.model_dump_json()}
        await session.execute(text(insert), values)
