"""The callers that the circuit breaker blocks, depending on whose calls failed."""

import pytest

from chimera.providers.health.circuit_breaker import CONNECTION, Asker, Failures, asker_of, source_of
from models.errors import Overloaded, Unreachable

LIMIT = 5
NODE = asker_of("alice", "task", "a/b")
SIBLING = asker_of("alice", "task", "a/c")
TASK = asker_of("alice", "other task", "x")
USER = asker_of("bob", "task", "x")
ALL_USERS = [NODE, SIBLING, TASK, USER]


@pytest.mark.parametrize(
    ("times", "held"),
    [
        ({NODE: LIMIT - 1}, []),
        ({NODE: LIMIT}, [NODE]),
        ({NODE: LIMIT - 1, SIBLING: 1}, [NODE, SIBLING]),
        ({NODE: LIMIT - 1, TASK: 1}, [NODE, SIBLING, TASK]),
        ({NODE: LIMIT - 1, USER: 1}, ALL_USERS),
        ({NODE: 1, USER: 1}, []),
        ({CONNECTION: LIMIT}, ALL_USERS),
        ({CONNECTION: LIMIT - 1, NODE: LIMIT - 1}, []),
    ],
)
def test_failures_hold_whom_they_speak_for(times: dict[Asker, int], held: list[Asker]) -> None:
    failures = Failures(times)
    assert [each for each in ALL_USERS if failures.blocks(each, LIMIT)] == held
    assert failures.blocks_all(LIMIT) == (held == ALL_USERS)
    assert failures.blocks_any(LIMIT) == bool(held)


def test_a_lost_connection_counts_as_no_failure() -> None:
    assert source_of(Unreachable("gone"), NODE) == CONNECTION
    assert source_of(Overloaded("503"), NODE) == NODE
    failures = Failures().plus(CONNECTION).plus(NODE)
    assert len(failures) == 2
    assert failures.has_met("alice")
    assert not failures.has_met("bob")
