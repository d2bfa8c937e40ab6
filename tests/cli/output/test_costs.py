"""A task's bill, as printed."""

from rich.console import Console

from cli.output.costs import facts_of, tables_of
from models.costs import CostView
from tests.cli.builders import BILL, TASK, a_bill, a_sum, attempt


def rendered(cost: CostView) -> list[str]:
    console = Console(width=80)
    with console.capture() as capture:
        for table in tables_of(cost):
            console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_a_bill_lists_models_agents_nodes_and_failures() -> None:
    assert rendered(BILL) == [
        "Model Attempts Input Output Cost In doubt",
        "simulator/standard (simulated) 3 10 5 $0.0009 $0.0004",
        "Agent Attempts Input Output Cost In doubt",
        "planner 1 10 5 $0.0003",
        "analyst 2 10 5 $0.0006 $0.0004",
        "Subtask Attempts Input Output Cost In doubt",
        "(task) 1 10 5 $0.0003",
        "facts 2 10 5 $0.0006 $0.0004",
        "Without a result Call Attempt Status Why Cost",
        "facts turn 1 1 in doubt outcome unknown in doubt",
        "facts turn 1 2 failed overloaded $0.000003",
    ]


def test_empty_sums_of_a_bill_are_left_out() -> None:
    assert dict(facts_of(TASK, BILL)) == {
        "Task": TASK,
        "Cost": "$0.0009 for 3 model requests, 15 tokens",
        "In doubt": "at most $0.0004 for requests whose outcome is unknown, which counts toward the budget",
        "Reserved": "$0.0025 for model calls in flight",
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
    assert dict(facts_of(TASK, guessed))["Cost"] == "~$0.0009 for 3 model requests, ~15 tokens"
    shown = rendered(guessed)
    assert shown[1] == "local/a 1 ~10 ~5 ~$0.0003"
    assert shown[3:5] == ["planner 1 10 5 $0.0003", "analyst 1 ~10 ~5 ~$0.0006"]
    assert shown[-1] == "facts turn 1 1 failed overloaded ~$0.000003"
