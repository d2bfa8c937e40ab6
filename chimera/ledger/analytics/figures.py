"""Sums of the rollups' rows, and the figures that they become."""

from typing import Any

from chimera.ledger.rollups import USAGE_SUMS
from models.analytics import CallFigures
from models.model_calls import AttemptStatus
from models.usage import Usage

_STATUSES = tuple(status.value for status in AttemptStatus if status is not AttemptStatus.STARTED)

CALL_SUMS = ", ".join(
    (
        *(f"sum({column})::bigint AS {column}" for column in USAGE_SUMS),
        *(f"COALESCE(sum(attempts) FILTER (WHERE status = '{status}'), 0)::bigint AS {status}" for status in _STATUSES),
        "COALESCE(sum(attempts) FILTER (WHERE simulated), 0)::bigint AS simulated",
    )
)
"""The columns that `call_figures` reads. The rows need `status`, `simulated` and the columns of `USAGE_SUMS`."""


def call_figures(row: Any) -> dict[str, Any]:
    """Return the fields of `CallFigures` for a row of `CALL_SUMS`, which may be empty (all NULL)."""
    sums = {name: int(getattr(row, name) or 0) for name in CallFigures.model_fields if name in row._fields}
    tried = sums["finished"] + sums["failed"] + sums["in_doubt"] + sums["late"]
    return {
        **sums,
        "success_rate": rate(sums["finished"], tried),
        "usage": Usage(**{name: int(getattr(row, name) or 0) for name in Usage.model_fields}),
    }


def rate(part: int, whole: int) -> float | None:
    """Return a share between 0 and 1, or None of nothing."""
    return round(part / whole, 4) if whole > 0 else None
