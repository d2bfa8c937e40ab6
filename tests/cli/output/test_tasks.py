"""The printed form of tasks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from cli.output import tasks
from cli.output.outcomes import answer_of
from cli.output.tasks import facts_of, table_of
from models.model_calls import Purpose
from models.runs import RunStatus
from models.tasks import BlockedCall, BudgetView, SubtaskMode
from models.waits import budget_wait
from tests.cli.builders import NOW, TASK, a_bill, a_blocked_call, a_sum, attempt, subtask_view, task_view


def test_a_waiting_task_shows_reason_and_limit() -> None:
    task = task_view(
        status=RunStatus.WAITING,
        budget=BudgetView(max_cost_micro_usd=2000, max_tokens=None, max_model_calls=None),
        waiting=budget_wait(
            TASK, limit="max_cost_micro_usd", message="$0.0009 of $0.0020 is spent. Raise it.", needed=2100
        ),
    )
    facts = dict(facts_of(task, a_bill()))
    assert facts["Status"] == (
        "waiting: $0.0009 of $0.0020 is spent. Raise it. Run: chimera budget 6c1f0b1e --usd 0.01"
    )
    assert facts["Budget"] == "$0.0020"


@pytest.mark.parametrize("mode", SubtaskMode)
def test_a_task_shows_where_its_subtasks_run(mode: SubtaskMode) -> None:
    task = task_view(subtasks=mode, subtasks_done=1, subtasks_total=3)
    assert dict(facts_of(task, a_bill()))["Subtasks"] == f"1 of 3 done ({mode})"


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("attempts_used_up", "See: chimera cost 6c1f0b1e"),
        ("unknown_agent", "Run: chimera agents create <name> --prompt <prompt>"),
        ("wrong_kind_of_model", "See: chimera models"),
    ],
)
def test_a_failed_task_names_the_command_for_details(code: str, command: str) -> None:
    task = task_view(status=RunStatus.FAILED, error_code=code, error="It failed.")
    assert dict(facts_of(task, a_bill()))["Status"] == f"failed: {code}: It failed. {command}"


def test_requests_are_counted_and_those_in_doubt_explained() -> None:
    facts = dict(facts_of(task_view(), a_bill(in_doubt_micro_usd=1100)))
    assert facts["Cost"] == "$0.0009 for 3 model requests, 15 tokens"
    assert facts["In doubt"] == "at most $0.0011 for requests whose outcome is unknown, which counts toward the budget"
    assert "In doubt" not in dict(facts_of(task_view(), a_bill()))


def test_unanswered_calls_show_start_and_next_try() -> None:
    later = NOW + timedelta(seconds=30)
    calls = (a_blocked_call("a"), a_blocked_call("b", since=later, next_try_at=later))
    assert dict(facts_of(task_view(blocked_by=calls), a_bill()))["Blocked"] == (
        "2 calls blocked by the provider since 2026-11-01 12:00:00 UTC, after 4 requests;"
        " next try 2026-11-01 12:00:30 UTC. overloaded: Busy."
    )
    assert "Blocked" not in dict(facts_of(task_view(), a_bill()))


def test_a_task_without_new_calls_is_shown_as_quiet() -> None:
    later = NOW + timedelta(seconds=30)
    assert "since 2026-11-01 12:00:30 UTC" in dict(facts_of(task_view(last_call_at=later), a_bill()))["Quiet"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for lively in (
        task_view(last_call_at=tomorrow),
        task_view(status=RunStatus.PAUSED),
        task_view(started_at=None),
        task_view(blocked_by=(a_blocked_call("a"),)),
    ):
        assert "Quiet" not in dict(facts_of(lively, a_bill()))


def test_tries_without_a_connection_are_no_requests() -> None:
    def note_of(*calls: BlockedCall) -> str:
        return dict(facts_of(task_view(blocked_by=calls), a_bill()))["Blocked"].split(", ")[1].partition(".")[0]

    assert note_of(a_blocked_call("a", attempts=5, requests=0)) == "after 5 tries without a connection"
    loading = a_blocked_call("a", attempts=5, requests=0).model_copy(update={"code": "model_loading"})
    assert note_of(loading) == "after 5 tries while the model was loading"
    some = (a_blocked_call("a", attempts=2, requests=1), a_blocked_call("b", attempts=1, requests=1))
    assert note_of(*some) == "after 2 requests and 1 try without a connection"
    assert note_of(a_blocked_call("a", attempts=0, requests=0)) == "before the first request"


def test_a_scheduled_run_shows_when_it_was_due() -> None:
    late = task_view(due_at=NOW, created_at=NOW + timedelta(hours=3))
    assert dict(facts_of(late, a_bill()))["Due"] == "2026-11-01 12:00:00 UTC"
    assert "due 11-01 12:00 · A title" in rendered(tasks.list_of([late], set()))[1]


def test_times_are_shown_in_utc() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    facts = dict(facts_of(task_view(started_at=elsewhere, ended_at=NOW), a_bill()))
    assert (facts["Started"], facts["Ended"]) == ("2026-11-01 12:00:00 UTC", "2026-11-01 12:00:00 UTC")


def test_the_nodes_of_a_task_add_up() -> None:
    cost = a_bill(
        spent_micro_usd=900,
        in_doubt_micro_usd=400,
        by_subtask=(a_sum(2, 300, path=""), a_sum(3, 600, 400, path="facts")),
        attempts=(
            attempt(purpose=Purpose.PLAN, agent="planner"),
            attempt("facts"),
            attempt("text", agent="poet", agent_version=3),
            attempt(purpose=Purpose.AGGREGATE, agent="coordinator"),
        ),
    )
    # The cost in the subtask's own row leaves out attempts without a result.
    shown = rendered(table_of([subtask_view("facts", spent_micro_usd=200), subtask_view("text", agent="poet")], cost))
    assert [line.split()[:7] for line in shown if not line.lstrip().startswith("→")] == [
        ["Subtask", "Status", "Agent", "Turns", "Cost", "In", "doubt"],
        ["(task)", "$0.0003", "plan", "(planner),", "answer", "(coordinator)"],
        ["facts", "completed", "writer", "3", "$0.0006", "$0.0004", "FACTS"],
        ["text", "completed", "poet", "v3", "3", "$0.0000", "TEXT"],
        ["Total", "$0.0009", "$0.0004"],
    ]


def test_a_subtasks_title_and_result_are_separate() -> None:
    running = subtask_view("a", title="Facts", status="running", result=None)
    failed = subtask_view("b", title="Sums", status="failed", result=None, error="Nothing left.")
    shown = rendered(table_of([running, subtask_view("c", title="Text", result="It is\nso."), failed], a_bill()))
    title = shown[0].index("Title")
    assert [line[title:].rstrip() for line in shown[1:-1]] == [
        "Facts",
        "Text",
        "→ It is so.",
        "Sums",
        "✗ Nothing left.",
    ]


def test_a_list_marks_blocked_tasks() -> None:
    listed = [task_view(), task_view(id="7" + TASK[1:]), task_view(id="8" + TASK[1:], status=RunStatus.WAITING)]
    shown = rendered(tasks.list_of(listed, {TASK}))
    assert [line[10:31].rstrip() for line in shown[1:]] == ["running (blocked)", "running", "waiting (budget)"]


def rendered(table: Table) -> list[str]:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


def test_a_queued_task_shows_its_place() -> None:
    queued = task_view(status=RunStatus.QUEUED, queue_place=1204)
    assert dict(facts_of(queued, a_bill()))["Status"] == "queued, position 1,204 in the queue"


@pytest.mark.parametrize(
    ("output", "shown"), [(None, "Text: {}"), ({"n": "é"}, '{\n  "n": "é"\n}'), (False, "false"), ([], "[]")]
)
def test_a_typed_answer_is_shown_as_json(output: JsonValue, shown: str) -> None:
    assert answer_of(task_view(result="Text: {}", output=output)) == shown
