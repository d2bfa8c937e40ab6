"""Options and files become the body that the API expects."""

import json
import re
from pathlib import Path

import pytest

from cli.errors import WrongUsage
from cli.http.bodies import task_body
from models.tasks import OnFailure, SubtaskMode, TaskSpec


def test_options_become_the_body_that_the_api_takes(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"subtasks": [{"key": "a", "instruction": "Do it."}]}))
    spec = TaskSpec.model_validate(
        task_body(
            "A goal",
            model="openai/gpt-5.6",
            budget_micro_usd=100_000,
            plan=plan,
            on_failure="skip",
            subtasks="inline",
            priority=1,
        )
    )
    assert spec.plan is not None
    assert spec.plan[0].key == "a"
    assert spec.budget is not None
    assert spec.subtasks is SubtaskMode.INLINE
    assert (spec.budget.max_cost_micro_usd, spec.on_failure, spec.priority) == (100_000, OnFailure.SKIP, 1)


@pytest.mark.parametrize("name", ["plan", "subtasks", None])
def test_a_plan_is_accepted_with_or_without_its_name(tmp_path: Path, name: str | None) -> None:
    plan, subtasks = tmp_path / "plan.json", [{"key": "a", "instruction": "Do it."}]
    plan.write_text(json.dumps({name: subtasks} if name else subtasks))
    assert task_body("A goal", plan=plan)["plan"] == subtasks


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (
            '{"goal": "x", "plan": []}',
            "must be a list of subtasks, not an object that contains 'goal', 'plan'. Pass only the list",
        ),
        ('{"key": "a"}', "not an object that contains 'key'. Pass"),
        ("{}", "not an object that contains nothing. Pass"),
        ('[{"key": "a", "key": "b"}]', "contains a duplicate name in one object: 0.key. Remove one"),
    ],
)
def test_a_malformed_plan_file_is_explained(tmp_path: Path, text: str, printed: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    with pytest.raises(WrongUsage, match=re.escape(printed)):
        task_body("A goal", plan=plan)


def test_omitted_options_are_left_to_the_api() -> None:
    assert task_body("A goal") == {"goal": "A goal"}


def test_a_plan_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("[{")
    with pytest.raises(WrongUsage, match=r"plan\.json.*not JSON"):
        task_body("A goal", plan=path)
