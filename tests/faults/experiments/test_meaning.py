"""Repeated requests with the same keys, of which there are few."""

import pytest

from tests.faults.experiments import meaning
from tests.faults.lab import Lab
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_a_key_is_one_task_however_often_it_comes(lab: Lab) -> None:
    await passes(lab, "F31", lambda made: meaning.repeat_keys(made, at_once=20, keys=10))
