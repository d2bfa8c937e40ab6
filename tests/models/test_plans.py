"""What a plan may be."""

from models.plans import MAX_NODES, PlannedSubtask, check_plan


def some(count: int, *, splitting: int = 0) -> list[PlannedSubtask]:
    return [PlannedSubtask(key=f"s{n}", instruction="go", decompose=n < splitting) for n in range(count)]


def test_a_plan_may_use_every_subtask_that_a_task_may_have() -> None:
    assert check_plan(some(MAX_NODES), agents=["analyst"]) == []


def test_a_subtask_that_is_to_be_split_needs_one_to_split_into() -> None:
    assert check_plan(some(MAX_NODES - 1, splitting=1), agents=["analyst"]) == []
    assert check_plan(some(8, splitting=2), agents=["analyst"], nodes_left=10) == []
    [problem] = check_plan(some(MAX_NODES, splitting=1), agents=["analyst"])
    assert problem.startswith("'s0' can't decompose: of 200 subtasks a task 0 would be left")
    [problem] = check_plan(some(9, splitting=2), agents=["analyst"], nodes_left=10)
    assert problem.startswith("'s0', 's1' can't decompose")


def test_a_plan_that_is_too_large_has_one_problem() -> None:
    [problem] = check_plan(some(11, splitting=3), agents=["analyst"], nodes_left=10)
    assert problem.startswith("11 subtasks are too many")


def test_a_dependency_named_twice_is_one() -> None:
    subtask = PlannedSubtask(key="b", instruction="go", depends_on=("a", "c", "a"))
    assert subtask.depends_on == ("a", "c")
