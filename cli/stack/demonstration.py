"""The demonstration: a task whose worker is killed midway, and a count that shows what this cost (nothing).

The task uses the built-in simulator, over HTTP like any other provider. Therefore, no key is needed, and the provider's
own journal is available for comparison.
"""

import shlex
import sys

from rich.console import Console
from rich.text import Text

from chimera import __version__
from chimera.config.settings import Settings
from cli.errors import INTERRUPTED
from cli.http.addresses import api_url_of
from cli.http.connect import signed_in_by
from cli.live.following import follow
from cli.output.prose import print_to
from cli.output.tables import print_table
from cli.output.text import short
from cli.process.signals import until_stopped
from cli.stack.kill import Kill
from cli.stack.proof import Proof, prove, read_journal
from cli.stack.stack import Stack
from cli.stack.verdict import table_of, verdict_of
from cli.stack.welcome import forever, how_to_stop, own_name, print_stopping, print_welcome
from models.tasks import TaskView

TITLE = "What would it take to run our nightly reports on a workflow engine?"
GOAL = f'{TITLE} [[sim: tokens=300]] [[sim plan: sub="tokens=300"]]'
"""The directives tell the simulator to take 3 s per answer, so that answers can be read and interrupted midway."""
MODEL = "simulator/standard"


async def demonstrate(settings: Settings, *, stay: bool | None) -> int:
    """Run the demonstration. Return 0 if it proved what it should."""
    console = Console(highlight=False)
    stay = sys.stdin.isatty() if stay is None else stay
    print_to(console, f"Chimera {__version__}: a demonstration of a task that loses its worker and continues")
    # The proof needs the journal of our own simulator, even if the settings name another one.
    stack = Stack(settings.model_copy(update={"simulator_url": None}), lambda line: print_to(console, line))
    show = _Demonstration(stack, console)
    await until_stopped(show.run(stay=stay), stopping=lambda: print_stopping(console), hurry=stack.hurry)
    return show.code


class _Demonstration:
    def __init__(self, stack: Stack, console: Console) -> None:
        self.code = INTERRUPTED
        self._stack = stack
        self._console = console

    async def run(self, *, stay: bool) -> int:
        async with self._stack as stack:
            print_welcome(stack, self._console)
            kill = Kill(stack.services.worker)
            task, proof = await self._show(kill)
            self.code = 1 if proof.problems else 0
            self._print_result(task, proof)
            if stay:
                self._print_addresses(task)
                print_to(self._console, f"\nChimera is still running, so you can explore the result. {how_to_stop()}")
                await forever()
        self._print_next_steps(task)
        return self.code

    async def _show(self, kill: Kill) -> tuple[TaskView, Proof]:
        async with signed_in_by(self._stack.sign_in) as client:
            task = await client.create_task({"goal": GOAL, "title": TITLE, "model": MODEL})
            print_to(self._console, f"\nTask {task.id} on {MODEL} (simulated answers)")
            task = await follow(client, task, self._console, watch=kill.watch, banner=kill.banner)
            cost = await client.cost(task.id)
        journal = read_journal(self._stack.simulator_journal, task.id)
        return task, prove(task, cost, journal, killed=kill.pid is not None)

    def _print_result(self, task: TaskView, proof: Proof) -> None:
        console = self._console
        console.print(Text("\nResult (simulated)", style="bold"))
        print_to(console, (task.result or task.error or "none").strip())
        console.print(Text("\nProof", style="bold"))
        print_table(console, table_of(proof))
        for line in verdict_of(proof):
            print_to(console, line)

    def _print_addresses(self, task: TaskView) -> None:
        print_to(self._console, f"\n  API documentation   {api_url_of(self._stack.settings)}/docs")
        print_to(self._console, f"  Run in Temporal     {task.temporal_url}")

    def _print_next_steps(self, task: TaskView) -> None:
        options = [each for each in sys.argv[2:] if each not in ("--exit", "--stay")]
        print_to(self._console, "\nTo explore the result, start Chimera again, and show the task in another terminal:")
        print_to(self._console, f"  {shlex.join([own_name(), 'up', *options])}")
        print_to(self._console, f"  {own_name()} show {short(task.id)}")
