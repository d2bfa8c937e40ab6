"""Kills the demonstration's worker in the middle of a model call."""

import time

from chimera.local import Supervised
from cli.live.screens import Report
from cli.live.view import TaskState
from models.activity_options import COMPLETE

ENOUGH_FINISHED = 4
EARLY_CHARS, LATE_CHARS = 100, 1000
"""The worker is killed while the longest answer has a length in this range: certainly begun, and far from its end."""

HEARTBEAT_S = COMPLETE["heartbeat_timeout"].total_seconds()


class Kill:
    """Kills the worker once, with SIGKILL, while a model call is in flight."""

    def __init__(self, worker: Supervised) -> None:
        self.pid: int | None = None
        self._worker = worker
        self._at = 0.0
        self._over = False

    def watch(self, state: TaskState, report: Report) -> None:
        """Check the task after each frame, kill the worker at the right moment, and report when the task continues."""
        if self.pid is None and is_the_moment(state):
            self._kill(state, report)
        elif self.pid is not None and not self._over and state.repeated_calls:
            self._over = True
            waited = time.monotonic() - self._at
            report(
                f"──── The task continues {waited:.0f} s after its worker was killed. Only the interrupted calls are"
                " repeated."
            )

    def banner(self) -> str:
        if self.pid is None or self._over:
            return ""
        left = HEARTBEAT_S - (time.monotonic() - self._at)
        when = f"in {left:.0f} s" if left > 0 else "any moment now"
        return (
            f"Worker {self.pid} was killed. Another worker takes over its model call when the heartbeat times out,"
            f" {when}."
        )

    def _kill(self, state: TaskState, report: Report) -> None:
        self.pid = self._worker.kill()
        self._at = time.monotonic()
        report(
            f"──── Killed the worker (process {self.pid}) with SIGKILL. Calls in flight: {len(state.being_written)}."
            f" Finished calls: {state.finished_calls}."
        )
        report(f"──── The task will continue when the worker's heartbeat times out, after {HEARTBEAT_S:.0f} s.")


def is_the_moment(state: TaskState) -> bool:
    """Return whether enough calls have finished, and the longest answer in flight has begun and is far from its end."""
    lengths = [node.writing.length for node in state.nodes.values() if node.writing is not None]
    return state.finished_calls >= ENOUGH_FINISHED and EARLY_CHARS <= max(lengths, default=0) <= LATE_CHARS
