from collections.abc import AsyncIterator

import pytest

from benchmarks.faults.lab import Lab, open_lab, staff
from benchmarks.wires.wire import ANTHROPIC, GOOGLE
from tests.parts import short_folder


@pytest.fixture(scope="session")
async def lab(starts_servers: None) -> AsyncIterator[Lab]:
    """A stack of its own, since its parts are killed. Three attempts a call: what always fails need not take long."""
    with short_folder() as folder:
        wires = (ANTHROPIC, GOOGLE)
        async with open_lab(folder, workers=2, wires=wires, say=lambda line: None, call_max_attempts=3) as lab:
            yield lab


@pytest.fixture
async def one_worker(lab: Lab) -> None:
    await staff(lab, 1)
