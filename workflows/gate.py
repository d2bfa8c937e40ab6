"""The controls of one workflow, for all nodes that run in it: whether it is paused, budget raises, when to suspend."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import workflow

from models.nodes import Controls

MOST_TIMES = 5
"""A history may grow to this multiple of its limit before nodes have to wait until nothing is in flight."""


class Gate:
    """Decides whether nodes may continue."""

    def __init__(self, controls: Controls, *, max_history_events: int) -> None:
        self.controls = controls
        self.is_asked_to_suspend = False
        """True once the parent has to continue as new. Its children then continue in its next execution."""
        self._max_history_events = max_history_events
        self._in_flight = 0

    @property
    def is_open(self) -> bool:
        """Whether new work may begin."""
        return not self.controls.paused and not self.suspends

    @property
    def suspends(self) -> bool:
        """Whether each node stops before its next model or tool call, so that the workflow can continue as new.

        Neither children nor activities in flight outlive the execution that started them. So a long history ends when
        nothing is in flight. Only a history that is far too long makes nodes wait for such a moment.
        """
        if self.is_asked_to_suspend:
            return True
        return self._is_longer_than(self._max_history_events * (MOST_TIMES if self._in_flight else 1))

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Mark work that must not be in flight when the workflow continues as new."""
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    def pause(self) -> None:
        """Hold back work that hasn't begun."""
        self.controls = Controls(paused=True, raises=self.controls.raises)

    def resume(self) -> None:
        """Allow calls again, and retry those that the ledger had rejected."""
        self.controls = Controls(paused=False, raises=self.controls.raises + 1)

    def raise_budget(self) -> None:
        """Retry the calls that the ledger had rejected."""
        self.controls = Controls(paused=self.controls.paused, raises=self.controls.raises + 1)

    def _is_longer_than(self, events: int) -> bool:
        info = workflow.info()
        is_suggested = not self._in_flight and info.is_continue_as_new_suggested()
        return is_suggested or info.get_current_history_length() > events
