"""Following a task: each event arrives once and in order despite outages; tokens arrive only while they are useful."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing
from typing import Any

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text, update
from sqlalchemy.pool import AsyncAdaptedQueuePool

from api.deps import Parts
from api.live import channel
from api.live.channel import KEPT_EVENTS, QUEUE_FRAMES
from api.live.ending import HubClosed, stop
from api.live.frames import Written
from api.live.hub import MAX_BEHIND, Hub
from chimera.bus import Bus, _text
from chimera.db.engine import Connection, Database
from chimera.db.tables import Call, Run
from chimera.ledger import events
from chimera.ledger.events import append
from models.errors import NotFound
from models.events import (
    Event,
    EventFrame,
    ModelCallFailed,
    ModelCallFinished,
    ModelCallStarted,
    RunCompleted,
    RunFailed,
    RunRetried,
    SnapshotFrame,
    TokensFrame,
)
from models.ids import ROOT, TaskId, UserId
from models.model_calls import Purpose
from models.users import Caller
from tests.api.conftest import new_task, publish
from tests.until import LIMIT_S, until, until_true

Place = dict[str, Any]


@pytest.fixture
async def caller(alice: httpx2.AsyncClient) -> Caller:
    me = (await alice.get("/api/v1/auth/me")).json()
    return Caller(user_id=UserId(me["id"]), role="user")


@pytest.fixture
def api(app: FastAPI) -> Parts:
    parts: Parts = app.state.parts
    return parts


@pytest.fixture
async def only_by_bus(api: Parts, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """Yield a hub that doesn't poll: on a busy machine, a poll may deliver an event before the text preceding it."""
    monkeypatch.setattr("api.live.hub.LOOK_SECONDS", 3600)
    hub = Hub(api.database, api.bus, api.temporal.ui_url)
    hub.start()
    yield hub
    await hub.close()


