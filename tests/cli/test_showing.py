"""What is printed of a task."""

from datetime import timedelta, timezone
from pathlib import Path

import pytest

from cli.actions import showing
from cli.actions.showing import facts_of
from models.costs import CostView
from models.tasks import Budget, TaskStatus, Usage, Waiting
from tests.cli.api import TinyApi
from tests.cli.builders import NOW, task_view
from tests.parts import serving


def a_bill(**changes: object) -> CostView:
    values: dict[str, object] = {
        "spent_micro_usd": 900,
        "reserved_micro_usd": 0,
        "doubtful_micro_usd": 0,
        "model_calls": 3,
        "usage": Usage(input_tokens=10, output_tokens=5),
        "budget": None,
        "by_model": (),
        "by_subtask": (),
        "attempts": (),
    }
    return CostView.model_validate(values | changes)


def test_a_waiting_task_is_shown_with_its_reason_and_its_limit() -> None:
    task = task_view(
        status=TaskStatus.WAITING,
        budget=Budget(max_cost_micro_usd=2000),
        waiting=Waiting(limit="max_cost_micro_usd", message="$0.0009 of $0.0020 is spent."),
    )
    facts = dict(facts_of(task, a_bill()))
    assert facts["Status"] == "waiting: $0.0009 of $0.0020 is spent."
    assert facts["Budget"] == "$0.0020"


def test_requests_are_counted_and_doubtful_ones_explained() -> None:
    facts = dict(facts_of(task_view(), a_bill(doubtful_micro_usd=1100)))
    assert facts["Cost"] == "$0.0009 for 3 requests to models, 15 tokens"
    assert facts["Doubtful"] == "at most $0.0011, for requests whose end nobody saw (they count for the budget)"
    assert "Doubtful" not in dict(facts_of(task_view(), a_bill()))


def test_times_are_utc_and_say_so() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    facts = dict(facts_of(task_view(started_at=elsewhere, ended_at=NOW), a_bill()))
    assert (facts["Began"], facts["Ended"]) == ("2026-11-01 12:00:00 UTC", "2026-11-01 12:00:00 UTC")


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([], 'No tasks yet. Hand one in: chimera run "<goal>"'),
        (["running", "waiting"], "No task is running or waiting. Without --status all are listed: chimera tasks"),
    ],
)
async def test_an_empty_list_says_what_was_looked_for(
    statuses: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    api = TinyApi(tasks=[])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await showing.list_tasks(statuses, 20, as_json=False) == 0
    assert capsys.readouterr().out.strip() == said
