"""Turns: who gets one, in which order, and who is told to retry later. Measured by counts, without any waiting."""

import asyncio

import pytest

from chimera.security.turns import Turns
from models.errors import TooBusy


class Queue:
    """A queue with one turn at a time, which is held until the test releases it, and sixteen places."""

    def __init__(self) -> None:
        self.turns = Turns(1, 16, "passwords")
        self.served: list[str] = []
        self.open = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *senders: str, is_known: bool = False) -> None:
        for sender in senders:
            self.tasks.append(asyncio.create_task(self._come(sender, is_known=is_known), name=sender))
            await asyncio.sleep(0)

    async def _come(self, sender: str, *, is_known: bool) -> None:
        async with self.turns.turn(sender, is_known=is_known):
            self.served.append(sender)
            await self.open.wait()

    async def refused(self) -> list[str]:
        """Serve all waiting senders, and return those that were refused."""
        self.open.set()
        ends = await asyncio.gather(*self.tasks, return_exceptions=True)
        return [task.get_name() for task, end in zip(self.tasks, ends, strict=True) if isinstance(end, TooBusy)]


@pytest.fixture
async def queue() -> Queue:
    return Queue()


async def test_senders_are_served_in_turn(queue: Queue) -> None:
    await queue.come("a", "a", "a", "a", "b", "b", "c")
    assert await queue.refused() == []
    assert queue.served == ["a", "a", "b", "c", "a", "b", "a"]


async def test_three_senders_keep_no_stranger_out(queue: Queue) -> None:
    await queue.come(*["a", "b", "c"] * 8)
    await queue.come("stranger")
    refused = await queue.refused()
    assert "stranger" not in refused
    assert queue.served.index("stranger") <= 4


async def test_unknown_senders_fill_half_the_queue(queue: Queue) -> None:
    await queue.come("first", *(f"unknown {index}" for index in range(40)))
    await queue.come(*(f"known {index}" for index in range(8)), is_known=True)
    refused = await queue.refused()
    assert len(refused) == 32
    assert not [name for name in refused if name.startswith("known")]


async def test_one_known_sender_keeps_no_other_out(queue: Queue) -> None:
    """Anyone with an account counts as a known sender somewhere."""
    await queue.come(*["a"] * 40, is_known=True)
    await queue.come("owner", is_known=True)
    refused = await queue.refused()
    assert set(refused) == {"a"}
    assert queue.served[2] == "owner"


async def test_an_equal_sender_is_not_displaced(queue: Queue) -> None:
    await queue.come("first", *(f"unknown {index}" for index in range(8)))
    await queue.come("late")
    assert await queue.refused() == ["late"]


async def test_a_refusal_sets_the_retry_time(queue: Queue) -> None:
    await queue.come(*["a"] * 9)
    with pytest.raises(TooBusy) as refused:
        async with queue.turns.turn("a", is_known=False):
            pass
    assert refused.value.retry_after_s


async def test_a_leaver_frees_its_place(queue: Queue) -> None:
    await queue.come("first", *(f"unknown {index}" for index in range(8)))
    # The holder of the turn leaves at the same moment as the next one in the queue.
    for task in (queue.tasks[0], queue.tasks[1], queue.tasks[8]):
        task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await queue.come("late", "later")
    assert await queue.refused() == []
    assert queue.served == ["first", *(f"unknown {index}" for index in range(1, 7)), "late", "later"]


async def test_a_cancelled_turn_passes_on(queue: Queue) -> None:
    await queue.come("first", "second", "third")
    queue.open.set()
    await asyncio.sleep(0)
    queue.tasks[1].cancel()
    assert await queue.refused() == []
    assert "third" in queue.served
