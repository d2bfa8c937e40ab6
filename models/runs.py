"""Runs: the root of all that is done for an owner. What each kind has beside it is a noun of its own."""

from enum import StrEnum


class RunKind(StrEnum):
    """The kind of a run. Accounts, events, controls and costs work in the same way for every kind."""

    TASK = "task"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    TRANSCRIPTIONS = "transcriptions"


class RunStatus(StrEnum):
    """The state of a run. A `waiting` run is waiting for a user, for example to raise a budget.

    Only a task can be a `draft`.
    """

    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.WAITING, RunStatus.CANCELLING})
CLOSED = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})
COMPLETABLE = OPEN - {RunStatus.CANCELLING}
"""An answer completes a run in one of these."""
STOPPED = frozenset({RunStatus.CANCELLING, RunStatus.CANCELLED})
"""Calls in flight of a run in one of these are cut."""
UNCALLABLE = CLOSED | STOPPED
"""The ledger begins no call for a run in one of these."""
