"""The limits of a valid plan."""

from models.plans import MAX_NODES, PlannedSubtask, check_plan, problems_of


def some(count: int, *, splitting: int = 0) -> list[PlannedSubtask]:
    return [PlannedSubtask(key=f"s{n}", instruction="go", decompose=n < splitting) for n in range(count)]


def test_a_plan_may_use_all_allowed_subtasks() -> None:
    assert check_plan(some(MAX_NODES), agents=["analyst"]) == []


def test_decomposing_needs_room_for_one_subtask() -> None:
    assert check_plan(some(MAX_NODES - 1, splitting=1), agents=["analyst"]) == []
    assert check_plan(some(8, splitting=2), agents=["analyst"], nodes_left=10) == []
    [problem] = check_plan(some(MAX_NODES, splitting=1), agents=["analyst"])
    assert problem.startswith(
        "'s0' can't be split further. A task can contain at most 200 subtasks. This plan leaves room for 0 more"
    )
    [problem] = check_plan(some(9, splitting=2), agents=["analyst"], nodes_left=10)
    assert problem.startswith("'s0', 's1' can't be split further")


def test_a_plan_that_is_too_large_has_one_problem() -> None:
    [problem] = check_plan(some(11, splitting=3), agents=["analyst"], nodes_left=10)
    assert problem.startswith("11 subtasks are too many")


def test_a_cycle_is_described_in_order_of_waiting() -> None:
    waits = {"x": "", "a": "", "b": "c", "c": "d", "d": "b"}
    plan = [PlannedSubtask(key=key, instruction="go", depends_on=(on,) if on else ()) for key, on in waits.items()]
    [problem] = problems_of(plan, agents=["analyst"])
    assert problem.place == "plan.2.depends_on"
    assert problem.message == (
        "The plan is cyclic. Remove one of these dependencies from depends_on: 'b' waits for 'c', which waits for"
        " 'd', which waits"
        " for 'b'."
    )


def test_a_long_cycle_is_shortened_and_closed() -> None:
    plan = [
        PlannedSubtask(key=f"s{n}", instruction="go", depends_on=(f"s{(n + 1) % MAX_NODES}",)) for n in range(MAX_NODES)
    ]
    [message] = check_plan(plan, agents=["analyst"])
    assert message.endswith("'s9', which waits for …, which waits for 's0'.")


def test_a_repeated_key_is_one_problem_for_the_model() -> None:
    plan = [PlannedSubtask(key="a", instruction="go")] * 3
    assert check_plan(plan, agents=["analyst"]) == ["Key 'a' is used more than once. Keys must be unique."]
    assert [problem.place for problem in problems_of(plan, agents=["analyst"])] == ["plan.1.key", "plan.2.key"]


def test_planners_get_no_subtasks() -> None:
    plan = [PlannedSubtask(key=name, instruction="go", agent=name) for name in ("planner", "coordinator")]
    [problem] = problems_of(plan, agents=["planner", "coordinator", "analyst"])
    assert problem.place == "plan.0.agent"
    assert problem.message.startswith(
        "Subtask 'planner' can't be given to 'planner'. Use one of analyst, coordinator. To split the subtask"
    )
    assert problem.message.endswith("set decompose to true instead.")
    assert len(check_plan(plan, agents=["analyst"])) == 2


def test_a_dependency_named_twice_is_one() -> None:
    subtask = PlannedSubtask(key="b", instruction="go", depends_on=("a", "c", "a"))
    assert subtask.depends_on == ("a", "c")
