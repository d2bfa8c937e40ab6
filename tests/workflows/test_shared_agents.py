"""Runs with agents of other users: they keep the versions that they pinned, whatever happens to the share."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from sqlalchemy import insert, text, update

from chimera.config.settings import Settings
from chimera.db.tables import Run, User
from chimera.ledger import agents as activity
from chimera.store import agents, groups, retries, shares
from models.agents import AgentSpec, AgentView
from models.groups import GroupSpec, MemberSpec
from models.ids import GroupId, TaskId, UserId
from models.shares import Right, ShareKind
from models.tasks import SubtaskMode, TaskRetry
from models.users import Caller
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.base import ModelAnswer
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script
from tests.wires.vendors import WIRES

MODES = [SubtaskMode.INLINE]
[WIRE] = [wire for wire in WIRES if wire.name == "local"]
DONE = Script(WIRE.frames_of(ModelAnswer(pieces=("Done.",))))
OLD, NEW, OWN = "You write verse.", "You write prose.", "You write letters."


class Sharing(NamedTuple):
    """Another user's agent, and the group that it is shared with."""

    owner: Caller
    group_id: GroupId
    agent: AgentView

    @property
    def id(self) -> str:
        return str(self.agent.id)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted, mode: SubtaskMode) -> AsyncIterator[Runs]:
    changes = {"local_base_url": f"{server.url}/v1", "local_api_key": WIRE.settings["local_api_key"]}
    merged = {**settings.model_dump(), **changes, "graceful_shutdown_s": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        async with runs_with_worker(Settings.model_validate(merged)) as started:
            started.mode = mode
            yield started


@pytest.fixture
async def sharing(runs: Runs, server: Scripted) -> Sharing:
    """Share another user's agent with the user of the runs."""
    server.answers(DONE)
    email = f"{uuid4().hex}@example.com"
    async with runs.database.begin() as session:
        user = insert(User).values(email=email, password_hash="x").returning(User.id)
        owner = Caller(user_id=UserId(str(await session.scalar(user))), role="user")
        me = await session.get_one(User, runs.caller.user_id)
        group = await groups.create(session, owner, GroupSpec(name=uuid4().hex))
        found = await groups.one(session, owner, group.id, lock=True)
        await groups.put_member(session, found, MemberSpec(email=me.email))
        agent = await agents.create(session, owner.user_id, spec(OLD))
        await shares.put(session, owner, ShareKind.AGENT, str(agent.id), group.id, Right.USE)
    return Sharing(owner, group.id, agent)


async def test_a_run_keeps_the_pinned_version(runs: Runs, server: Scripted, sharing: Sharing) -> None:
    began = await accept(runs, sharing.id)
    await change(runs, sharing)
    await unshare(runs, sharing)
    assert await prompts_of(runs, server, began) == [OLD]
    assert (await runs.attempts(began))[0]["agent_version"] == 1


async def test_a_new_run_gets_the_newest_version(runs: Runs, server: Scripted, sharing: Sharing) -> None:
    await change(runs, sharing)
    assert await prompts_of(runs, server, await accept(runs, sharing.id)) == [NEW]


async def test_a_later_own_agent_changes_nothing(runs: Runs, server: Scripted, sharing: Sharing) -> None:
    task_id = await accept(runs, sharing.id)
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec(OWN))
    try:
        assert await prompts_of(runs, server, task_id) == [OLD]
        assert [event.agent for event in await _started(runs, task_id)] == ["poet"]
    finally:
        await _remove_own(runs)


async def test_after_the_share_a_run_fails(runs: Runs, sharing: Sharing) -> None:
    await unshare(runs, sharing)
    task_id = await accept(runs, sharing.id)
    await runs.deliver(task_id)
    ended = await runs.ended(task_id)
    assert (ended["status"], ended["error_code"]) == ("failed", "unknown_agent")


async def test_a_deleted_agent_fails_its_runs(runs: Runs, sharing: Sharing) -> None:
    task_id = await accept(runs, sharing.id)
    async with runs.database.begin() as session:
        await agents.delete(session, await agents.own(session, sharing.owner.user_id, "poet"))
    await runs.deliver(task_id)
    ended = await runs.ended(task_id)
    assert (ended["status"], ended["error_code"]) == ("failed", "unknown_agent")


async def test_a_retry_after_a_limit_renews_pins(runs: Runs, sharing: Sharing) -> None:
    task_id = await accept(runs, sharing.id)
    await change(runs, sharing)
    await _retry(runs, task_id)
    assert await _pins(runs, task_id) == {"poet": {"id": sharing.id, "version": 2}}
    await unshare(runs, sharing)
    await _retry(runs, task_id)
    assert await _pins(runs, task_id) == {"poet": {"id": sharing.id, "version": 2}}


