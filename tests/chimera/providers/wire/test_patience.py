"""Time limits in processes that were frozen. Each test has its own event loop, whose clock it moves."""

import asyncio

import pytest

from chimera.providers.wire.patience import Patience


class Freezing(asyncio.SelectorEventLoop):
    """An event loop whose clock can be moved all at once, as a freeze does."""

    def __init__(self) -> None:
        super().__init__()
        self.lost_s = 0.0

    def time(self) -> float:
        return super().time() + self.lost_s


def frozen() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=Freezing)


def freeze(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Freezing)
    loop.lost_s += seconds


def in_a_minute() -> Patience:
    return Patience(asyncio.get_running_loop().time() + 60.0)


async def some_rounds_of_the_loop() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def read_after_a_freeze() -> bytes:
    reader = asyncio.StreamReader()
    async with in_a_minute():
        reading = asyncio.ensure_future(reader.readline())
        await asyncio.sleep(0)
        freeze(3600.0)
        # The limit has long passed; the bytes arrive during the loop's rounds after the freeze.
        await some_rounds_of_the_loop()
        reader.feed_data(b"the answer\n")
        return await reading


async def wait_in_vain(first_s: float, then_s: float) -> None:
    async def waits() -> None:
        async with in_a_minute():
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    freeze(first_s)
    await some_rounds_of_the_loop()
    assert not waiting.done()
    freeze(then_s)
    await waiting


def test_a_limit_strikes() -> None:
    with frozen() as runner, pytest.raises(TimeoutError):
        runner.run(wait_in_vain(59.0, 1.5))


def test_data_from_a_freeze_is_read_first() -> None:
    with frozen() as runner:
        assert runner.run(read_after_a_freeze()) == b"the answer\n"


def test_a_limit_strikes_after_a_freeze_when_nothing_came() -> None:
    # The grace period is as long as the limit was late.
    with frozen() as runner, pytest.raises(TimeoutError):
        runner.run(wait_in_vain(62.0, 2.5))


async def ends_at() -> float:
    """Return how many seconds after a one-minute limit the timeout fires in a process that was never frozen."""
    loop = asyncio.get_running_loop()
    patience = in_a_minute()
    waiting = asyncio.ensure_future(_forever(patience))
    await asyncio.sleep(0)
    for place in (59.0, 60.0):
        # Simulate a loop that ran all the time: each timer fires on time.
        assert patience._deadline == pytest.approx(patience._limit - 60.0 + place, abs=1e-6)
        freeze(patience._deadline - loop.time())
        await some_rounds_of_the_loop()
    with pytest.raises(TimeoutError):
        await waiting
    return patience._deadline - patience._limit


async def _forever(patience: Patience) -> None:
    async with patience:
        await asyncio.Event().wait()


def test_an_unfrozen_process_is_cut_at_the_limit() -> None:
    with frozen() as runner:
        assert runner.run(ends_at()) == 0.0
