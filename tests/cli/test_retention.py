"""The printed rules and runs of retention."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from cli.retention import rules_table, runs_table, sentence_of
from models.ids import RetentionId, UserId
from models.retention import RetentionKind, RetentionPage, RetentionRule, RetentionStatus, RetentionView

WHEN = datetime(2026, 11, 30, 3, tzinfo=UTC)


def a_run(**changes: Any) -> RetentionView:
    values: dict[str, Any] = {
        "id": RetentionId("8c0f3b5e-0000-4000-8000-000000000000"),
        "status": RetentionStatus.COMPLETED,
        "user_id": None,
        "requested_by": None,
        "days": {"tasks": 90},
        "deleted": {"tasks": 12, "chat_sessions": 3},
        "bytes_freed": 5 * 1024 * 1024,
        "created_at": WHEN,
        "updated_at": WHEN,
        "ended_at": WHEN,
    }
    return RetentionView(**{**values, **changes})


def printed(table: object) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_rules_and_runs_are_printed() -> None:
    rules = (
        RetentionRule(kind=RetentionKind.TASKS, days=90, setting="CHIMERA_TASKS_KEPT_DAYS", continuous=False),
        RetentionRule(kind=RetentionKind.FILES, days=0, setting="CHIMERA_FILES_KEPT_DAYS", continuous=False),
    )
    page = RetentionPage(rules=rules, hour=3, items=(a_run(), a_run(user_id=UserId("0a1b2c3d-x"))))
    assert "90 days" in printed(rules_table(page))
    assert "always" in printed(rules_table(page))
    text = printed(runs_table(page))
    assert "12 tasks, 3 chat sessions" in text
    assert "5.0 MiB" in text
    assert "user 0a1b2c3d" in text


def test_a_dry_run_says_what_would_be_deleted() -> None:
    dry = a_run(id=None, dry_run=True)
    assert sentence_of(dry) == "This would be deleted: 12 tasks, 3 chat sessions."
    assert sentence_of(a_run(dry_run=True, deleted={})) == "This would be deleted: nothing."
    assert sentence_of(a_run(days={})).startswith("Nothing to do")
    assert "chimera retention show" in sentence_of(a_run(status=RetentionStatus.RUNNING))
