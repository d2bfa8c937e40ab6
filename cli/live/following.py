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
    trouble = Trouble(say, PATIENCE_S, "The task goes on.")
    ended = no_room = False
    while True:
        try:
            if no_room and (await client.task(task.id)).status in over:
                return
            async with client.events(task.id, after) as source:
                async for event in source:
                    trouble.is_over()
                    no_room = False
                    frame = _frame_in(event.data)
                    if frame is None:
                        continue
                    if isinstance(frame, (EventFrame, SnapshotFrame)):
                        after = frame.seq
                    if isinstance(frame, EventFrame):
                        # A task that failed may have been tried again: its end is the one that nothing follows.
                        ended = frame.event.type in LAST
                    yield frame
            # An orderly end without a last event: the server went away, or all was seen before.
            if ended or (await client.task(task.id)).status in over:
                return
            await asyncio.sleep(0.2)
        except NotReachable as error:
            await trouble.wait(error)
        except Refused as error:
            if is_away(error):
                await trouble.wait(error)
                continue
            if error.problem.status != HTTPStatus.TOO_MANY_REQUESTS:
                raise
            trouble.is_over()
            if not no_room:
                say("You follow as many tasks as one user may; this one is looked at until there is room. It goes on.")
            no_room = True
            await asyncio.sleep(min(LONGEST_NO_ROOM_S, error.retry_after_s or NO_ROOM_S))


def _frame_in(data: str) -> Frame | None:
    try:
        return FRAME.validate_json(data)
    except ValidationError:
        # A newer server may tell of things that this client has no name for.
        return None
