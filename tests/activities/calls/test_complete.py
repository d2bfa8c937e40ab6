"""The ledger's sums stay correct when attempts die, finish late or overlap, amid stops, skips and guidance.

Each seed is one task whose attempts behave like activities on the real database. Their order is random.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from sqlalchemy import text

from activities.calls.chat import Chat
from activities.calls.settle import Settlements
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import accounts, calls, ends, in_doubt, runs, transcripts
from chimera.ledger.calls import Intent
from chimera.providers.base import ChatEnd, ToolRequest
from chimera.store import task_controls, tasks
from models.errors import AnswerMissing, Conflict, InvalidInput, Overloaded, Overtaken, RootStopped, Unreachable
from models.ids import ROOT, NodePath, TaskId, UserId
from models.model_calls import ModelCallRequest, Purpose
from models.runs import CLOSED, STOPPED, RunKind
from models.tasks import Budget, Guidance, TaskSpec, TransitionRecord
from models.usage import Usage
from models.users import Caller
from tests.activities.calls.chats import chat_of, ready
from tests.runs import MODEL, a_subtask, new_user

KEYS = ("a", "b")
STEPS = 2
RESERVED_MICRO_USD, RESERVED_TOKENS = 100, 10
MOST_ATTEMPTS = 6
"""The number of attempts after which an activity gives up a call."""


@dataclass
class Chance:
    """One task and the random events that happen to it."""

    database: Database
    settlements: Settlements
    chat: Chat
    task_id: TaskId
    caller: Caller
    random: random.Random
    strays: list[asyncio.Task[None]] = field(default_factory=list)

    async def pause(self) -> None:
        await asyncio.sleep(self.random.choice((0, 0, 0.001, 0.005, 0.02)))

    async def run(self) -> None:
        """Run both subtasks and combine their answers while other actions interfere; then wait for late attempts."""
        others = [self.interfere(action) for action in self.random.sample(self.interferences(), 2)]
        await asyncio.gather(self.work(), *others)
        await asyncio.gather(*self.strays)

    async def work(self) -> None:
        await asyncio.gather(*(self.node(NodePath(key)) for key in KEYS))
        if not await self.call(ROOT, Purpose.AGGREGATE, 1):
            await self.close()

    async def node(self, path: NodePath) -> None:
        for step in range(1, STEPS + 1):
            if not await self.call(path, Purpose.TURN, step):
                (task,) = await self.rows("runs")
                if task.status not in STOPPED:
                    # A stopped run records nothing more about its subtasks.
                    await self.end(path, self.random.choice(("failed", "skipped")))
                return

    async def call(self, path: NodePath, purpose: Purpose, step: int) -> bool:
        """Attempt a call until it is answered, as Temporal does. Attempts that are late or dead are given up."""
        request = ModelCallRequest(run_id=self.task_id, path=path, purpose=purpose, step=step, agent="writer")
        for _ in range(MOST_ATTEMPTS):
            intent = await self.intend(request)
            if intent == "answered":
                return True
            if isinstance(intent, Intent):
                fate = self.random.choice((self.answer, self.answer, self.fail, self.lose))
                attempt = asyncio.create_task(fate(intent))
                if self.random.random() < 0.3:
                    self.strays.append(attempt)
                else:
                    await attempt
            await self.pause()
        return False

    async def intend(self, request: ModelCallRequest) -> Intent | Literal["answered", "refused"]:
        """Do what an activity does before it sends a request to a provider."""
        async with self.database.statements() as connection:
            context = await transcripts.read_context(connection, request)
            if context.call_status == "started" and context.run_status not in STOPPED:
                async with connection.transaction():
                    await in_doubt.mark(connection, request, context.attempt)
                context = await transcripts.read_context(connection, request)
            if context.call_status == "finished":
                return "answered"
            await self.pause()
            intent = Intent(
                request=request,
                attempt=context.attempt + 1,
                model=MODEL,
                simulated=True,
                worker="w",
                reserve_micro_usd=RESERVED_MICRO_USD,
                reserve_tokens=RESERVED_TOKENS,
                guidance_seen=context.guidance_given,
            )
            try:
                if await calls.reserve(connection, intent) is not None:
                    return intent
                async with connection.transaction():
                    refusal = await accounts.why_refused(connection, intent)
                    if not (refusal.stopped or refusal.left_out or refusal.for_now):
                        await accounts.wait_for_budget(connection, self.task_id, refusal)
            except Overtaken:
                pass
            return "refused"

    async def answer(self, intent: Intent) -> None:
        await self.pause()
        last = intent.request.purpose is Purpose.AGGREGATE or intent.request.step == STEPS
        asked = () if last else (ToolRequest("call_1", "calculator", '{"expression": "1 + 1"}'),)
        end = ChatEnd("stop", Usage(input_tokens=12, output_tokens=16), tool_calls=asked)
        request = intent.request
        try:
            await self.chat.settle(ready(intent), "hello", end)
        except (Overtaken, RootStopped, AnswerMissing):
            return
        # Only what the ledger has stored is reported as done.
        place = (request.path, request.purpose, request.step)
        calls = [call for call in await self.rows("calls") if (call.path, call.purpose, call.step) == place]
        assert [(call.status, call.attempt) for call in calls] == [("finished", intent.attempt)]

    async def fail(self, intent: Intent) -> None:
        await self.pause()
        kind = self.random.choice((Overloaded, Unreachable))
        error = kind("It is away.")
        spent = self.chat.spent(ready(intent), "", error)
        await self.settlements.write_failure(intent, spent, error)

    async def lose(self, intent: Intent) -> None:
        """Die without recording anything. It takes a while until the loss is noticed."""
        await asyncio.sleep(0.03)

    async def end(self, path: NodePath, status: Literal["failed", "skipped"]) -> None:
        async with self.database.begin() as session:
            record = TransitionRecord(run_id=self.task_id, path=path, status=status, error_code="attempts_used_up")
            await ends.record(session, record)

    async def interfere(self, action: Callable[[], Awaitable[object]]) -> None:
        await asyncio.sleep(self.random.random() * 0.06)
        try:
            await action()
        except (Conflict, InvalidInput):
            return

    def interferences(self) -> list[Callable[[], Awaitable[object]]]:
        def asked(action: Callable[..., Coroutine[Any, Any, object]], *args: Any) -> Callable[[], Awaitable[object]]:
            async def ask() -> None:
                async with self.database.begin() as session:
                    await action(session, self.caller, self.task_id, *args)

            return ask

        return [
            asked(task_controls.cancel, RunKind.TASK),
            asked(task_controls.steer, Guidance(text="Be short.")),
            asked(task_controls.raise_budget, Budget(max_cost_micro_usd=10_000)),
            lambda: self.end(NodePath("a"), "skipped"),
            lambda: self.end(NodePath("b"), "skipped"),
            lambda: self.end(NodePath("b"), "failed"),
        ]

    async def close(self) -> None:
        """End a task that can't continue, as its run would."""
        async with self.database.begin() as session:
            await runs.close_from_temporal(session, self.task_id, cancelled=False)

    async def rows(self, table: str) -> list[Any]:
        key = "id" if table == "runs" else "run_id"
        async with self.database.begin() as session:
            found = await session.execute(text(f"SELECT * FROM {table} WHERE {key} = :id"), {"id": self.task_id})
            return list(found)


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    bus = Bus(settings)
    yield bus
    await bus.close()


