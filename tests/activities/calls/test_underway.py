"""Calls in flight: new attempts join them, cancels end them, and other processes see that they are alive."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities.calls import underway
from activities.calls.underway import Underway

GIVEN_UP = ActivityCancellationDetails(not_found=True)
CANCELLED = ActivityCancellationDetails(cancel_requested=True)


@dataclass
class Rig:
    """Calls whose work waits until the test lets it end, and what they recorded."""

    recorded: list[str] = field(default_factory=list)
    now: float = 0.0
    attempts: int = 0
    begun: int = 0
    cut: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    calls: Underway[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Underway[str, str](self._record, clock=lambda: self.now)

    async def attempt(self) -> str:
        self.attempts += 1
        return await self.calls.join("call", "place", self._work)

    async def _work(self) -> str:
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cut += 1
            raise
        return "answer"

    async def _record(self, places: Collection[str]) -> None:
        self.recorded.extend(places)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.calls.close()


async def begun(rig: Rig) -> tuple[ActivityEnvironment, "asyncio.Task[str]"]:
    """Begin an attempt, as Temporal does, and return once its work is waiting."""
    environment, before = ActivityEnvironment(), rig.attempts
    run: Callable[[], Awaitable[str]] = rig.attempt
    task = asyncio.ensure_future(environment.run(run))
    while rig.attempts == before or not rig.begun:
        await asyncio.sleep(0)
    return environment, task


async def test_a_second_attempt_joins_the_first(rig: Rig) -> None:
    _, first = await begun(rig)
    _, second = await begun(rig)
    rig.may_end.set()
    assert (await first, await second) == ("answer", "answer")
    assert rig.begun == 1


async def test_an_attempt_abandoned_by_temporal_continues(rig: Rig) -> None:
    environment, first = await begun(rig)
    environment.cancel(GIVEN_UP)
    with pytest.raises(asyncio.CancelledError):
        await first
    _, second = await begun(rig)
    rig.may_end.set()
    assert await second == "answer"
    assert (rig.begun, rig.cut) == (1, 0)


async def test_a_cancel_ends_the_work_before_it_is_raised(rig: Rig) -> None:
    environment, first = await begun(rig)
    environment.cancel(CANCELLED)
    with pytest.raises(asyncio.CancelledError):
        await first
    assert rig.cut == 1


async def test_a_cancel_of_one_that_joined_ends_the_work(rig: Rig) -> None:
    given_up, first = await begun(rig)
    given_up.cancel(GIVEN_UP)
    with pytest.raises(asyncio.CancelledError):
        await first
    cancelled, second = await begun(rig)
    cancelled.cancel(CANCELLED)
    with pytest.raises(asyncio.CancelledError):
        await second
    assert rig.cut == 1


async def test_closing_ends_abandoned_work(rig: Rig) -> None:
    environment, first = await begun(rig)
    environment.cancel(GIVEN_UP)
    with pytest.raises(asyncio.CancelledError):
        await first
    await rig.calls.close()
    assert rig.cut == 1


async def test_long_calls_are_reported_alive(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(underway, "TICK_S", 0)
    await begun(rig)
    for _ in range(5):
        await asyncio.sleep(0)
    assert rig.recorded == []
    while not rig.recorded:
        rig.now += 1.0
        await asyncio.sleep(0)
    assert set(rig.recorded) == {"place"}


async def test_a_process_that_stood_still_knows_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(underway, "TICK_S", 0)
    await begun(rig)
    assert not rig.calls.thawed_lately()
    rig.now += 20.0
    while not rig.calls.thawed_lately():
        await asyncio.sleep(0)
    # It reports at once which calls are alive.
    while not rig.recorded:
        await asyncio.sleep(0)
    rig.now += 1.0
    await asyncio.sleep(0)
    rig.now += 1.0
    await asyncio.sleep(0)
    rig.now += 1.0
    await asyncio.sleep(0)
    rig.now += 2.5
    assert not rig.calls.thawed_lately()
