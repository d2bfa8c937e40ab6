"""Replies on a screen: text that is taken back, repeated or incomplete."""

from collections.abc import Sequence

import pytest

from cli.chat.conversation import show
from cli.chat.markdown import Printer
from cli.chat.page import Page
from cli.chat.reply import ReplyState
from models.events import Event, EventFrame, Frame, ModelCallFinished, ModelCallStarted, TokensFrame, ToolCallStarted
from models.ids import RunId
from models.model_calls import Purpose
from tests.cli.builders import NOW

RUN = RunId("00000000-0000-0000-0000-000000000001")


class Paper:
    """A surface that keeps what was printed."""

    def __init__(self, room: int = 100) -> None:
        self.printer = Printer(colored=False)
        self.lines: list[str] = []
        self.below = ""
        self._room = room

    @property
    def printed_lines(self) -> int:
        return len(self.lines)

    def print(self, text: str) -> None:
        self.lines += text.splitlines()

    def show_below(self, text: str) -> None:
        self.below = text

    def erase(self, lines: int) -> bool:
        if lines > self._room:
            return False
        del self.lines[-lines:]
        return True


def tokens(text: str, offset: int = 0, step: int = 1, attempt: int = 1) -> Frame:
    return TokensFrame(run_id=RUN, path="", purpose=Purpose.TURN, step=step, attempt=attempt, offset=offset, text=text)


def event(seq: int, event: Event) -> Frame:
    return EventFrame(run_id=RUN, seq=seq, at=NOW, event=event)


def started(step: int = 1, attempt: int = 1) -> Event:
    return ModelCallStarted(
        step=step, attempt=attempt, purpose=Purpose.TURN, agent="a", model="simulator/fast", simulated=True
    )


def called(step: int = 1) -> Event:
    return ModelCallFinished(
        step=step,
        attempt=1,
        purpose=Purpose.TURN,
        preview="",
        tool_calls=("calculator",),
        input_tokens=1,
        output_tokens=1,
        cost_micro_usd=1,
    )


def shown(frames: Sequence[Frame], stored: str, room: int = 100) -> list[str]:
    paper, state = Paper(room), ReplyState()
    page = Page(paper)
    for frame in frames:
        show(state, page, frame)
        page.draw()
    page.settle(stored)
    assert paper.below == ""
    return [line.rstrip() for line in paper.lines if line.strip()]


def test_repeated_pieces_are_shown_once() -> None:
    frames = [tokens("One.\n\n"), tokens("One.\n\n"), tokens("\nTwo", 5), tokens("Two.", 6)]
    assert shown(frames, "One.\n\nTwo.") == ["One.", "Two."]


@pytest.mark.parametrize("first", [started(attempt=2), None])
def test_retracted_text_is_replaced(first: Event | None) -> None:
    frames = [event(1, started()), tokens("Old.\n\nOlder.\n\nOl")]
    frames += [event(2, first)] if first else []
    frames.append(tokens("New.", attempt=2))
    frames.append(tokens("Late.", 17))
    assert shown(frames, "New.") == ["New."]


def test_text_off_the_screen_is_marked() -> None:
    lines = shown([tokens("Old.\n\nOlder.\n\nOl"), tokens("New.", attempt=2)], "New.", room=0)
    assert lines[0] == "Old."
    assert "was taken back" in lines[1]
    assert lines[-1] == "New."


def test_a_gap_is_filled_at_the_end() -> None:
    assert shown([tokens("One.\n\n"), tokens("Three.", 12)], "One.\n\nTwo.\n\nThree.") == [*("One.", "Two.", "Three.")]


def test_unseen_text_is_shown_at_the_end() -> None:
    assert shown([], "All of it.") == ["All of it."]


def test_text_before_a_tool_stays() -> None:
    tool = ToolCallStarted(step=1, attempt=1, index=0, tool="calculator", preview='{"expression": "1+1"}')
    frames = [event(1, started()), tokens("Let me see."), event(2, called()), event(3, tool), event(3, tool)]
    frames += [event(4, started(2)), tokens("It is 2.", step=2)]
    assert shown(frames, "It is 2.") == ["Let me see.", '→ calculator {"expression": "1+1"}', "It is 2."]