@pytest.mark.parametrize("seed", range(24))
async def test_accounts_add_up_under_any_interleaving(
    database: Database, settings: Settings, bus: Bus, seed: int
) -> None:
    owner = await new_user(database)
    budget = {"max_cost_micro_usd": 7 * RESERVED_MICRO_USD}
    fields = {"goal": "x", "model": MODEL, "plan": [a_subtask(key) for key in KEYS], "budget": budget}
    async with database.begin() as session:
        task_id, _ = await tasks.create(session, owner, TaskSpec.model_validate(fields), default_model=MODEL)
    caller = Caller(user_id=UserId(owner), role="user")
    settlements = Settlements(database=database, bus=bus)
    chat = chat_of(settings, database, bus)
    chance = Chance(database, settlements, chat, task_id, caller, random.Random(seed))
    await chance.run()
    await check(chance)
    await chance.close()
    await check(chance)
    (task,) = await chance.rows("runs")
    assert task.status in CLOSED
    assert (task.reserved_micro_usd, task.reserved_tokens) == (0, 0)


async def check(chance: Chance) -> None:
    """Check that the account matches the attempts, calls, subtasks and events, whatever happened."""
    (task,) = await chance.rows("runs")
    attempts, calls = await chance.rows("call_attempts"), await chance.rows("calls")
    subtasks, reported = await chance.rows("subtasks"), await chance.rows("events")
    in_flight = [each for each in attempts if each.status == "started"]
    assert task.spent_micro_usd == sum(each.cost_micro_usd for each in attempts)
    assert task.in_doubt_micro_usd == sum(each.reserved_micro_usd for each in attempts if each.status == "in_doubt")
    assert task.reserved_micro_usd == sum(each.reserved_micro_usd for each in in_flight)
    assert task.reserved_tokens == sum(each.reserved_tokens for each in in_flight)
    assert task.input_tokens == sum(each.input_tokens for each in attempts)
    assert task.output_tokens == sum(each.output_tokens for each in attempts)
    assert task.model_calls == sum(each.error_code != Unreachable.code for each in attempts)
    assert task.spent_micro_usd + task.in_doubt_micro_usd + task.reserved_micro_usd <= task.max_cost_micro_usd
    assert task.subtasks_done == sum(each.status in ("completed", "skipped") for each in subtasks)
    finished = [(each.path, each.purpose, each.step) for each in attempts if each.status == "finished"]
    assert sorted(finished) == sorted((c.path, c.purpose, c.step) for c in calls if c.status == "finished")
    assert sorted(each.seq for each in reported) == list(range(1, task.event_seq + 1))
    if task.status == "completed":
        assert all(each.status in ("completed", "skipped") for each in subtasks)
    assert all(each.result is not None for each in subtasks if each.status == "completed")
    ends = [each.seq for each in reported if each.payload["type"] in ("run.completed", "run.failed", "run.cancelled")]
    assert ends == ([task.event_seq] if task.status in CLOSED else [])
