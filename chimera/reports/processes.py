"""What a process measures about itself, and its reports to the database."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from chimera.db.engine import Database
from chimera.store import processes
from models.processes import REPORT_S, ProcessFigures

LAG_EVERY_S = 0.1
"""How often the delay of the event loop is measured."""

More = Callable[[], dict[str, Any]]
"""Returns figures that only one kind of process has."""


class SelfReport:
    """Measures this process. The longest delay of its event loop counts until the next report."""

    def __init__(self, database: Database, component: str, more: More = dict) -> None:
        self.component = component
        # Containers may have the same process id and host name.
        self.name = f"{component} {os.getpid()}@{socket.gethostname()} {uuid4().hex[:6]}"
        self._database = database
        self._more = [more]
        self._lag_s = 0.0
        self._measured = (time.monotonic(), time.process_time())
        self._latest = ProcessFigures()

    def add(self, more: More) -> None:
        """Report these figures, too."""
        self._more.append(more)

    async def run(self) -> None:
        """Measure and report until cancelled. While the database is away, reports are left out."""
        due = time.monotonic()
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_EVERY_S)
            self._lag_s = max(self._lag_s, time.monotonic() - before - LAG_EVERY_S)
            if time.monotonic() >= due:
                due = time.monotonic() + REPORT_S
                await self._report()

    def latest(self) -> ProcessFigures:
        """Return the figures of the latest report."""
        return self._latest

    async def _report(self) -> None:
        self._latest = self._measure()
        try:
            async with self._database.begin() as session:
                await processes.report(session, self.name, self.component, self._latest)
        except (SQLAlchemyError, OSError):
            return

    def _measure(self) -> ProcessFigures:
        (then, used), (now, uses) = self._measured, (time.monotonic(), time.process_time())
        self._measured, lag_s, self._lag_s = (now, uses), self._lag_s, 0.0
        in_use, size = self._database.connections()
        return ProcessFigures(
            cpu_share=round((uses - used) / (now - then), 3) if now > then else None,
            memory_bytes=memory_bytes(),
            loop_lag_ms=round(lag_s * 1000, 1),
            pool_in_use=in_use,
            pool_size=size,
            **{name: value for more in self._more for name, value in more().items()},
        )


def memory_bytes() -> int | None:
    """Return this process's resident memory; None where the system doesn't tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _largest_memory()


def _largest_memory() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
