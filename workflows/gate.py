"""The controls of one workflow, as all nodes that run in it see them: paused or not, budgets raised, time to stop."""

from temporalio import workflow

from models.nodes import Controls


class Gate:
    """Says whether nodes may go on."""

    def __init__(self, controls: Controls, *, max_history_events: int) -> None:
        self.controls = controls
        self._max_history_events = max_history_events
        self.is_called_back = False
        """True once the parent is to continue as new: its children go on in its next run."""

    @property
    def is_open(self) -> bool:
        """Whether anything new may begin."""
        return not self.controls.paused and not self.suspends

    @property
    def suspends(self) -> bool:
        """Whether each node stops before its next model call, so that the workflow can continue as new.

        Neither children nor activities in flight outlive the run that started them.
        """
        return self.is_called_back or self._is_long()

    def pause(self) -> None:
        """Hold what has not begun."""
        self.controls = Controls(paused=True, raises=self.controls.raises)

    def resume(self) -> None:
        """Let calls through again, and those try again that the ledger had refused."""
        self.controls = Controls(paused=False, raises=self.controls.raises + 1)

    def raise_budget(self) -> None:
        """Let those calls try again that the ledger had refused."""
        self.controls = Controls(paused=self.controls.paused, raises=self.controls.raises + 1)

    def _is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > self._max_history_events
