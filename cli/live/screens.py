"""The display of a followed task: redrawn in place on a terminal, line after line everywhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live

from cli.live.lines import line_of, line_of_snapshot
from cli.live.render import display_of
from cli.live.repeats import Repeats
from cli.live.view import TaskState
from cli.output.prose import print_to
from models.events import EventFrame, Frame, SnapshotFrame

FRAME_S = 0.1


class Screen(Protocol):
    """Shows one task."""

    def show(self, frame: Frame) -> None:
        """Show the news in a frame."""

    def report(self, line: str) -> None:
        """Show the user a message that isn't part of the task."""

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal to others while the block runs."""


Report = Callable[[str], None]
"""Accepts one line for the user."""

Banner = Callable[[], str]
"""Returns the current text below the display."""


@asynccontextmanager
async def showing(state: TaskState, console: Console, banner: Banner = lambda: "") -> AsyncIterator[Screen]:
    """Show a task while the block runs: redrawn in place on a terminal, or else line after line."""
    if not console.is_terminal:
        yield Lines(state, console)
        return
    live_display = LiveDisplay(state, console, banner)
    with Live(live_display.display(), console=console, auto_refresh=False) as live:
        live_display.live = live
        refresher = asyncio.create_task(live_display.keep_refreshing(live))
        try:
            yield live_display
        finally:
            refresher.cancel()
            await asyncio.gather(refresher, return_exceptions=True)
            live.update(live_display.display(), refresh=True)


class Lines:
    """Prints one line per event that is news, with the seconds since the task began."""

    def __init__(self, state: TaskState, console: Console) -> None:
        self._state = state
        self._console = console
        self._repeats = Repeats()

    def show(self, frame: Frame) -> None:
        if isinstance(frame, SnapshotFrame):
            self.report(line_of_snapshot(frame))
        if isinstance(frame, EventFrame) and (left_out := self._repeats.left_out_before(frame.event)) is not None:
            event = self._repeats.without_reason_again(frame.event)
            note = f" ({left_out})" if left_out else ""
            self.report(f"{self._state.elapsed_s(frame.at):6.1f} s  {line_of(event, frame.run_id)}{note}")

    def report(self, line: str) -> None:
        print_to(self._console, line)

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()


class LiveDisplay:
    """A display that the event loop redraws ten times per second, so that nothing changes during a redraw."""

    def __init__(self, state: TaskState, console: Console, banner: Banner) -> None:
        self._state = state
        self._console = console
        self._banner = banner
        self._is_paused = False
        self.live: Live | None = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        assert self.live is not None
        self.live.update(self.display(), refresh=True)
        self.live.stop()
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False
            self.live.start(refresh=True)

    def show(self, frame: Frame) -> None:
        """Do nothing, because the next redraw shows the news."""

    def report(self, line: str) -> None:
        print_to(self._console, line)

    def display(self) -> RenderableType:
        return display_of(
            self._state,
            elapsed_s=self._state.elapsed_s(datetime.now(UTC)),
            width=self._console.width,
            height=self._console.height,
            banner=self._banner(),
        )

    async def keep_refreshing(self, live: Live) -> None:
        while True:
            if not self._is_paused:
                live.update(self.display(), refresh=True)
            await asyncio.sleep(FRAME_S)
