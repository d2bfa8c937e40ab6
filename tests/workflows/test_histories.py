"""Temporal's data about runs can't be read without the key, and a missing key ends no run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from temporalio.client import Client, WorkflowExecutionDescription

from chimera.config import payload_keys
from chimera.config.settings import Settings
from chimera.ledger import outbox
from chimera.store import ai_calls
from chimera.store import schedules as schedule_rows
from chimera.store.ai_calls import NewAiCall
from chimera.temporal.payloads import DATA_CONVERTER
from chimera.temporal.schedules import Schedules
from models.ai_calls import Operation
from models.ids import NodePath, ScheduleId, TaskId, schedule_workflow_id, workflow_id_of
from models.schedules import ScheduleSpec
from models.tasks import SubtaskMode
from tests.runs import MODEL, Runs, a_subtask, runs_on, runs_with_worker
from tests.until import until_true

MODES = [SubtaskMode.CHILD]
CANARY = "nightjar"
"""A word that occurs in all text from users and models in these tests."""
PLAN = [a_subtask("a", f"Say {CANARY}. [[sim: tokens=10]]", title=f"First {CANARY}")]
OLD, NEW = payload_keys.made(), payload_keys.made()


async def test_messages_are_encrypted_in_histories(runs: Runs) -> None:
    task_id = await runs.start(f"Tell of the {CANARY}.", title=f"The {CANARY}'s title", plan=PLAN)
    assert (await runs.ended(task_id))["status"] == "completed"
    await _is_hidden(runs, workflow_id_of(task_id), workflow_id_of(task_id, NodePath("a")))
    # With the key, it can still be read.
    assert CANARY in str(await (await _described(runs, workflow_id_of(task_id))).static_summary())


async def test_no_failure_can_be_read(runs: Runs) -> None:
    goal = f"Fail over the {CANARY}. [[sim: status=400]]"
    task_id = await runs.start(goal, title=f"A bad {CANARY}", plan=[a_subtask("a", goal)])
    failed = await runs.ended(task_id)
    assert failed["status"] == "failed"
    await _is_hidden(runs, workflow_id_of(task_id), workflow_id_of(task_id, NodePath("a")))
    kept = await _kept_of(runs, workflow_id_of(task_id))
    assert b"Encoded failure" in kept
    assert failed["error"].encode() not in kept


async def test_image_prompts_are_encrypted(runs: Runs) -> None:
    new = NewAiCall(Operation.IMAGES, "simulator/image", {"prompt": f"A {CANARY}", "n": 1}, True, "", None)
    async with runs.database.begin() as session:
        call_id, _ = await ai_calls.create(session, runs.caller.user_id, new)
    await runs.dispatcher.deliver(call_id)
    await (await runs.temporal.client()).get_workflow_handle(workflow_id_of(call_id)).result()
    await _is_hidden(runs, workflow_id_of(call_id))


async def test_a_schedule_has_neither_text_nor_key(runs: Runs) -> None:
    task = {"goal": f"Report the {CANARY}.", "model": MODEL, "plan": PLAN}
    spec = ScheduleSpec.model_validate({"name": f"Morning {CANARY}", "task": task, "cron": "0 0 1 1 *"})
    schedules = Schedules(runs.settings, runs.temporal)
    async with runs.database.begin() as session:
        schedule_id = ScheduleId((await schedule_rows.create(session, runs.caller.user_id, spec)).id)
    await schedules.create(schedule_id, runs.caller.user_id, spec)
    await schedules.trigger(schedule_id)
    client = await runs.temporal.client()
    described = await client.get_schedule_handle(schedule_workflow_id(schedule_id)).describe()
    assert CANARY.encode() not in described.raw_description.SerializeToString()
    [argument] = described.raw_description.schedule.action.start_workflow.input.payloads
    # This works whatever has become of the keys in the meantime.
    assert (await DATA_CONVERTER.decode([argument]))[0]["schedule_id"] == schedule_id
    task_id = await _task_of(runs, schedule_id)
    await runs.ended(task_id)
    await _is_hidden(runs, workflow_id_of(task_id))


async def test_a_worker_without_the_key_ends_no_run(keys: Settings) -> None:
    async with runs_on(_with(keys, OLD)) as runs:
        task_id = await runs.start(f"Tell of the {CANARY}.", plan=PLAN)
    async with runs_with_worker(_with(keys, NEW)) as without:

        async def is_retried() -> bool:
            return (
                await _described(without, workflow_id_of(task_id))
            ).raw_description.pending_workflow_task.attempt > 1

        await until_true(is_retried)
        assert (await without.row(task_id))["status"] not in ("failed", "completed")
    async with runs_with_worker(_with(keys, f"{NEW},{OLD}")) as both:
        assert (await both.ended(task_id))["status"] == "completed"


async def test_a_call_waits_for_a_worker_with_the_key(keys: Settings) -> None:
    slow = a_subtask("a", "Say a lot. [[sim: tokens=400; drip=20]]")
    async with runs_with_worker(_with(keys, OLD)) as runs:
        task_id = await runs.start("Go on.", plan=[slow])
        await runs.event(task_id, "model_call.started")
    async with runs_with_worker(_with(keys, NEW)) as without:

        async def is_retried() -> bool:
            described = await _described(without, workflow_id_of(task_id, NodePath("a")))
            return any(pending.attempt > 2 for pending in described.raw_description.pending_activities)

        await until_true(is_retried)
        assert (await without.row(task_id))["status"] == "running"
    async with runs_with_worker(_with(keys, f"{NEW},{OLD}")) as both:
        assert (await both.ended(task_id))["status"] == "completed"


async def _cancelled_as_often_as_it_takes(runs: Runs, task_id: TaskId) -> None:
    async with runs.database.begin() as session:
        stubborn = text("UPDATE runs SET status = 'cancelling', cancels_sent = :sent WHERE id = :id")
        await session.execute(stubborn, {"id": task_id, "sent": outbox.CANCELS})
        await outbox.enqueue(session, task_id, "cancel")
    await runs.dispatcher.deliver(task_id)


async def _ended_in_the_web_ui(runs: Runs, task_id: TaskId) -> None:
    await (await runs.temporal.client()).get_workflow_handle(workflow_id_of(task_id)).terminate()


async def _ended_there_and_cancelled(runs: Runs, task_id: TaskId) -> None:
    await _ended_in_the_web_ui(runs, task_id)
    await runs.cancel(task_id)


@pytest.mark.parametrize("end", [_cancelled_as_often_as_it_takes, _ended_in_the_web_ui, _ended_there_and_cancelled])
async def test_a_lost_key_holds_up_no_schedule(keys: Settings, end: Callable[[Runs, TaskId], Awaitable[None]]) -> None:
    slow = a_subtask("a", "Say a lot. [[sim: tokens=400; drip=20]]")
    task = {"goal": "Go on.", "model": MODEL, "plan": [slow]}
    spec = ScheduleSpec.model_validate({"name": "Blocked", "task": task, "cron": "0 0 1 1 *"})
    async with runs_with_worker(_with(keys, OLD)) as runs:
        schedules = Schedules(runs.settings, runs.temporal)
        async with runs.database.begin() as session:
            schedule_id = ScheduleId((await schedule_rows.create(session, runs.caller.user_id, spec)).id)
        await schedules.create(schedule_id, runs.caller.user_id, spec)
        await schedules.trigger(schedule_id)
        task_id = await _task_of(runs, schedule_id)
        await runs.event(task_id, "model_call.started")
    async with runs_with_worker(_with(keys, NEW)) as without:
        without.caller = runs.caller
        await end(without, task_id)
        await without.ended(task_id)
        schedule = (await without.temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))

        async def runs_nothing() -> bool:
            return not (await schedule.describe()).info.running_actions

        await until_true(runs_nothing)
        schedules = Schedules(without.settings, without.temporal)

        async def runs_again() -> bool:
            # Trigger it more than once: Temporal's scheduler learns of the end a little later than its other clients.
            await schedules.trigger(schedule_id)
            await asyncio.sleep(0.5)
            return len(await without.rows("SELECT id FROM runs WHERE schedule_id = :id", TaskId(schedule_id))) > 1

        await until_true(runs_again)


@pytest.fixture
async def keys(runs: Runs) -> AsyncIterator[Settings]:
    """Yield settings for separate workers, while no other test's worker takes part."""
    async with runs.unswept():
        yield runs.settings.model_copy(update={"graceful_shutdown_s": 0.1, "task_queue": f"keys-{uuid4().hex}"})


