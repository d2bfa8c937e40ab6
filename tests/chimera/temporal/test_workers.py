"""The list of running workers, and whether they can read what the API writes."""

import asyncio

from pydantic import SecretStr

from chimera.config import payload_keys
from chimera.config.settings import Settings
from chimera.temporal.client import Temporal
from chimera.temporal.workers import identity_of, in_words, workers_seen
from tests.until import LIMIT_S
from worker.build import open_worker

KEYS = SecretStr(f"k2:{payload_keys.made().partition(':')[2]},k1:{payload_keys.made().partition(':')[2]}")


async def test_a_worker_reports_its_payload_keys(settings: Settings) -> None:
    settings = settings.model_copy(update={"payload_keys": KEYS, "graceful_shutdown_s": 1.0})
    temporal = Temporal(settings)
    assert await workers_seen(temporal, settings) == set()
    async with open_worker(settings) as (worker, _), worker, asyncio.timeout(LIMIT_S):
        while not (seen := await workers_seen(temporal, settings)):
            await asyncio.sleep(0.05)
    assert seen == {identity_of(("k2", "k1"))}
    assert in_words(seen, ("k2", "k1")) == "1 seen in the last few minutes, with the API's payload keys"
    assert in_words(seen, ("k3", "k2")) == (
        "1 seen in the last few minutes, 1 with payload keys that differ from the API's: payload keys k2,k1"
    )


def test_workers_with_other_keys_are_counted() -> None:
    seen = {"1@a payload keys k1", "2@a payload keys k2,k1", "3@a payload keys k1", "4@b"}
    assert in_words(seen, ("k2", "k1")) == (
        "4 seen in the last few minutes, 3 with payload keys that differ from the API's: payload keys k1 /"
        " unknown payload keys"
    )


def test_a_worker_without_keys_warns() -> None:
    assert identity_of(()).endswith("payload keys none")


def test_an_identity_is_short_enough_for_temporal() -> None:
    assert len(identity_of([f"{number:064}" for number in range(60)])) < 1000
