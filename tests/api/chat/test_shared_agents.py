"""Chat sessions and completions with an agent of another user."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.api.chat.conftest import SESSIONS, send
from tests.api.routes.test_groups import new_group

pytestmark = pytest.mark.usefixtures("runs")

AGENTS = "/api/v1/agents"


async def test_a_shared_agent_replies_in_its_newest_version(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    agent, name = await _shared(alice, bob)
    session = (await bob.post(SESSIONS, json={"agent": name})).headers["Location"]
    first = await _reply(bob, session)
    assert (first["status"], first["agent"], first["agent_version"]) == ("completed", name, 1)
    await alice.put(f"{AGENTS}/{agent}", json={"name": name, "prompt": "You write prose."})
    second = await _reply(bob, session)
    assert (second["status"], second["agent"], second["agent_version"]) == ("completed", name, 2)
    # The owner of the agent sees neither the reply nor its cost.
    assert (await alice.get(f"/api/v1/replies/{second['id']}")).status_code == 404
    assert (await alice.get(f"{AGENTS}/{agent}/metrics")).json()["versions"] == []


async def test_a_chats_task_names_a_shared_agent(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    agent, name = await _shared(alice, bob)
    session = (await bob.post(SESSIONS, json={})).headers["Location"]
    plan = [{"key": "verse", "instruction": "Write.", "agent": agent}]
    sent = await bob.post(f"{session}/tasks", json={"task": {"goal": "Verse.", "plan": plan}})
    assert sent.status_code == 202, sent.text
    task_id = sent.json()["reply"]["task_id"]
    subtasks = (await bob.get(f"/api/v1/tasks/{task_id}/subtasks")).json()["items"]
    assert [each["agent"] for each in subtasks] == [name]


async def test_a_shared_agent_answers_openai_clients(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    agent, name = await _shared(alice, bob)
    body = {"messages": [{"role": "user", "content": "Say a word."}]}
    for model in (f"agent/{name}", agent):
        answer = await bob.post("/v1/chat/completions", json={"model": model, **body})
        assert (answer.status_code, answer.json()["model"]) == (200, model), answer.text
    refused = await bob.post("/v1/chat/completions", json={"model": name, **body})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")


async def _reply(client: httpx2.AsyncClient, session: str) -> dict[str, Any]:
    """Send a message, and return the reply once it has ended."""
    sent = await send(client, session, "Say a word.", wait_s=30)
    reply: dict[str, Any] = (await client.get(f"/api/v1/replies/{sent['reply']['reply']['id']}")).json()
    return reply


async def _shared(owner: httpx2.AsyncClient, member: httpx2.AsyncClient) -> tuple[str, str]:
    """Create an agent and share it for use; return its ID and name."""
    name = f"a{uuid4().hex[:8]}"
    created = await owner.post(AGENTS, json={"name": name, "prompt": "You write verse."})
    agent = str(created.json()["id"])
    group = await new_group(owner, member)
    shared = await owner.put(f"{AGENTS}/{name}/shares/{group['id']}", json={"right": "use"})
    assert shared.status_code == 200, shared.text
    return agent, name
