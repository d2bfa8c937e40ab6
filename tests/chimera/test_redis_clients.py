"""Closed Redis clients leave nothing behind that imports modules."""

import gc
import warnings

import pytest
from redis.asyncio import Redis
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

from chimera import redis_clients
from chimera.config.settings import Settings
from worker.sandbox import sandbox


@pytest.mark.parametrize("ours", [True, False])
async def test_a_closed_client_dies_without_an_import(run_settings: Settings, ours: bool) -> None:
    """Even in a workflow's thread. Closed in redis-py's own way, it loads modules there, which shows the danger."""
    held = await _used_client(run_settings.redis_url or "", ours=ours)
    context = RestrictionContext()
    context.is_runtime = context.in_activation = True
    importer = Importer(sandbox().restrictions, context)
    gc.collect()
    held["itself"] = held
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with importer.applied():
            del held
            gc.collect()
            loaded = [name for name in importer.new_modules if name.startswith("redis")]
    reported = [each for each in caught if "was imported after initial workflow load" in str(each.message)]
    assert bool(loaded) == bool(reported) == (not ours)


async def _used_client(url: str, *, ours: bool) -> dict[str, object]:
    """Return a closed client that has had a connection. Nothing else holds a reference to it."""
    client = Redis.from_url(url)
    assert await client.ping()
    await (redis_clients.close(client) if ours else client.aclose())
    return {"client": client}
