"""A task's bill as it is printed."""

from pathlib import Path

import pytest
from rich.console import Console

from cli.output.costs import facts_of, tables_of
from cli.tasks import cost
from models.costs import CostView
from tests.cli.api import TinyApi
from tests.cli.builders import TASK, a_bill, a_sum, attempt
from tests.parts import serving

BILL = a_bill(
    doubtful_micro_usd=400,
    reserved_micro_usd=2500,
    budget={"max_cost_micro_usd": 50_000, "max_tokens": None, "max_model_calls": None},
    by_model=(a_sum(3, 900, 400, model="simulator/standard", simulated=True),),
    by_agent=(a_sum(1, 300, agent="planner"), a_sum(2, 600, 400, agent="analyst")),
    by_subtask=(a_sum(1, 300, path=""), a_sum(2, 600, 400, path="facts")),
    attempts=(
        attempt(agent="planner"),
        attempt("facts", status="doubtful", cost_micro_usd=0),
        attempt("facts", attempt=2, status="failed", error_code="overloaded", cost_micro_usd=3),
        attempt("facts", attempt=3),
    ),
)


def drawn(cost: CostView) -> list[str]:
    console = Console(width=80)
    with console.capture() as capture:
        for table in tables_of(cost):
            console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_a_bill_is_told_by_model_agent_and_place_and_with_what_came_to_nothing() -> None:
    assert drawn(BILL) == [
        "Model Attempts Input Output Cost Doubtful",
        "simulator/standard (simulated) 3 10 5 $0.0009 $0.0004",
        "Agent Attempts Input Output Cost Doubtful",
        "planner 1 10 5 $0.0003",
        "analyst 2 10 5 $0.0006 $0.0004",
        "Subtask Attempts Input Output Cost Doubtful",
        "(task) 1 10 5 $0.0003",
        "facts 2 10 5 $0.0006 $0.0004",
        "Came to nothing Call Attempt Status Why Cost",
        "facts turn 1 1 doubtful its end was not seen in doubt",
        "facts turn 1 2 failed overloaded $0.000003",
    ]


def test_the_sums_of_a_bill_are_named_and_those_of_nothing_left_out() -> None:
    assert dict(facts_of(TASK, BILL)) == {
        "Task": TASK,
        "Cost": "$0.0009 for 3 requests to models, 15 tokens",
        "Doubtful": "at most $0.0004, for requests whose end nobody saw (they count for the budget)",
        "Reserved": "$0.0025, for model calls in flight",
        "Budget": "$0.0500",
    }
    assert list(dict(facts_of(TASK, a_bill()))) == ["Task", "Cost"]
    assert tables_of(a_bill()) == []


def test_estimates_are_marked_in_a_bill() -> None:
    guessed = a_bill(
        estimated=True,
        by_model=(a_sum(1, 300, model="local/a", simulated=False, estimated=True),),
        by_agent=(a_sum(1, 300, agent="planner"), a_sum(1, 600, agent="analyst", estimated=True)),
        attempts=(attempt("facts", status="failed", error_code="overloaded", cost_micro_usd=3, estimated=True),),
    )
    assert dict(facts_of(TASK, guessed))["Cost"] == "~$0.0009 for 3 requests to models, ~15 tokens"
    shown = drawn(guessed)
    assert shown[1] == "local/a 1 ~10 ~5 ~$0.0003"
    assert shown[3:5] == ["planner 1 10 5 $0.0003", "analyst 1 ~10 ~5 ~$0.0006"]
    assert shown[-1] == "facts turn 1 1 failed overloaded ~$0.000003"


async def test_a_deleted_tasks_bill_is_printed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = TinyApi(tasks=[], bill=BILL)
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await cost(TASK, as_json=True) == 0
    assert CostView.model_validate_json(capsys.readouterr().out) == BILL
