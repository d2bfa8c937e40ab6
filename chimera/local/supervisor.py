"""Keep a process running: start it, wait until it is ready, start another one when it dies, and stop it."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chimera.local import processes, surroundings
from chimera.local.errors import NoRoom, StartFailed
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.run_as import RunAs
from chimera.observe import disk
from models.errors import ChimeraError

Report = Callable[[str], None]
"""Shows one line of text to the user."""

Ready = Callable[[int], Awaitable[bool]]
"""Returns whether the process with this id is ready. A process left by an earlier start may answer in its place."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0
"""If a process has run this long when it dies, it is restarted after the shortest pause again."""

KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL


@dataclass(frozen=True)
class Service:
    """A program to run, and how to check that it is ready."""

    name: str
    title: str
    command: tuple[str, ...]
    ready: Ready
    before: Callable[[], None] = lambda: None
    """Runs before each start to clean up after an earlier process."""
    environment: Mapping[str, str] = field(default_factory=surroundings.for_server)
    """The complete environment: nothing is inherited from the parent process."""
    log: Path | None = None
    """The log file that the program writes in addition to its output."""
    run_as: RunAs | None = None
    """The user that runs the program, if it isn't the current user."""
    ready_limit_s: float = 60.0
    stop_signal: int = signal.SIGTERM
    stop_limit_s: float = 10.0
    death_signal: int = signal.SIGTERM


class Supervised:
    """A service that is kept running from `start` to `stop`."""

    def __init__(self, service: Service, folder: Folder, register: Register, report: Report) -> None:
        self.service = service
        self.starts = 0
        self._folder = folder
        self._register = register
        self._print_line = report
        self._process: subprocess.Popen[bytes] | None = None
        self._earlier_bytes = 0
        """The size of the output file before the latest start."""
        self._ready = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process; None while there is none."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    async def start(self) -> None:
        """Start the process and return when it is ready. Raises StartFailed with its last lines of output."""
        started = time.monotonic()
        await self._start_once()
        self._report(f"{self.service.title} ready ({time.monotonic() - started:.1f} s)")
        self._watch = asyncio.create_task(self._keep_running(), name=f"keep {self.service.name} running")

    async def stop(self) -> None:
        """End the process, and don't restart it."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await self._end()

    def kill(self) -> int | None:
        """End the process with SIGKILL, as a crash would, and return its id. Another one is started automatically."""
        pid = self.pid
        if pid is not None and self._process is not None:
            self._ready.clear()
            self._process.send_signal(KILL)
        return pid

    async def restart(self) -> None:
        """Stop the process gracefully, and return when another one is ready."""
        await self.stop()
        await self.start()

    async def until_ready(self) -> None:
        """Wait until a process is running and ready, for example after `kill`."""
        await self._ready.wait()

    def _report(self, line: str) -> None:
        """Print a line if possible: the output may be on the disk that is full."""
        with suppress(OSError, ValueError):
            self._print_line(line)

    async def _start_once(self) -> None:
        try:
            self._spawn()
            assert self._process is not None
            # Any failure from here on ends the spawned process: an unregistered process would keep its port.
            self._register.add(self.service.name, self._process.pid)
            await self._until_answers(self._process)
        except BaseException as error:
            await self._end(at_once=True)
            if disk.is_full(error):
                raise NoRoom(self.service.title, self._folder.root) from error
            raise
        self._ready.set()

    def _spawn(self) -> None:
        service = self.service
        service.before()
        output = self._folder.output_of(service.name)
        processes.keep_small(output)
        self._earlier_bytes = output.stat().st_size if output.exists() else 0
        self._process = processes.spawn(
            service.command,
            environment=service.environment,
            output=output,
            death_signal=service.death_signal,
            run_as=service.run_as,
        )
        self.starts += 1

    async def _until_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.service.ready_limit_s
        while True:
            answers = await self.service.ready(process.pid)
            if process.poll() is not None:
                raise self._failed(f"ended with exit code {process.returncode} before it was ready")
            if answers:
                return
            if time.monotonic() >= deadline:
                raise self._failed(f"was not ready after {self.service.ready_limit_s:.0f} s")
            await asyncio.sleep(processes.POLL_S)

    def _failed(self, reason: str) -> StartFailed:
        if disk.space_of(disk.free_bytes(self._folder.root)) is disk.Space.FULL:
            return NoRoom(f"{self.service.title} {reason}, and", self._folder.root)
        output, log = self._folder.output_of(self.service.name), self.service.log
        if log is None or not log.exists():
            return StartFailed(self.service.title, reason, output, processes.last_lines(output, self._earlier_bytes))
        # Both files may contain lines of earlier starts; the one that was written last is about this start.
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
            self._report(
                f"{self.service.title} stopped unexpectedly ({_end_of(self._process)}) and is being restarted."
            )
            while True:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                try:
                    await self._start_once()
                except Exception as error:  # noqa: BLE001  the process is still needed, whatever the error
                    self._report(f"{_named(self.service.title, error)}\nTrying again in {pause_s:.1f} s")
                else:
                    self._report(f"{self.service.title} is running again (process {self.pid})")
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


def _named(title: str, error: Exception) -> str:
    if isinstance(error, ChimeraError):
        return str(error)
    return f"{title} can't be started: {str(error) or type(error).__name__}"


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
