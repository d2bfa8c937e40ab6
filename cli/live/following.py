"""Follow a task to its end, whatever happens to the connection on the way."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Set
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from rich.console import Console

from cli.errors import NotReachable, Refused
from cli.http.client import Client
from cli.http.trouble import Trouble, is_away
from cli.live.screens import Banner, Say, showing
from cli.live.view import TaskState
from models.events import LAST, EventFrame, Frame, SnapshotFrame
from models.tasks import CLOSED, TaskStatus, TaskView

FRAME: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="kind")])

PATIENCE_S = 600.0
"""How long a connection may stay away before a command that follows gives up; the task itself goes on."""

NO_ROOM_S, LONGEST_NO_ROOM_S = 5.0, 30.0
"""How long a stream that is one too many waits for its turn: where the API doesn't say, and at most."""

_NO_ROOM = "You follow as many tasks as one user may; this one is looked at until there is room. It goes on."

Watch = Callable[[TaskState, Say], None]
"""Is called after each frame that said something new."""


async def follow(
    client: Client,
    task: TaskView,
    console: Console,
    *,
    after: int = 0,
    banner: Banner = lambda: "",
    watch: Watch = lambda state, say: None,
    until_it_waits: bool = False,
) -> TaskView:
    """Show a task live until it has ended, or waits for its budget where that is asked for; return it as it is then."""
    if until_it_waits and task.status is TaskStatus.WAITING:
        return task
    state = TaskState(task.id, task)
    over = CLOSED | {TaskStatus.WAITING} if until_it_waits else CLOSED
    async with (
        showing(state, console, banner) as screen,
        aclosing(frames_of(client, task, after, screen.say, over)) as frames,
    ):
        async for frame in frames:
            if not state.apply(frame):
                continue
            screen.show(frame)
            watch(state, screen.say)
            if until_it_waits and state.status is TaskStatus.WAITING:
                # What is told may be long over: somebody raised the budget meanwhile.
                now = await client.task(task.id)
                if now.status is TaskStatus.WAITING:
                    return now
    return await client.task(task.id)


async def frames_of(
    client: Client, task: TaskView, after: int, say: Say, over: Set[TaskStatus] = CLOSED
) -> AsyncGenerator[Frame]:
    """Yield the frames behind `after`, through lost connections, until the last one, or a look finds the task `over`.

    While the user has too many streams the task is only looked at, until there is room. Raises NotReachable or Refused
    when the API stays away for ten minutes.
    """
    place = _Place(after, say)
    while True:
        try:
            if place.no_room and await _is_over(client, task, over):
                return
            async with client.events(task.id, place.after) as source:
                async for event in source:
                    if (frame := place.take(event.data)) is not None:
                        yield frame
            # An orderly end without a last event: the server went away, or all was seen before.
            if place.ended or await _is_over(client, task, over):
                return
            await asyncio.sleep(0.2)
        except (NotReachable, Refused) as error:
            await place.wait_out(error)


async def _is_over(client: Client, task: TaskView, over: Set[TaskStatus]) -> bool:
    return (await client.task(task.id)).status in over


class _Place:
    """How far a stream has come, and what keeps it from going on."""

    def __init__(self, after: int, say: Say) -> None:
        self.after = after
        self.ended = self.no_room = False
        self._say = say
        self._trouble = Trouble(say, PATIENCE_S, "The task goes on.")

    def take(self, data: str) -> Frame | None:
        """Read what came; None for what this client has no name for."""
        self._trouble.is_over()
        self.no_room = False
        frame = _frame_in(data)
        if isinstance(frame, (EventFrame, SnapshotFrame)):
            self.after = frame.seq
        if isinstance(frame, EventFrame):
            # A task that failed may have been tried again: its end is the one that nothing follows.
            self.ended = frame.event.type in LAST
        return frame

    async def wait_out(self, error: NotReachable | Refused) -> None:
        """Wait for a while that fits the error. Raises it when that is of no use."""
        if isinstance(error, NotReachable) or is_away(error):
            await self._trouble.wait(error)
            return
        if error.problem.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise error
        self._trouble.is_over()
        if not self.no_room:
            self._say(
                "You follow as many tasks as one user may; this one is looked at until there is room. It goes on."
            )
        self.no_room = True
        await asyncio.sleep(min(LONGEST_NO_ROOM_S, error.retry_after_s or NO_ROOM_S))


def _frame_in(data: str) -> Frame | None:
    try:
        return FRAME.validate_json(data)
    except ValidationError:
        # A newer server may tell of things that this client has no name for.
        return None
