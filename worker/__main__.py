"""`python -m worker`: run workflows and activities until SIGTERM or SIGINT, then finish what is in flight."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

import structlog

from chimera.logging import configure
from chimera.settings import Settings
from worker.build import open_worker

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Serve until a signal; activities in flight get `graceful_shutdown_s` to end, then they are cancelled."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with open_worker(settings) as (worker, sweeper), worker:
        sweeping = asyncio.create_task(sweeper.run())
        log.info("worker_started", task_queue=settings.task_queue, pid=os.getpid())
        ready_file = os.environ.get("CHIMERA_READY_FILE")
        if ready_file:
            await asyncio.to_thread(Path(ready_file).touch)
        await stop.wait()
        log.info("worker_stopping", graceful_shutdown_s=settings.graceful_shutdown_s)
        sweeping.cancel()
    log.info("worker_stopped")


def _run_loop(work: Coroutine[object, object, None]) -> None:
    """Run on uvloop where there is one (not on Windows): a tenth less CPU for each model call."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


def main() -> None:
    """Leave deliberately: a process that used Temporal's client may abort at interpreter exit (sdk-python #300)."""
    settings = Settings()
    configure(settings, "worker")
    status = 0
    try:
        _run_loop(run(settings))
    except Exception:
        log.exception("worker_failed")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
