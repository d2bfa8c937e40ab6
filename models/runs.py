"""Runs: the root of all work for an owner. Data that only one kind of run has is in that kind's own modules."""

from enum import StrEnum


class RunKind(StrEnum):
    """The kind of a run. Accounts, events, controls and costs work in the same way for every kind."""

    TASK = "task"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    TRANSCRIPTIONS = "transcriptions"
    REPLY = "reply"
    """A reply in a chat session."""
    COMPLETION = "completion"
    """A reply to a conversation that came with the request."""


REPLIES = (RunKind.REPLY, RunKind.COMPLETION)


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
"""The statuses in which an answer completes a run."""
STOPPED = frozenset({RunStatus.CANCELLING, RunStatus.CANCELLED})
"""The statuses in which a run's calls in flight are interrupted."""
UNCALLABLE = CLOSED | STOPPED
"""The statuses in which the ledger doesn't let a run start calls."""
