"""The demonstration: a task whose worker is killed in the middle, and a count that shows what it cost (nothing).

The task runs on the built-in simulator, over HTTP like any other provider, so no key is needed and the provider's side
can be asked what it saw.
"""

import shlex
import sys
import time

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chimera import __version__
from chimera.config.settings import Settings
from chimera.local import Supervised
from cli.errors import INTERRUPTED
from cli.http.addresses import api_url_of
from cli.http.connect import signed_in_by
from cli.http.ids import short
from cli.live.following import follow
from cli.live.screens import Say, say
from cli.live.view import TaskState
from cli.output.tables import print_table
from cli.output.text import count, plain
from cli.process.signals import until_told
from cli.stack.proof import Proof, prove, read_journal
from cli.stack.stack import Stack
from cli.stack.up import forever, how_to_stop, own_name, say_stopping, say_welcome
from models.activities import COMPLETE
from models.base import usd
from models.tasks import TaskView

TITLE = "What would it take to run our nightly reports on a workflow engine?"
GOAL = f'{TITLE} [[sim: tokens=300]] [[sim plan: sub="tokens=300"]]'
"""The directives are the simulator's: answers of 3 s each, which can be read and killed in the middle."""
MODEL = "simulator/standard"

ENOUGH_FINISHED = 4
EARLY_CHARS, LATE_CHARS = 100, 1000
"""The kill comes while an answer has between so many characters: begun for certain, and far from its end."""

HEARTBEAT_S = COMPLETE["heartbeat_timeout"].total_seconds()


async def demo(settings: Settings, *, stay: bool | None) -> int:
    """Run the demonstration; 0 when it showed what it should."""
    console = Console(highlight=False)
    stay = sys.stdin.isatty() if stay is None else stay
    say(console, f"Chimera {__version__}: a task that loses its worker and goes on")
    # The journal that proves it is our own simulator's, whatever the settings name.
    stack = Stack(settings.model_copy(update={"simulator_url": None}), lambda line: say(console, line))
    show = _Demo(stack, console)
    await until_told(show.run(stay=stay), stopping=lambda: say_stopping(console), hurry=stack.hurry)
    return show.code


class _Demo:
    def __init__(self, stack: Stack, console: Console) -> None:
        self.code = INTERRUPTED
        self._stack = stack
        self._console = console

    async def run(self, *, stay: bool) -> int:
        async with self._stack as stack:
            say_welcome(stack, self._console)
            kill = Kill(stack.services.worker)
            task, proof = await self._show(kill)
            self.code = 1 if proof.problems else 0
            self._tell(task, proof)
            if stay:
                self._tell_where(task)
                say(self._console, f"\nEverything still runs, to look around. {how_to_stop()}.")
                await forever()
        self._tell_how_to_look(task)
        return self.code

    async def _show(self, kill: "Kill") -> tuple[TaskView, Proof]:
        async with signed_in_by(self._stack.sign_in) as client:
            task = await client.create_task({"goal": GOAL, "title": TITLE, "model": MODEL})
            say(self._console, f"\nTask {task.id} on {MODEL} (simulated answers)")
            task = await follow(client, task, self._console, watch=kill.watch, banner=kill.banner)
            cost = await client.cost(task.id)
        journal = read_journal(self._stack.simulator_journal, task.id)
        return task, prove(task, cost, journal, killed=kill.pid is not None)

    def _tell(self, task: TaskView, proof: Proof) -> None:
        console = self._console
        console.print(Text("\nResult (simulated)", style="bold"))
        say(console, (task.result or task.error or "none").strip())
        console.print(Text("\nProof", style="bold"))
        print_table(console, table_of(proof))
        for line in verdict_of(proof):
            say(console, line)

    def _tell_where(self, task: TaskView) -> None:
        say(self._console, f"\n  API documentation   {api_url_of(self._stack.settings)}/docs")
        say(self._console, f"  The run in Temporal {task.temporal_url}")

    def _tell_how_to_look(self, task: TaskView) -> None:
        options = [each for each in sys.argv[2:] if each not in ("--exit", "--stay")]
        say(self._console, "\nTo look around, start it again, and ask from another terminal:")
        say(self._console, f"  {shlex.join([own_name(), 'up', *options])}")
        say(self._console, f"  {own_name()} show {short(task.id)}")


class Kill:
    """Kills the worker once, with SIGKILL, while a model call is in flight."""

    def __init__(self, worker: Supervised) -> None:
        self.pid: int | None = None
        self._worker = worker
        self._at = 0.0
        self._over = False

    def watch(self, state: TaskState, say: Say) -> None:
        """Look at the task after each frame; kill when the moment has come, and say when it goes on."""
        if self.pid is None and is_the_moment(state):
            self._kill(state, say)
        elif self.pid is not None and not self._over and state.repeated_calls:
            self._over = True
            waited = time.monotonic() - self._at
            say(f"──── It goes on, {waited:.0f} s after the kill: only what had been cut is asked for again.")

    def banner(self) -> str:
        if self.pid is None or self._over:
            return ""
        left = HEARTBEAT_S - (time.monotonic() - self._at)
        when = f"in {left:.0f} s" if left > 0 else "any moment now"
        return f"Worker {self.pid} was killed. Another gets its call when the heartbeat is missed: {when}."

    def _kill(self, state: TaskState, say: Say) -> None:
        self.pid = self._worker.kill()
        self._at = time.monotonic()
        cut = count(len(state.being_written), "call")
        say(f"──── SIGKILL to the worker (process {self.pid}): {cut} in flight, {state.finished_calls} finished.")
        say(f"──── The run goes on when the heartbeat is missed, after {HEARTBEAT_S:.0f} s.")


def is_the_moment(state: TaskState) -> bool:
    """Whether calls have finished and all in flight are well begun and far from their end."""
    lengths = [node.writing.length for node in state.nodes.values() if node.writing is not None]
    return state.finished_calls >= ENOUGH_FINISHED and EARLY_CHARS <= max(lengths, default=0) <= LATE_CHARS


def table_of(proof: Proof) -> Table:
    """Both counts side by side."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "Chimera's ledger", "provider's journal"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    ledger, journal = proof.ledger, proof.journal
    rows = (
        ("model calls", len(ledger.calls), len(journal.calls)),
        ("requests made for them", ledger.requests, journal.requests),
        ("finished", ledger.finished, journal.finished),
        ("cut by the kill and made again", ledger.cut_made_again, journal.cut_made_again),
        ("finished and made again", ledger.finished_made_again, journal.finished_made_again),
    )
    for name, ours, theirs in rows:
        table.add_row(f"  {name}", str(ours), str(theirs))
    table.add_row("  cost (simulated)", usd(proof.spent_micro_usd), "")
    table.add_row("  what the cut ones may have cost on top", usd(proof.doubtful_micro_usd), "")
    return table


def verdict_of(proof: Proof) -> list[str]:
    if proof.problems:
        return ["✗ Not proved:", *(f"    {plain(problem)}" for problem in proof.problems)]
    finished, cut = count(proof.journal.finished, "model call"), proof.journal.cut_made_again
    return [f"✓ Proved: {finished} finished, 0 finished calls made again, {cut} cut by the kill and made again."]
