"""Keep one process running: start it, wait until it is ready, start another when it dies, stop it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chimera.local import processes
from chimera.local.errors import StartFailed
from chimera.local.folder import Folder
from chimera.local.register import Register

Say = Callable[[str], None]
"""Takes one line for a person."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0
"""A process that has run this long starts with a clean slate when it dies."""

KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL


@dataclass(frozen=True)
class Service:
    """What to run, and how to tell that it is ready."""

    name: str
    title: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    before: Callable[[], None] = lambda: None
    """Runs before each start: removes what an earlier process left."""
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    """The file that it logs to itself, beside what it prints."""
    user: int | None = None
    ready_limit_s: float = 60.0
    stop_signal: int = signal.SIGTERM
    stop_limit_s: float = 10.0
    death_signal: int = signal.SIGTERM


class Supervised:
    """A service that is kept running from `start` to `stop`."""

    def __init__(self, service: Service, folder: Folder, register: Register, say: Say) -> None:
        self.service = service
        self.starts = 0
        self._folder = folder
        self._register = register
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now; None between two."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    async def start(self) -> None:
        """Start the process and return when it is ready; raise StartFailed with its last lines otherwise."""
        started = time.monotonic()
        await self._start_once()
        self._say(f"{self.service.title} ready ({time.monotonic() - started:.1f} s)")
        self._watch = asyncio.create_task(self._keep_running(), name=f"keep {self.service.name} running")

    async def stop(self) -> None:
        """End the process and start no other."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await self._end()

    def kill(self) -> int | None:
        """End the process with SIGKILL, as a crash would, and return its id; another is started by itself."""
        pid = self.pid
        if pid is not None and self._process is not None:
            self._ready.clear()
            self._process.send_signal(KILL)
        return pid

    async def restart(self) -> None:
        """End the process in an orderly way and return when another is ready."""
        await self.stop()
        await self.start()

    async def until_ready(self) -> None:
        """Wait until a process runs and is ready, for example after `kill`."""
        await self._ready.wait()

    async def _start_once(self) -> None:
        service = self.service
        service.before()
        self._process = processes.spawn(
            service.command,
            environment={**os.environ, **service.environment},
            output=self._folder.output_of(service.name),
            death_signal=service.death_signal,
            user=service.user,
        )
        self.starts += 1
        self._register.add(service.name, self._process.pid)
        try:
            await self._until_answers(self._process)
        except BaseException:
            await self._end(at_once=True)
            raise
        self._ready.set()

    async def _until_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.service.ready_limit_s
        while True:
            answers = await self.service.ready()
            if process.poll() is not None:
                raise self._failed(f"ended with exit code {process.returncode} before it was ready")
            if answers:
                return
            if time.monotonic() >= deadline:
                raise self._failed(f"was not ready after {self.service.ready_limit_s:.0f} s")
            await asyncio.sleep(processes.POLL_S)

    def _failed(self, reason: str) -> StartFailed:
        output, log = self._folder.output_of(self.service.name), self.service.log
        if log is None or not log.exists():
            return StartFailed(self.service.title, reason, output, processes.last_lines(output))
        # What it prints is kept from earlier starts; the file that was written last speaks of this one.
        last = processes.last_lines(max(log, output, key=lambda file: file.stat().st_mtime))
        return StartFailed(self.service.title, reason, output, last or processes.last_lines(log), log)

    async def _keep_running(self) -> None:
        pause_s = FIRST_PAUSE_S
        while self._process is not None:
            started = time.monotonic()
            await processes.ended(self._process)
            self._ready.clear()
            if time.monotonic() - started > CALM_S:
                pause_s = FIRST_PAUSE_S
            self._say(f"{self.service.title} ended unexpectedly ({_end_of(self._process)}); starting another")
            while True:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                try:
                    await self._start_once()
                except (StartFailed, OSError) as error:
                    self._say(f"{error}\nTrying again in {pause_s:.0f} s")
                else:
                    self._say(f"{self.service.title} runs again (process {self.pid})")
                    break

    async def _end(self, *, at_once: bool = False) -> None:
        self._ready.clear()
        if self._process is None:
            return
        limit_s = 0.0 if at_once else self.service.stop_limit_s
        # Shielded, so that a second Ctrl-C can't leave a process behind.
        await asyncio.shield(processes.stop(self._process, self.service.stop_signal, limit_s))
        self._process = None
        self._register.remove(self.service.name)


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
