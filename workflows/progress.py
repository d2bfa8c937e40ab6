"""Decides which subtasks of a plan may start: pure bookkeeping over the DAG, without Temporal."""

from collections.abc import Iterable, Sequence

from models.ids import NodePath
from models.nodes import NodeOutcome
from models.plans import MAX_IN_FLIGHT, PlanNode


class Progress:
    """The started and the ended subtasks of a plan, in the plan's order, so that a replay decides the same."""

    def __init__(self, nodes: Sequence[PlanNode], ended: Iterable[NodeOutcome] = ()) -> None:
        self.nodes = tuple(nodes)
        self.outcomes = {_key_of(outcome.path): outcome for outcome in ended}
        self._started = set(self.outcomes)

    @property
    def finished(self) -> bool:
        return len(self.outcomes) == len(self.nodes)

    def start(self) -> list[PlanNode]:
        """Start the subtasks that may start now, and return them: their dependencies have ended, and at most 50 are in
        flight.
        """
        room = MAX_IN_FLIGHT - (len(self._started) - len(self.outcomes))
        ready = [
            node
            for node in self.nodes
            if node.key not in self._started and all(name in self.outcomes for name in node.depends_on)
        ][:room]
        self._started.update(node.key for node in ready)
        return ready

    def end(self, outcome: NodeOutcome) -> None:
        """Record how a subtask ended."""
        self.outcomes[_key_of(outcome.path)] = outcome

    def put_back(self, key: str) -> None:
        """Allow a suspended subtask to be started again."""
        self._started.discard(key)

    def completed(self) -> list[NodePath]:
        """Return the subtasks that have an answer, in the order in which they ended."""
        return [outcome.path for outcome in self.outcomes.values() if outcome.status == "completed"]

    def describe(self) -> str:
        """Return the plan as a Markdown list with states, for Temporal's Web UI."""
        return "\n".join(
            f"- **{node.key}** ({node.agent}): {self._state_of(node.key)}{f' · {node.title}' if node.title else ''}"
            for node in self.nodes
        )

    def _state_of(self, key: str) -> str:
        if key in self.outcomes:
            return self.outcomes[key].status
        return "running" if key in self._started else "pending"


def _key_of(path: NodePath) -> str:
    return path.rpartition("/")[2]
