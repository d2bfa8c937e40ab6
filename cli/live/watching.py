"""Watches a task for a command. Progress goes to stderr and the result to stdout, so that it can be piped."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from rich.console import Console
from rich.text import Text

from cli.errors import EXIT_CODES, WAITS, Refused, WrongUsage
from cli.http.client import Client
from cli.live import following
from cli.live.asking import asker_at
from cli.output.outcomes import print_end
from cli.output.printing import print_json
from cli.output.prose import print_to
from cli.output.text import short
from models.errors import ChimeraError
from models.runs import RunStatus
from models.tasks import TaskView


@dataclass(frozen=True, slots=True)
class Watching:
    """Whether a task is watched, until when, and what is printed at the end.

    Raises WrongUsage for an option that has no effect without watching.
    """

    as_json: bool
    follow: bool = True
    exit_on_budget: bool = False

    def __post_init__(self) -> None:
        if self.exit_on_budget and not self.follow:
            raise WrongUsage(
                "--exit-on-budget works only while you watch the task. Remove --exit-on-budget or --no-follow."
            )

    async def of(self, client: Client, task: TaskView, *, after: int = 0) -> int:
        """Watch a task from the event after `after`, or print how to watch it. Return the exit code."""
        console = Console(stderr=True, highlight=False)
        if self.follow:
            return await self._to_its_end(client, task, console, after)
        if self.as_json:
            print_json(task)
        else:
            print(task.id)
            print_to(
                console,
                f"The task continues in the background. To watch it, run: chimera follow {short(task.id)}",
            )
        return 0

    async def _to_its_end(self, client: Client, task: TaskView, console: Console, after: int) -> int:
        console.print(Text(f"Task {task.id}", style="dim"))
        try:
            task = await following.follow(
                client, task, console, after=after, until_it_waits=self.exit_on_budget, asker=asker_at(client, console)
            )
        except (asyncio.CancelledError, ChimeraError) as error:
            # A user who starts the task again would pay twice. A task that isn't found was deleted meanwhile.
            if not (isinstance(error, Refused) and error.problem.status == HTTPStatus.NOT_FOUND):
                print_to(console, f"The task continues. To watch it again, run: chimera follow {short(task.id)}")
                print_to(console, f"                    To cancel it, run:      chimera cancel {short(task.id)}")
            raise
        if self.as_json:
            print_json(task)
        else:
            print_end(task, await client.cost(task.id), await client.subtasks(task.id), console)
        return WAITS if task.status is RunStatus.WAITING else EXIT_CODES.get(task.status, 1)
