"""The command that estimates a task."""

import json
from pathlib import Path

import pytest

from cli.output.estimates import print_estimate
from cli.tasks import estimate
from models.estimates import Spread, TaskEstimate


@pytest.mark.usefixtures("real_api")
async def test_a_task_is_estimated_without_being_created(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([{"key": "a", "instruction": "Go.", "agent": "critic"}]))
    assert await estimate("Go.", plan=plan, budget_micro_usd=1) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Requests 1 1" in printed
    assert "Cost (simulated)" in printed
    assert "Based on the prices of the models" in printed
    assert "don't fit into the budget" in printed
    assert await estimate("Go.", plan=plan, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["model_calls"] == {"p50": 1, "p90": 1}


def test_an_estimate_shows_its_samples_and_duration(capsys: pytest.CaptureFixture[str]) -> None:
    spread = Spread(p50=1000, p90=90_000)
    print_estimate(
        TaskEstimate(
            based_on="similar_tasks",
            samples=7,
            model_calls=spread,
            tokens=spread,
            cost_micro_usd=spread,
            duration_ms=spread,
            within_budget=True,
            simulated=False,
        )
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "Duration 0:00:01 0:01:30" in printed
    assert "Based on 7 similar tasks of yours. The high values fit into the budget." in printed
