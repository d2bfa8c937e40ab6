"""API errors about fields are reported as errors about the options that the user typed."""

import pytest

from cli.errors import FieldProblem, Problem, Refused
from cli.input.options import AGENT, BUDGET, CHANGE, SCHEDULE, TASK, Options
from cli.process.running import lines_of


@pytest.mark.parametrize(
    ("options", "field", "message", "printed"),
    [
        (SCHEDULE, "interval_s", "The value must be 10 or more.", "--interval-s: The value must be 10 or more."),
        (SCHEDULE, "cron", "'@every 1h' is written as interval_s.", "--cron: '@every 1h' is written as --interval-s."),
        (SCHEDULE, "task.model", "Unknown provider 'a'.", "--model: Unknown provider 'a'."),
        (SCHEDULE, "task.goal", "It is empty.", "GOAL: It is empty."),
        (CHANGE, "task.goal", "It is empty.", "--goal: It is empty."),
        (TASK, "plan.0.agent", "Unknown agent 'a'.", "--plan, at 0.agent: Unknown agent 'a'."),
        (TASK, "budget.max_cost_micro_usd", "Too much.", "--budget-usd: Too much."),
        (BUDGET, "body", "Set max_tokens.", "Set --tokens."),
        (AGENT, "tools.0", "No tool 'a'.", "--tool, number 1: No tool 'a'."),
        (
            TASK,
            "plan.0.x",
            "No such field; use one of max_turns, key.",
            "--plan, at 0.x: No such field; use one of max_turns, key.",
        ),
        (TASK, "metadata", "Too large.", "metadata: Too large."),
        ({}, "interval_s", "Use interval_s.", "interval_s: Use interval_s."),
    ],
)
def test_a_field_is_named_as_it_was_typed(options: Options, field: str, message: str, printed: str) -> None:
    problem = FieldProblem(field=field, message=message)
    refused = Refused(Problem(status=422, title="No", detail=f"{field}: {message}", errors=(problem,)))
    refused.options = options
    assert [line.plain for line in lines_of(refused)] == ["✗ No", f"  {printed}", "  (422)"]