async def test_a_follower_gets_all_events_to_the_last(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    await publish(app, task_id, started(1))
    async with aclosing(api.hub.follow(caller, TaskId(task_id))) as frames:
        assert _seqs([await anext(frames), await anext(frames)]) == [1, 2]
        await publish(app, task_id, finished(1), started(2))
        await publish(app, task_id, finished(2), RunCompleted(preview="done"))
        assert _seqs(await _all(frames)) == [3, 4, 5, 6]


async def test_a_follower_sees_a_retry_after_the_failure(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    async with aclosing(api.hub.follow(caller, TaskId(task_id))) as frames:
        assert _seqs([await anext(frames)]) == [1]
        await publish(app, task_id, RunFailed(code="wrong_key", message="No."), RunRetried(paths=()))
        assert _seqs([await anext(frames), await anext(frames)]) == [2, 3]
        await publish(app, task_id, RunCompleted(preview="done"))
        assert _seqs(await _all(frames)) == [4]


async def test_a_follower_is_notified_before_the_first_read(
    app: FastAPI, alice: httpx2.AsyncClient, caller: Caller, only_by_bus: Hub
) -> None:
    task_id = (await new_task(alice))["id"]
    async with asyncio.timeout(LIMIT_S), aclosing(only_by_bus.follow(caller, TaskId(task_id))) as frames:
        assert _seqs([await anext(frames)]) == [1]
        await publish(app, task_id, started(1))
        assert _seqs([await anext(frames)]) == [2]


async def test_reconnecting_clients_see_each_event_once(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    chance = random.Random(7)

    async def follow_with_interruptions() -> list[int]:
        seen: list[int] = []
        while not seen or seen[-1] < 202:
            patience = chance.randint(1, 30)
            async with aclosing(api.hub.follow(caller, TaskId(task_id), after=seen[-1] if seen else 0)) as frames:
                async for frame in frames:
                    seen += _seqs([frame])
                    patience -= 1
                    if patience == 0:
                        break
        return seen

    async def run() -> None:
        for step in range(100):
            await publish(app, task_id, started(step), finished(step))
            if step % 10 == 0:
                await asyncio.sleep(0.02)
        await publish(app, task_id, RunCompleted(preview="done"))

    async with asyncio.timeout(LIMIT_S):
        *seen, _ = await asyncio.gather(*(follow_with_interruptions() for _ in range(8)), run())
    assert all(one == list(range(1, 203)) for one in seen)


async def test_without_redis_events_come_all_the_same(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.hub.LOOK_SECONDS", 0.3)
    away = Bus(api.settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"}))
    hub = Hub(api.database, away, api.temporal.ui_url)
    hub.start()
    try:
        task_id = (await new_task(alice))["id"]
        async with asyncio.timeout(LIMIT_S), aclosing(hub.follow(caller, TaskId(task_id))) as frames:
            assert _seqs([await anext(frames)]) == [1]
            await publish(app, task_id, started(1), finished(1), RunCompleted(preview="done"))
            assert _seqs(await _all(frames)) == [2, 3, 4]
    finally:
        await hub.close()
        await away.close()


@pytest.mark.parametrize("fields", [{"t": "{}"}, {"s": "x"}, {"of": "a later version"}])
async def test_an_unreadable_bus_entry_is_passed_over(
    app: FastAPI,
    api: Parts,
    alice: httpx2.AsyncClient,
    caller: Caller,
    only_by_bus: Hub,
    fields: dict[Any, Any],
) -> None:
    task_id = TaskId((await new_task(alice))["id"])
    await api.bus._redis.xadd(f"chimera:run:{task_id}", fields)
    async with asyncio.timeout(LIMIT_S), aclosing(only_by_bus.follow(caller, task_id)) as frames:
        assert _seqs([await anext(frames)]) == [1]
        entry_id = _text(await api.bus._redis.xadd(f"chimera:run:{task_id}", fields))
        # The channel must move past the unreadable entry, or each read would begin before it and return at once.
        await until(lambda: only_by_bus._channels[task_id].position == entry_id)
        await publish(app, task_id, started(1))
        assert _seqs([await anext(frames)]) == [2]


async def test_the_loops_outlive_unexpected_errors(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.hub.AWAY_SECONDS", 0.01)
    broken = {"read": asyncio.Event(), "last_seqs": asyncio.Event()}

    async def fail(name: str) -> None:
        broken[name].set()
        raise LookupError("a mistake of ours")

    task_id = TaskId((await new_task(alice))["id"])
    hub = Hub(api.database, api.bus, api.temporal.ui_url)
    async with asyncio.timeout(LIMIT_S), aclosing(hub.follow(caller, task_id)) as frames:
        with monkeypatch.context() as wrong:
            wrong.setattr(api.bus, "read", lambda *_, **__: fail("read"))
            wrong.setattr(events, "last_seqs", lambda *_: fail("last_seqs"))
            hub.start()
            assert _seqs([await anext(frames)]) == [1]
            for each in broken.values():
                await each.wait()
        await publish(app, task_id, started(1))
        assert _seqs([await anext(frames)]) == [2]
        assert not any(work.done() for work in hub._work)
        await hub.close()


async def test_a_follower_far_behind_gets_a_snapshot(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    plan = [{"key": "facts", "instruction": "Collect facts."}]
    task_id = (await new_task(alice, plan=plan))["id"]
    last = await _add_events(api.database, task_id, MAX_BEHIND)
    async with aclosing(api.hub.follow(caller, TaskId(task_id), after=last - MAX_BEHIND)) as frames:
        assert _seqs([await anext(frames)]) == [last - MAX_BEHIND + 1]
    async with aclosing(api.hub.follow(caller, TaskId(task_id))) as frames:
        snapshot = (await anext(frames)).frame
        await publish(app, task_id, RunCompleted(preview="done"))
        [end] = await _all(frames)
    assert isinstance(snapshot, SnapshotFrame)
    assert snapshot.task is not None
    assert (snapshot.seq, snapshot.task.last_seq, [one.path for one in snapshot.subtasks]) == (last, last, ["facts"])
    assert _seqs([end]) == [last + 1]


async def test_a_client_ahead_of_the_events_gets_a_snapshot(
    api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    async with aclosing(api.hub.follow(caller, TaskId(task_id), after=99)) as frames:
        assert isinstance((await anext(frames)).frame, SnapshotFrame)


async def test_a_task_that_has_ended_is_replayed_and_over(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    await alice.post(f"/api/v1/tasks/{task_id}/cancel")
    assert _seqs(await _all(api.hub.follow(caller, TaskId(task_id)))) == [1, 2]
    assert await _all(api.hub.follow(caller, TaskId(task_id), after=2)) == []


async def test_tokens_lie_between_the_events_where_they_belong(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller, only_by_bus: Hub
) -> None:
    hub = only_by_bus
    task_id = (await new_task(alice))["id"]
    following = asyncio.create_task(_all(hub.follow(caller, TaskId(task_id), after=1)))
    await _joined(hub, task_id)
    await publish(app, task_id, started(1))
    api.bus.publish_tokens(tokens(task_id, 1, "Hel"))
    await publish(app, task_id, failed(1), started(1, attempt=2))
    api.bus.publish_tokens(tokens(task_id, 1, "lo from before"))  # from the attempt that has ended
    api.bus.publish_tokens(tokens(task_id, 1, "Hello", attempt=2))
    await publish(app, task_id, finished(1, attempt=2))
    api.bus.publish_tokens(tokens(task_id, 1, " too late", attempt=2))
    await publish(app, task_id, RunCompleted(preview="done"))
    assert _shown(await following) == [2, "Hel", 3, 4, "Hello", 5, 6]


async def test_a_late_follower_sees_only_the_current_text(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    await publish(app, task_id, started(1))
    api.bus.publish_tokens(tokens(task_id, 1, "old"))
    await publish(app, task_id, finished(1), started(2))
    api.bus.publish_tokens(tokens(task_id, 2, "new"))
    await until_true(lambda: _are_kept(api.bus, task_id, 2))
    async with api.database.begin() as session:
        session.add(Call(run_id=task_id, path="", purpose="turn", step=2, attempt=1, status="started"))
    for after in (0, 2, 4):
        async with aclosing(api.hub.follow(caller, TaskId(task_id), after=after)) as frames:
            seen = [await anext(frames) for _ in range(4 - after + 1)]
        assert _shown(seen) == [*range(after + 1, 5), "new"]


async def test_a_slow_client_loses_only_tokens(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    async with aclosing(api.hub.follow(caller, TaskId(task_id))) as frames:
        assert _seqs([await anext(frames)]) == [1]
        await publish(app, task_id, started(1))
        for offset in range(600):
            api.bus.publish_tokens(tokens(task_id, 1, "x", offset=2 * offset))
        await publish(app, task_id, finished(1), RunCompleted(preview="done"))
        await until(lambda: api.hub._channels[TaskId(task_id)].last_seq == 4)
        rest = await _all(frames)
    assert _seqs(rest) == [2, 3, 4]
    assert sum(isinstance(each.frame, TokensFrame) for each in rest) <= QUEUE_FRAMES


async def test_followers_share_one_read_and_one_text(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read_after = events.read_after

    async def noting(connection: Connection, task_id: TaskId, after: int, limit: int) -> list[EventFrame]:
        reads.append(after)
        return await read_after(connection, task_id, after, limit)

    monkeypatch.setattr(events, "read_after", noting)
    task_id = (await new_task(alice))["id"]
    following = [asyncio.create_task(_all(api.hub.follow(caller, TaskId(task_id)))) for _ in range(20)]
    await _joined(api.hub, task_id)
    await until(lambda: api.hub._channels[TaskId(task_id)].followers == 20)
    await publish(app, task_id, started(1), finished(1))
    await until(lambda: api.hub._channels[TaskId(task_id)].last_seq == 3)
    await publish(app, task_id, RunCompleted(preview="done"))
    every = await asyncio.gather(*following)
    assert all(_seqs(one) == [1, 2, 3, 4] for one in every)
    assert all(one[-1] is every[0][-1] for one in every)
    assert reads == [1, 3]


async def test_a_slow_follower_gets_every_event(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = (await new_task(alice))["id"]
    async with aclosing(api.hub.follow(caller, TaskId(task_id))) as frames:
        assert _seqs([await anext(frames)]) == [1]
        last = await _add_events(api.database, task_id, 2 * KEPT_EVENTS)
        await publish(app, task_id, RunCompleted(preview="done"))
        await until(lambda: api.hub._channels[TaskId(task_id)].last_seq == last + 1)
        assert _seqs(await _all(frames)) == list(range(2, last + 2))


async def test_a_channel_behind_a_retry_ends_no_follower(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = TaskId((await new_task(alice))["id"])
    async with aclosing(api.hub.follow(caller, task_id)) as first:
        assert _seqs([await anext(first)]) == [1]
        await publish(app, task_id, RunFailed(code="wrong_key", message="No."))
        await until(lambda: api.hub._channels[task_id].last_seq == 2)
        async with api.database.begin() as session:  # its announcement hasn't arrived yet
            await append(session, task_id, RunRetried(paths=()))
        async with aclosing(api.hub.follow(caller, task_id, after=2)) as second:
            assert _seqs([await anext(second)]) == [3]
            await publish(app, task_id, RunCompleted(preview="done"))
            assert _seqs(await _all(second)) == [4]


async def test_the_first_read_waits_for_the_database(
    api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest, tries = events.newest, 0

    async def away_once(connection: Connection, run_id: TaskId, limit: int) -> list[EventFrame]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise psycopg.OperationalError("away")
        return await newest(connection, run_id, limit)

    monkeypatch.setattr(events, "newest", away_once)
    monkeypatch.setattr(channel, "AWAY_SECONDS", 0.01)
    task_id = TaskId((await new_task(alice))["id"])
    async with aclosing(api.hub.follow(caller, task_id)) as frames:
        assert _seqs([await anext(frames)]) == [1]
    assert tries == 2


async def test_a_failed_channel_is_replaced(
    app: FastAPI, api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = TaskId((await new_task(alice))["id"])
    with ExitStack() as first:
        failed = first.enter_context(api.hub._following(task_id))
        await failed.begun()
        with monkeypatch.context() as broken:
            broken.setattr(events, "read_after", _failing)
            failed.offer(2)
            await until(lambda: failed.has_failed)
        async with aclosing(api.hub.follow(caller, task_id)) as frames:
            assert _seqs([await anext(frames)]) == [1]
            first.close()
            await publish(app, task_id, RunCompleted(preview="done"))
            assert _seqs(await _all(frames)) == [2]
    assert not api.hub._channels


async def _failing(*_: object) -> list[EventFrame]:
    raise ValueError("a mistake of ours")


async def test_a_failed_first_read_is_reported_to_all_followers(
    api: Parts, alice: httpx2.AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:

    task_id = TaskId((await new_task(alice))["id"])
    with monkeypatch.context() as broken:
        broken.setattr(events, "newest", _failing)
        both = await asyncio.gather(*(_all(api.hub.follow(caller, task_id)) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in both] == [ValueError] * 2
    async with aclosing(api.hub.follow(caller, task_id)) as frames:
        assert _seqs([await anext(frames)]) == [1]


async def test_waiting_holds_no_connection_to_the_database(
    api: Parts, alice: httpx2.AsyncClient, caller: Caller
) -> None:
    task_id = TaskId((await new_task(alice))["id"])
    seen = 0

    async def follow() -> None:
        nonlocal seen
        async for _ in api.hub.follow(caller, task_id):
            seen += 1

    following = [asyncio.create_task(follow()) for _ in range(50)]
    async with asyncio.timeout(LIMIT_S):
        # Wait until each follower has received the only event and waits for the next one.
        while seen < 50:
            await asyncio.sleep(0.1)
    held = []
    for _ in range(10):
        held.append(_connections_in_use(api.database))
        await asyncio.sleep(0.1)
    assert max(held) <= 1  # the check every 5 s is one query for all followers
    await stop(following)
    assert not api.hub._channels


async def test_another_user_cannot_follow(api: Parts, bob: httpx2.AsyncClient, caller: Caller) -> None:
    task_id = (await new_task(bob))["id"]
    with pytest.raises(NotFound):
        await _all(api.hub.follow(caller, TaskId(task_id)))


async def test_a_process_that_ends_lets_its_followers_go(api: Parts, alice: httpx2.AsyncClient, caller: Caller) -> None:
    hub = Hub(api.database, api.bus, api.temporal.ui_url)
    hub.start()
    task_id = TaskId((await new_task(alice))["id"])
    following = asyncio.create_task(_all(hub.follow(caller, task_id)))
    await _joined(hub, task_id)
    await hub.close()
    with pytest.raises(HubClosed):
        await following


def started(step: int, attempt: int = 1) -> Event:
    place: Place = {"path": ROOT, "step": step, "attempt": attempt, "purpose": Purpose.TURN}
    return ModelCallStarted(**place, agent="writer", model="simulator/standard", simulated=True)


def finished(step: int, attempt: int = 1) -> Event:
    place: Place = {"path": ROOT, "step": step, "attempt": attempt, "purpose": Purpose.TURN}
    return ModelCallFinished(
        **place, preview="Hello", tool_calls=(), input_tokens=1, output_tokens=1, cost_micro_usd=0, spent_micro_usd=0
    )


def failed(step: int, attempt: int = 1) -> Event:
    place: Place = {"path": ROOT, "step": step, "attempt": attempt, "purpose": Purpose.TURN}
    return ModelCallFailed(**place, code="stalled", message="", retryable=True)


def tokens(task_id: str, step: int, words: str, *, attempt: int = 1, offset: int = 0) -> TokensFrame:
    return TokensFrame(
        run_id=TaskId(task_id),
        path=ROOT,
        purpose=Purpose.TURN,
        step=step,
        attempt=attempt,
        offset=offset,
        text=words,
    )


async def _joined(hub: Hub, task_id: str) -> None:
    """Wait until a follower's first read is done, so that later events arrive through the bus."""
    await until(lambda: task_id in hub._channels and hub._channels[TaskId(task_id)].last_seq > 0)


async def _are_kept(bus: Bus, task_id: str, count: int) -> bool:
    _, kept = await bus.backlog(TaskId(task_id))
    return len(kept) == count


async def _all(frames: AsyncIterator[Written]) -> list[Written]:
    return [frame async for frame in frames]


def _seqs(frames: list[Written]) -> list[int]:
    return [each.frame.seq for each in frames if isinstance(each.frame, EventFrame)]


def _shown(frames: list[Written]) -> list[int | str]:
    return [each.frame.text if isinstance(each.frame, TokensFrame) else each.frame.seq for each in frames]


def _connections_in_use(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    stats = database._pool.get_stats()
    return pool.checkedout() + stats["pool_size"] - stats["pool_available"]


async def _add_events(database: Database, task_id: str, count: int) -> int:
    """Add many events at once, and return the last one's sequence number."""
    async with database.begin() as session:
        last = await session.scalar(
            update(Run).where(Run.id == task_id).values(event_seq=Run.event_seq + count).returning(Run.event_seq)
        )
        await session.execute(
            text(
                "INSERT INTO events (run_id, seq, payload)"
                """ SELECT :task_id, n, '{"type": "run.resumed"}'"""
                " FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n"
            ),
            {"task_id": task_id, "first": (last or 0) - count + 1, "last": last},
        )
    return last or 0
