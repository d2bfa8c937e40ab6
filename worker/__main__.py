"""`python -m worker [NAME]`: run workflows and activities until SIGTERM or SIGINT, then finish the work in flight.

NAME (default: worker) names the log file. Several workers in one folder need different names.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

import structlog

from chimera.config.errors import BadSettings, read_settings
from chimera.config.settings import Settings
from chimera.observe.logging import configure
from worker.build import open_worker
from worker.collector import calm_collector

log = structlog.get_logger()


async def run(settings: Settings, component: str) -> None:
    """Run until a signal arrives. Activities in flight get `graceful_shutdown_s` to end, and are then cancelled."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    async with open_worker(settings, component) as (worker, sweeper), worker:
        sweeping = asyncio.create_task(sweeper.run())
        calm_collector()
        log.info("worker_started", task_queue=settings.task_queue, pid=os.getpid())
        ready_file = os.environ.get("CHIMERA_READY_FILE")
        if ready_file:
            await asyncio.to_thread(Path(ready_file).write_text, str(os.getpid()))
        await stop.wait()
        log.info("worker_stopping", graceful_shutdown_s=settings.graceful_shutdown_s)
        sweeping.cancel()
    log.info("worker_stopped")


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))


def _run_loop(work: Coroutine[object, object, None]) -> None:
    """Run on uvloop if it is installed (not on Windows), because it uses less CPU for each model call."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


def main() -> None:
    """Run the worker.

    Ends with `os._exit`, because a process that used Temporal's client may abort at interpreter exit (sdk-python #300).
    """
    status = 0
    try:
        settings = read_settings()
        component = sys.argv[1] if len(sys.argv) > 1 else "worker"
        configure(settings, component)
        _run_loop(run(settings, component))
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        status = 2
    except Exception:
        log.exception("worker_failed")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
