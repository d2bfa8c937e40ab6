"""The printed figures and the printed system log."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from rich.console import Console

from chimera.config.settings import Settings
from cli.analytics import analytics, charts_of, print_overview
from cli.logs import line_of, logs
from models.analytics import CallFigures, Durations, ModelFigures, Overview, Period, Point, RunFigures
from models.system_log import LogEntry
from models.usage import Usage

WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)
DURATIONS = Durations(count=2, p50_ms=900, p95_ms=600_000, p99_ms=600_000)


def figures(**changes: Any) -> dict[str, Any]:
    empty = dict.fromkeys(CallFigures.model_fields, 0)
    return {**empty, "usage": Usage(input_tokens=1200, output_tokens=34), "success_rate": 0.5, "attempts": 2, **changes}


def a_day(day: int, **changes: int) -> Point:
    values = {"attempts": 2, "finished": 1, "input_tokens": 1, "output_tokens": 1, "cost_micro_usd": 0, **changes}
    return Point(date=date(2026, 11, day), **values)


def printed(found: Overview) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        print_overview(console, found)
    return capture.get()


def test_an_overview_is_printed_with_a_chart() -> None:
    text = printed(
        Overview(
            period=Period(since=WHEN, until=WHEN),
            model_calls=CallFigures(**figures(cost_micro_usd=2_000_000, in_doubt=1, in_doubt_micro_usd=500)),
            latency=DURATIONS,
            runs=RunFigures(created=3, completed=1, failed=1, cancelled=0, success_rate=0.5, duration=DURATIONS),
            by_model=(ModelFigures(model="openai/gpt-5", **figures(cost_micro_usd=2_000_000)),),
            by_agent=(),
            days=(a_day(1, cost_micro_usd=1_000_000), a_day(3, cost_micro_usd=500_000)),
        )
    )
    assert "2, 50.0% successful, 1 in doubt" in text
    assert "$2.00; in doubt: $0.0005" in text
    assert "half within 0.9 s, 95 % within 10 min" in text
    assert "openai/gpt-5" in text
    assert "Cost by day" in text


def test_a_chart_shows_days_without_calls() -> None:
    [(title, lines)] = charts_of((a_day(1, attempts=4), a_day(3, attempts=2)))
    assert title == "Model calls by day"
    assert [line.count("█") for line in lines] == [40, 0, 20]
    assert [line.split()[-1] for line in lines] == ["4", "0", "2"]
    assert not list(charts_of(()))


def test_a_log_line_stays_one_line() -> None:
    entry = LogEntry(
        id=1,
        at=WHEN,
        level="warning",
        component="api",
        event="part_away",
        fields={"part": "redis\n\x1b[31m", "number": 3, "logger": "x"},
        request_id=None,
    )
    line = line_of(entry).plain
    assert line.startswith("2026-11-30 12:00:00  warning   api       part_away  part=redis")
    assert line.endswith("number=3")
    assert "\n" not in line
    assert "\x1b" not in line


async def test_figures_and_logs_come_from_the_api(real_api: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert await analytics(days=30, all_users=True) == 0
    assert "Model calls" in capsys.readouterr().out
    assert await analytics(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["model_calls"]["attempts"] == 0
    assert await logs(level="error", search="nothing like this") == 0
    assert capsys.readouterr().out.strip() == "No entries."
