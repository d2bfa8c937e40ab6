"""Live progress under faults, with few sockets and short outages."""

import pytest

from tests.faults.experiments import live
from tests.faults.lab import Lab
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_sockets_survive_a_restarted_api(lab: Lab) -> None:
    await passes(lab, "F10", lambda made: live.restart_under_sockets(made, sockets=20, runs=3, call_s=9, calm_s=1))


async def test_open_sockets_hold_no_connections(lab: Lab) -> None:
    await passes(lab, "F17", lambda made: live.hold_no_connections(made, sockets=40, streams=5, seconds=3))


async def test_an_emptied_redis_loses_no_events(lab: Lab) -> None:
    await passes(lab, "F18", lambda made: live.empty_redis(made, runs=4, every_s=1, call_s=3))


async def test_a_lost_redis_loses_no_events(lab: Lab) -> None:
    await passes(lab, "F19", lambda made: live.lose_redis(made, runs=3, away_s=5, call_s=3))