def _with(settings: Settings, keys: str) -> Settings:
    return settings.model_copy(update={"payload_keys": SecretStr(keys)})


async def _is_hidden(runs: Runs, *ids: str) -> None:
    for id in ids:
        kept = await _kept_of(runs, id)
        assert b"binary/encrypted" in kept
        assert CANARY.encode() not in kept.lower()


async def _kept_of(runs: Runs, id: str) -> bytes:
    """Return everything that Temporal stores about a run, in its stored form: the history and the run's description."""
    client: Client = await runs.temporal.client()
    history = await client.get_workflow_handle(id).fetch_history()
    events = b"".join(event.SerializeToString() for event in history.events)
    return events + (await _described(runs, id)).raw_description.SerializeToString()


async def _described(runs: Runs, id: str) -> WorkflowExecutionDescription:
    return await (await runs.temporal.client()).get_workflow_handle(id).describe()


async def _task_of(runs: Runs, schedule_id: ScheduleId) -> TaskId:
    found: list[str] = []

    async def is_there() -> bool:
        rows = await runs.rows("SELECT id FROM runs WHERE schedule_id = :id", TaskId(schedule_id))
        found[:] = [str(row["id"]) for row in rows]
        return bool(found)

    await until_true(is_there)
    return TaskId(found[0])
