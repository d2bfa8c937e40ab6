from collections.abc import AsyncIterator

import pytest

from tests.faults import jobs
from tests.faults.checker import examine
from tests.faults.lab import Lab, open_lab, staff
from tests.faults.trials import Trial, trial
from tests.parts import short_folder
from tests.until import LIMIT_S
from tests.wires.gateway.service import ANTHROPIC, GOOGLE


@pytest.fixture(scope="session")
async def lab(starts_servers: None) -> AsyncIterator[Lab]:
    """A separate stack, because its parts are killed. Calls have three attempts, so that failing ones end soon."""
    with short_folder() as folder:
        wires = (ANTHROPIC, GOOGLE)
        async with open_lab(folder, workers=2, wires=wires, report=lambda line: None, call_max_attempts=3) as lab:
            yield lab


@pytest.fixture
async def one_worker(lab: Lab) -> None:
    await staff(lab, 1)


@pytest.fixture
async def ended(lab: Lab) -> AsyncIterator[Trial]:
    """A trial of one run without a fault."""
    async with trial(lab, "checker", 1) as made:
        await made.offers.post("0", jobs.one_call("tokens=5"))
        assert await lab.all_ended(made.offers.prefix, LIMIT_S)
        assert (await examine(lab, made.offers)).problems() == []
        yield made
