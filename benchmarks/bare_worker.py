"""The baseline's worker, which runs in a separate process like Chimera's workers."""

import asyncio
import os

from temporalio.worker import Worker

from benchmarks.bare import BareCalls, BareSubtask, BareTask
from chimera.config.settings import Settings
from chimera.providers import Providers
from chimera.temporal.client import Temporal
from worker.sandbox import sandbox


async def main() -> None:
    settings = Settings()
    calls = BareCalls(Providers(settings).of("simulator/fast"), "fast")
    worker = Worker(
        await Temporal(settings).connected(),
        task_queue="bare",
        workflows=[BareTask, BareSubtask],
        activities=[calls.call],
        workflow_runner=sandbox(),
        max_concurrent_activities=settings.max_concurrent_activities,
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
    os._exit(0)
