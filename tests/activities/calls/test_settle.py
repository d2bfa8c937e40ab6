"""Answers are settled even if their call's state has changed in the meantime, on the real database."""

import json
import threading
from dataclasses import replace

import pytest

from activities import replies
from activities.plans import Plans, plans_in
from activities.prompts import PROMPTS
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import calls, failures, in_doubt
from chimera.ledger.calls import Intent
from chimera.ledger.failures import Failure
from chimera.providers.base import ChatEnd
from models.errors import AnswerNotKept, Overtaken
from models.model_calls import AttemptStatus, ModelCallOutcome, Purpose
from models.usage import Usage
from tests.activities.calls.chats import chat_of, ready
from tests.chimera.ledger.test_calls import a_task, account, an_intent, statuses


async def settled(
    database: Database, settings: Settings, intent: Intent, text: str, request_id: str | None = None
) -> ModelCallOutcome:
    bus = Bus(settings)
    try:
        chat = chat_of(settings, database, bus)
        end = ChatEnd("stop", Usage(input_tokens=3, output_tokens=4), request_id=request_id)
        return await chat.settle(ready(intent), text, end)
    finally:
        await bus.close()


async def test_a_plan_is_read_once_and_in_a_thread(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = an_intent(await a_task(database))
    intent = replace(intent, request=intent.request.model_copy(update={"purpose": Purpose.PLAN}))
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await in_doubt.mark(connection, intent.request, intent.attempt)
    threads: list[int] = []

    def noted(answer: str) -> Plans:
        threads.append(threading.get_ident())
        return plans_in(answer)

    monkeypatch.setitem(PROMPTS, Purpose.PLAN, replace(PROMPTS[Purpose.PLAN], plans_in=noted))
    plan = json.dumps({"subtasks": [{"key": "b", "instruction": "Do it."}]})
    outcome = await settled(database, settings, intent, plan)
    assert [node.key for node in outcome.plan or ()] == ["b"]
    assert len(threads) == 1, "though the first try didn't settle it"
    assert threads[0] != threading.get_ident()


async def test_a_lost_settlement_reply_returns_the_settled_outcome(database: Database, settings: Settings) -> None:
    intent = an_intent(await a_task(database))
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    first = await settled(database, settings, intent, "hello")
    assert await settled(database, settings, intent, "something else") == first
    assert await statuses(database, intent.request.run_id) == ["finished"]
    assert (await account(database, intent.request.run_id))["output_tokens"] == 4


async def test_an_abandoned_attempts_answer_settles_its_call(database: Database, settings: Settings) -> None:
    intent = an_intent(await a_task(database))
    task_id = intent.request.run_id
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await in_doubt.mark(connection, intent.request, intent.attempt)
    await settled(database, settings, intent, "hello")
    row = await account(database, task_id)
    assert (row["in_doubt_micro_usd"], row["reserved_micro_usd"], row["reserved_tokens"]) == (0, 0, 0)
    assert (row["subtasks_done"], row["output_tokens"]) == (1, 4)
    assert await statuses(database, task_id) == ["finished"]


async def test_an_overtaken_answer_is_only_booked(database: Database, settings: Settings) -> None:
    intent = an_intent(await a_task(database))
    task_id = intent.request.run_id
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await in_doubt.mark(connection, intent.request, intent.attempt)
        await calls.reserve(connection, an_intent(task_id, attempt=2))
    with pytest.raises(Overtaken):
        await settled(database, settings, intent, "hello")
    row = await account(database, task_id)
    assert (row["in_doubt_micro_usd"], row["reserved_micro_usd"]) == (0, 100)
    assert (row["subtasks_done"], row["output_tokens"]) == (0, 4)
    assert await statuses(database, task_id) == ["late", "started"]


async def test_an_answer_stands_if_its_overtaker_failed(database: Database, settings: Settings) -> None:
    intent = an_intent(await a_task(database))
    task_id = intent.request.run_id
    overtaker = an_intent(task_id, attempt=2)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await in_doubt.mark(connection, intent.request, intent.attempt)
        await calls.reserve(connection, overtaker)
        await failures.fail(connection, Failure(overtaker, AttemptStatus.CANCELLED, "cancelled", "Cut.", Usage(), 0))
    outcome = await settled(database, settings, intent, "hello")
    assert outcome.text_preview == "hello"
    assert (await account(database, task_id))["subtasks_done"] == 1
    assert await statuses(database, task_id) == ["finished", "cancelled"]
    # The answer now has the next attempt's number, so an attempt that starts even later is overtaken.
    async with database.statements() as connection:
        with pytest.raises(Overtaken):
            await calls.reserve(connection, an_intent(task_id, attempt=3))


async def test_an_unstorable_answer_is_kept_in_reduced_form(database: Database, settings: Settings) -> None:
    intent = an_intent(await a_task(database))
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    outcome = await settled(database, settings, intent, "hello", request_id="no text holds \0")
    assert outcome.text_preview == "hello"
    assert await statuses(database, intent.request.run_id) == ["finished"]


async def test_an_unstorable_result_is_booked_and_ends_the_call(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = an_intent(await a_task(database))
    async with database.statements() as connection:
        await calls.reserve(connection, intent)

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(replies, "settlement_of", refuse)
    with pytest.raises(AnswerNotKept) as refusal:
        await settled(database, settings, intent, "hello")
    assert not refusal.value.retryable
    row = await account(database, intent.request.run_id)
    assert (row["input_tokens"], row["output_tokens"], row["reserved_micro_usd"]) == (3, 4, 0)
    assert await statuses(database, intent.request.run_id) == ["failed"]
