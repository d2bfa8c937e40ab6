"""The subtasks of a plan that may start."""

from models.ids import NodePath
from models.nodes import NodeOutcome
from models.plans import MAX_IN_FLIGHT, PlanNode
from workflows.progress import Progress

A, B, C = PlanNode(key="a", agent="w"), PlanNode(key="b", agent="w"), PlanNode(key="c", agent="w", depends_on=("a",))


def ended(key: str) -> NodeOutcome:
    return NodeOutcome(path=NodePath(f"deep/{key}"), status="completed")


def test_a_dependent_starts_after_its_dependencies() -> None:
    progress = Progress((C, A, B))
    assert progress.start() == [A, B]
    progress.end(ended("a"))
    assert progress.start() == [C]
    assert progress.start() == []


def test_ended_nodes_are_not_started_again() -> None:
    progress = Progress((A, B, C), [ended("a")])
    assert progress.start() == [B, C]
    assert progress.completed() == ["deep/a"]


def test_a_suspended_subtask_may_be_started_again() -> None:
    progress = Progress((A,))
    progress.start()
    progress.put_back("a")
    assert progress.start() == [A]
    assert not progress.finished


def test_only_the_maximum_number_is_in_flight() -> None:
    progress = Progress([PlanNode(key=f"s{number}", agent="w") for number in range(MAX_IN_FLIGHT + 2)])
    assert len(progress.start()) == MAX_IN_FLIGHT
    progress.end(ended("s0"))
    assert len(progress.start()) == 1
