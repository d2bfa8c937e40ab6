"""A settlement's SQL statement is composed of parts."""

import pytest

from chimera.db.engine import CACHED_CHARS
from chimera.ledger.settlements import statement_of

POSSIBLE: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"plan"}),
    frozenset({"ends"}),
    frozenset({"node"}),
    frozenset({"node", "tools"}),
    frozenset({"node", "plan"}),
    frozenset({"ai_call"}),
    frozenset({"ai_call", "ends"}),
)
"""The effects that an answer can have: at the root, in a subtask, and as an AI call."""


@pytest.mark.parametrize("parts", POSSIBLE, ids=lambda parts: "+".join(sorted(parts)) or "nothing")
def test_a_settlement_has_room_to_grow(parts: frozenset[str]) -> None:
    assert len(statement_of(parts)) <= CACHED_CHARS - 400


def test_the_statement_has_only_the_needed_parts() -> None:
    assert "INSERT INTO subtasks" not in statement_of(frozenset({"node"}))
    assert "INSERT INTO subtasks" in statement_of(frozenset({"node", "plan"}))
    assert "UPDATE ai_calls" not in statement_of(frozenset({"ends"}))