async def test_planners_dont_choose_unnamed_agents(runs: Runs, server: Scripted, sharing: Sharing) -> None:
    plan = json.dumps({"subtasks": [{"key": "one", "instruction": "Do it.", "agent": "writer"}]})
    server.answers(Script(WIRE.frames_of(ModelAnswer(pieces=(plan,)))), DONE)
    task_id = await runs.accept("Report.", model="local/gemma")
    await runs.deliver(task_id)
    assert (await runs.ended(task_id))["status"] == "completed"
    asked = server.bodies[0]["messages"][-1]["content"]
    assert "- writer:" in asked
    assert "- poet:" not in asked


async def test_planners_choose_named_agents(runs: Runs, server: Scripted, sharing: Sharing) -> None:
    deeper = json.dumps({"subtasks": [{"key": "one", "instruction": "Do it.", "agent": "poet"}]})
    server.answers(Script(WIRE.frames_of(ModelAnswer(pieces=(deeper,)))), DONE)
    task_id = await accept(runs, sharing.id, decompose=True)
    assert await prompts_of(runs, server, task_id) == [OLD]
    assert "- poet:" in server.bodies[0]["messages"][-1]["content"]


async def test_metrics_tell_agents_apart(runs: Runs, server: Scripted, sharing: Sharing) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    await prompts_of(runs, server, await accept(runs, sharing.id))
    async with runs.database.begin() as session:
        own = await agents.create(session, runs.caller.user_id, spec(OWN))
    try:
        server.answers(DONE)
        await prompts_of(runs, server, await accept(runs, "poet"))
        async with runs.database.begin() as session:
            shared = await agents.one(session, runs.caller, sharing.id)
            of_shared = await activity.metrics_of(session, runs.caller.user_id, shared, since)
            of_own = await activity.metrics_of(session, runs.caller.user_id, own, since)
            of_owner = await activity.metrics_of(session, sharing.owner.user_id, sharing.agent, since)
            status = await activity.status_of(session, runs.caller.user_id, shared)
    finally:
        await _remove_own(runs)
    assert [each.calls for each in of_shared.versions] == [1]
    assert [each.calls for each in of_own.versions] == [1]
    assert of_owner.versions == ()
    assert (status.status, status.tasks_waiting) == ("idle", 0)


def spec(prompt: str) -> AgentSpec:
    return AgentSpec(name="poet", prompt=prompt)


async def accept(runs: Runs, agent: str, **fields: Any) -> TaskId:
    return await runs.accept("Report.", model="local/gemma", plan=[a_subtask("first", agent=agent, **fields)])


async def change(runs: Runs, sharing: Sharing) -> None:
    async with runs.database.begin() as session:
        found = await agents.locked(session, sharing.owner, "poet", Right.EDIT)
        await agents.change(session, found, spec(NEW))


async def unshare(runs: Runs, sharing: Sharing) -> None:
    async with runs.database.begin() as session:
        await shares.remove(session, sharing.owner, ShareKind.AGENT, sharing.id, sharing.group_id)


async def prompts_of(runs: Runs, server: Scripted, task_id: TaskId) -> list[str]:
    """Run a task to its end; return the system prompts of the agents named poet since the server got its answers."""
    await runs.deliver(task_id)
    assert (await runs.ended(task_id))["status"] == "completed"
    prompts = [body["messages"][0]["content"] for body in server.bodies]
    return [prompt for prompt in prompts if prompt in (OLD, NEW, OWN)]


async def _retry(runs: Runs, task_id: TaskId) -> None:
    """Retry a task as if a limit of its agent had failed it. Its run isn't started."""
    async with runs.database.begin() as session:
        failed = update(Run).where(Run.id == task_id).values(status="failed", error_code="agent_limit_reached")
        await session.execute(failed)
        await retries.retry(session, runs.caller, task_id, TaskRetry())
        await session.execute(text("DELETE FROM outbox WHERE run_id = :id"), {"id": task_id})


async def _pins(runs: Runs, task_id: TaskId) -> Any:
    return (await runs.row(task_id))["shared_agents"]


async def _started(runs: Runs, task_id: TaskId) -> list[Any]:
    return [event for event in await runs.events(task_id) if event.type == "subtask.started"]


async def _remove_own(runs: Runs) -> None:
    async with runs.database.begin() as session:
        await agents.delete(session, await agents.own(session, runs.caller.user_id, "poet"))
