"""Follows a task to its end, even if the connection is lost meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from http import HTTPStatus
from typing import Annotated

import httpx2
from pydantic import Field, TypeAdapter, ValidationError
from rich.console import Console

from cli.errors import NotReachable, Refused
from cli.http.client import Client
from cli.http.trouble import Trouble, is_away
from cli.live.asking import Asker
from cli.live.screens import Banner, Report, showing
from cli.live.view import TaskState
from models.events import LAST, EventFrame, Frame, SnapshotFrame
from models.runs import CLOSED, RunStatus
from models.tasks import TaskView
from models.waits import ApprovalWait

FRAME: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="kind")])

PATIENCE_S = 600.0
"""How long the connection may be lost before a command stops following a task. The task itself continues."""

NO_ROOM_S, LONGEST_NO_ROOM_S = 5.0, 30.0
"""Pause before a stream beyond the user's limit is requested again: if the API doesn't name a time, and at most."""

_NO_ROOM = (
    "You are already following the maximum number of tasks. This {what} continues, and its status is checked"
    " periodically until you can follow it live."
)

Open = Callable[[int], AbstractAsyncContextManager[httpx2.EventSource]]
"""Opens a run's stream after a sequence number."""

Watch = Callable[[TaskState, Report], None]
"""Called after each frame with news."""


async def follow(
    client: Client,
    task: TaskView,
    console: Console,
    *,
    after: int = 0,
    banner: Banner = lambda: "",
    watch: Watch = lambda state, report: None,
    until_it_waits: bool = False,
    asker: Asker | None = None,
) -> TaskView:
    """Show a task live until it has ended or, if requested, waits for its budget. Return the task in that state.

    With an `asker`, decisions that the task waits for are requested in place.
    """
    over = _has_ended_or_waits if until_it_waits else _has_ended
    if until_it_waits and over(task):
        return task
    state = TaskState(task.id, task)
    async with (
        showing(state, console, banner) as screen,
        aclosing(frames_of(client, task, after, screen.report, over)) as frames,
    ):
        async for frame in frames:
            if not state.apply(frame):
                continue
            screen.show(frame)
            watch(state, screen.report)
            if asker is not None:
                await asker.ask(state.pending, screen)
            if until_it_waits and state.needs_budget:
                # The event may be outdated: a user may have raised the budget meanwhile.
                now = await client.task(task.id)
                if over(now):
                    return now
    return await client.task(task.id)


async def frames_of(
    client: Client, task: TaskView, after: int, report: Report, over: Callable[[TaskView], bool] | None = None
) -> AsyncGenerator[Frame]:
    """Yield the frames after `after`, even across lost connections, until the last one or until the task is `over`.

    While the user has too many streams, the task is polled until a stream is free. Raises NotReachable or Refused if
    the API doesn't respond for ten minutes.
    """
    over = over or _has_ended

    async def is_over() -> bool:
        return over(await client.task(task.id))

    async with aclosing(frames_from(lambda at: client.events(task.id, at), is_over, after, report)) as frames:
        async for frame in frames:
            yield frame


async def frames_from(
    open_after: Open, is_over: Callable[[], Awaitable[bool]], after: int, report: Report, what: str = "task"
) -> AsyncGenerator[Frame]:
    """Yield a run's frames like `frames_of`. `what` names the run in messages."""
    place = _Place(after, report, what)
    while True:
        try:
            if place.no_room and await is_over():
                return
            async with open_after(place.after) as source:
                async for event in source:
                    if (frame := place.take(event.data)) is not None:
                        yield frame
            # The stream ended without a last event: the server stopped, or all events had already been received.
            if place.ended or await is_over():
                return
            await asyncio.sleep(0.2)
        except (NotReachable, Refused) as error:
            await place.wait_out(error)


def _has_ended(task: TaskView) -> bool:
    return task.status in CLOSED


def _has_ended_or_waits(task: TaskView) -> bool:
    return _has_ended(task) or (task.status is RunStatus.WAITING and not isinstance(task.waiting, ApprovalWait))


class _Place:
    """A stream's position, and the handling of errors that interrupt the stream."""

    def __init__(self, after: int, report: Report, what: str) -> None:
        self.after = after
        self.ended = self.no_room = False
        self._report = report
        self._what = what
        self._trouble = Trouble(report, PATIENCE_S, f"The {what} continues.")

    def take(self, data: str) -> Frame | None:
        """Parse a frame; None for an unknown kind."""
        self._trouble.clear()
        self.no_room = False
        frame = _frame_in(data)
        if isinstance(frame, (EventFrame, SnapshotFrame)):
            self.after = frame.seq
        if isinstance(frame, EventFrame):
            # A failed task may have been retried, so only the newest event shows whether the task has ended.
            self.ended = frame.event.type in LAST
        return frame

    async def wait_out(self, error: NotReachable | Refused) -> None:
        """Wait for as long as the error requires. Raises the error if waiting doesn't help."""
        if isinstance(error, NotReachable) or is_away(error):
            await self._trouble.wait(error)
            return
        if error.problem.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise error
        self._trouble.clear()
        if not self.no_room:
            self._report(_NO_ROOM.format(what=self._what))
        self.no_room = True
        await asyncio.sleep(min(LONGEST_NO_ROOM_S, error.retry_after_s or NO_ROOM_S))


def _frame_in(data: str) -> Frame | None:
    try:
        return FRAME.validate_json(data)
    except ValidationError:
        # A newer server may send kinds that this client doesn't know.
        return None
