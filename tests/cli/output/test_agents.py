"""The status and metrics of agents, as the commands print them."""

import pytest

from cli.output.agents import print_metrics, print_status
from models.agent_activity import AgentCall, AgentMetricsView, AgentStatusView, VersionMetrics
from models.ids import NodePath, TaskId
from models.model_calls import Purpose
from models.usage import Usage
from tests.cli.builders import NOW


def test_a_busy_agent_lists_its_calls(capsys: pytest.CaptureFixture[str]) -> None:
    task_id = TaskId("6c1f0b1e-0000-4000-8000-000000000001")
    call = AgentCall(task_id=task_id, path=NodePath("facts"), purpose=Purpose.TURN, step=2, since=NOW)
    print_status(AgentStatusView(status="busy", calls=(call,), tasks_waiting=3))
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["The", "agent", "is", "busy", "with", "1", "model", "call,", "with", "3", "tasks", "waiting", "for", "it."],
        ["Task", "Subtask", "Call", "Since"],
        ["6c1f0b1e", "facts", "turn", "2", "2026-11-01", "12:00:00", "UTC"],
    ]


def test_metrics_are_listed_by_version(capsys: pytest.CaptureFixture[str]) -> None:
    version = VersionMetrics(
        version=2,
        calls=3,
        attempts=5,
        failures={"stalled": 1, "rate_limited": 1},
        latency_p50_ms=1500,
        latency_p95_ms=None,
        usage=Usage(input_tokens=1200, output_tokens=30),
        cost_micro_usd=400,
    )
    print_metrics(AgentMetricsView(since=NOW, versions=(version,)))
    shown = capsys.readouterr().out
    assert shown.startswith("In tasks created since 2026-11-01 12:00 UTC:\n")
    for part in ("1.50 s", "1,200", "$0.0004", "rate_limited 1,", "stalled 1"):
        assert part in shown
