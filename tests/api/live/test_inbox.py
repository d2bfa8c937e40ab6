"""A run's inbox keeps its news in order. When it is full, it drops text but never events."""

import pytest

from api.live.inbox import QUEUED, Inbox
from models.events import TokensFrame
from tests.api.live.test_frames import tokens


async def test_events_without_text_between_are_one_read() -> None:
    inbox = Inbox()
    for seq in (1, 2, 3):
        inbox.offer(seq)
    inbox.offer(tokens())
    inbox.offer(4)
    assert [each if isinstance(each, int) else type(each) for each in await inbox.all()] == [3, TokensFrame, 4]


async def test_waiting_pieces_of_a_call_become_one() -> None:
    inbox = Inbox()
    for step, offset, text in [(1, 0, "Hel"), (2, 0, "An"), (1, 3, "lo"), (2, 2, "other")]:
        inbox.offer(piece(text, step=step, offset=offset))
    assert await inbox.all() == [piece("Hello", step=1), piece("Another", step=2)]


@pytest.mark.parametrize("between", ["an event", "a gap"])
async def test_pieces_stay_apart(between: str) -> None:
    inbox = Inbox()
    inbox.offer(piece("Hel"))
    if between == "an event":
        inbox.offer(1)
    last = piece("lo", offset=3 if between == "an event" else 4)
    inbox.offer(last)
    news = await inbox.all()
    assert (news[0], news[-1]) == (piece("Hel"), last)


async def test_an_old_hint_is_no_news() -> None:
    inbox = Inbox()
    for seq in (5, 4, 5, 6):
        inbox.offer(seq)
    assert await inbox.all() == [6]
    inbox.offer(6)
    inbox.offer(7)
    assert await inbox.all() == [7]


async def test_a_full_inbox_loses_text_and_no_event() -> None:
    inbox = Inbox()
    for seq in range(QUEUED):
        inbox.offer(tokens())
        inbox.offer(seq + 1)
    news = await inbox.all()
    assert sum(isinstance(each, TokensFrame) for each in news) == QUEUED // 2
    assert news[-1] == QUEUED


async def test_a_hint_without_a_place_comes_last() -> None:
    inbox = Inbox()
    for number in range(QUEUED):
        inbox.offer(piece("x", offset=2 * number))
    inbox.offer(7)
    news = await inbox.all()
    assert (len(news), news[-1]) == (QUEUED + 1, 7)


def piece(text: str, *, step: int = 1, offset: int = 0) -> TokensFrame:
    return tokens().model_copy(update={"text": text, "step": step, "offset": offset})
