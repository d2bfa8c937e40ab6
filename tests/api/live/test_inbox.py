"""News of a run waits in its order; text gives way, events don't."""

from api.live.inbox import QUEUED, Inbox
from models.events import TokensFrame
from tests.api.live.test_frames import tokens


async def test_events_without_text_between_are_one_read() -> None:
    inbox = Inbox()
    for seq in (1, 2, 3):
        inbox.offer(seq)
    inbox.offer(tokens())
    inbox.offer(4)
    assert [await anext(inbox), type(await anext(inbox)), await anext(inbox)] == [3, TokensFrame, 4]


async def test_an_old_hint_is_no_news() -> None:
    inbox = Inbox()
    for seq in (5, 4, 5, 6):
        inbox.offer(seq)
    assert await anext(inbox) == 6


async def test_a_full_inbox_loses_text_and_no_event() -> None:
    inbox = Inbox()
    for seq in range(QUEUED):
        inbox.offer(tokens())
        inbox.offer(seq + 1)
    news = [await anext(inbox) for _ in range(QUEUED)]
    assert sum(isinstance(each, TokensFrame) for each in news) == QUEUED // 2
    assert news[-1] == QUEUED


async def test_a_hint_without_a_place_comes_last() -> None:
    inbox = Inbox()
    for _ in range(QUEUED):
        inbox.offer(tokens())
    inbox.offer(7)
    assert [await anext(inbox) for _ in range(QUEUED + 1)][-1] == 7
