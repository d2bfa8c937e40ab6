"""Groups and shares from the command line, with the real API."""

import json

import httpx2
import pytest

from chimera.config.settings import Settings
from cli import groups, sessions, tasks
from cli.agents import list_agents
from cli.errors import NotThere, Refused
from cli.http import chats, signed_in
from cli.http.groups import group_named
from cli.shares import share, unshare
from cli.users import create_administrator, list_users, role
from tests.cli.test_users import NEW, Printed, output_of
from tests.until import LIMIT_S


async def test_a_group_is_managed(real_api: Settings, capsys: Printed) -> None:
    assert "No groups yet" in await output_of(groups.list_groups(), capsys)
    assert "was created" in await output_of(groups.create("Research"), capsys)
    assert "manager" in await output_of(groups.list_groups(), capsys)
    assert "if this address" in await output_of(groups.add("research", "carol@example.com"), capsys)
    assert "carol@example.com" in await output_of(groups.members("RESEARCH"), capsys)
    assert "no longer" in await output_of(groups.remove("Research", "Carol@example.com"), capsys)
    with pytest.raises(NotThere):
        await groups.remove("Research", "carol@example.com")
    with pytest.raises(Refused):
        await groups.create("RESEARCH")
    assert "'Lab'" in await output_of(groups.rename("Research", "Lab"), capsys)
    assert "was deleted" in await output_of(groups.delete("Lab"), capsys)
    with pytest.raises(NotThere):
        await groups.members("Lab")


async def test_a_task_is_shared_and_unshared(real_api: Settings, capsys: Printed) -> None:
    async with signed_in() as client:
        task_id = (await client.create_task({"goal": "Work.", "start": False})).id
    await groups.create("Team")
    assert "Nothing is shared" in await output_of(groups.shares("Team"), capsys)
    assert "'use'" in await output_of(share("task", task_id[:8], "team", "use"), capsys)
    [listed] = json.loads(await output_of(groups.shares("Team", as_json=True), capsys))["items"]
    assert (listed["kind"], listed["resource_id"], listed["right"]) == ("task", task_id, "use")
    assert "no longer" in await output_of(unshare("task", task_id, "Team"), capsys)
    assert "Nothing is shared" in await output_of(groups.shares("Team"), capsys)
    with pytest.raises(NotThere):
        await share("file", "0", "Team")
    await groups.delete("Team")


async def test_shared_tasks_and_sessions_are_found(
    real_api: Settings, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIMERA_DATABASE_URL", real_api.database_url or "")
    await create_administrator("carol@example.com", NEW)
    await role("carol@example.com", "user")
    async with signed_in() as client:
        task_id = (await client.create_task({"goal": "Work.", "start": False})).id
        session_id = (await chats.create(client, {"title": "Plans"})).id
        api_url = client.api_url
        await groups.create("Team")
        await groups.add("Team", "carol@example.com")
        group_id = (await group_named(client, "Team")).id
        await client.call("PUT", f"/chat/sessions/{session_id}/shares/{group_id}", {"right": "view"})
    await share("task", task_id, "Team", "view")
    async with httpx2.AsyncClient(timeout=LIMIT_S) as http:
        body = {"email": "carol@example.com", "password": NEW}
        tokens = (await http.post(f"{api_url}/api/v1/auth/login", json=body)).json()
    monkeypatch.setenv("CHIMERA_API_URL", api_url)
    monkeypatch.setenv("CHIMERA_TOKEN", tokens["access_token"])
    assert task_id[:8] not in await output_of(tasks.list_tasks(), capsys)
    assert task_id[:8] in await output_of(tasks.list_tasks(shared=True), capsys)
    assert task_id in await output_of(tasks.show(task_id[:8]), capsys)
    assert session_id[:8] not in await output_of(sessions.list_sessions(), capsys)
    assert session_id[:8] in await output_of(sessions.list_sessions(shared=True), capsys)
    assert session_id in await output_of(sessions.show(session_id[:8]), capsys)
    assert "No chat sessions are shared" in await output_of(sessions.list_sessions(shared=True, archived=True), capsys)
    no_tasks = await output_of(tasks.list_tasks(["failed"], shared=True), capsys)
    assert "that others share with you have the status failed" in no_tasks
    with pytest.raises(Refused):
        await list_users()
    assert "To use your saved session instead, run: unset CHIMERA_TOKEN" in capsys.readouterr().err


async def test_an_agent_is_shared_by_name(real_api: Settings, capsys: Printed) -> None:
    async with signed_in() as client:
        agent = await client.create_agent({"name": "sharer", "prompt": "You share."})
    await groups.create("Poets")
    assert "'edit'" in await output_of(share("agent", "sharer", "poets", "edit"), capsys)
    [listed] = json.loads(await output_of(groups.shares("Poets", as_json=True), capsys))["items"]
    assert (listed["kind"], listed["resource_id"]) == ("agent", agent.id)
    assert "No agents are shared" in await output_of(list_agents(shared=True), capsys)
    assert "no longer" in await output_of(unshare("agent", str(agent.id), "Poets"), capsys)
    with pytest.raises(Refused):
        await share("agent", "writer", "Poets")
    await groups.delete("Poets")
