"""Decisions that are requested in place while a task is followed."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger.approvals import NewApproval
from cli.http import signed_in
from cli.live.asking import Asker, asker_at
from cli.live.screens import Lines
from cli.live.view import TaskState
from models.approvals import ApprovalId, ApprovalView
from tests.approvals import A_CALL, A_QUESTION, AN_OUTCOME, ask, begin


class Typist:
    """Types prepared lines."""

    def __init__(self, *lines: str) -> None:
        self._lines: Iterator[str] = iter(lines)

    async def read(self) -> str:
        return next(self._lines)


async def asked_in_place(settings: Settings, new: NewApproval, *lines: str, times: int = 1) -> tuple[ApprovalView, str]:
    """Ask about a decision, type these lines, and return the approval and what was printed."""
    console, database = Console(file=io.StringIO(), width=200), Database(settings)
    try:
        async with signed_in() as client:
            task = await client.create_task({"goal": "Work.", "start": False})
            await begin(database, task.id)
            approval_id = await ask(database, task.id, new)
            asker = Asker(client, console, Typist(*lines).read)
            for _ in range(times):
                await asker.ask([approval_id], Lines(TaskState(task.id), console))
            printed = console.file.getvalue()  # type: ignore[attr-defined]
            return await client.approval(approval_id), printed
    finally:
        await database.close()


async def test_a_call_is_approved_in_place(real_api: Settings) -> None:
    approval, printed = await asked_in_place(real_api, A_CALL, "x\n", "a\n")
    assert approval.status == "approved"
    assert '"text": "Hello"' in printed
    assert printed.count("Approve, reject, edit") == 2


async def test_a_call_is_rejected_with_a_reason(real_api: Settings) -> None:
    approval, _ = await asked_in_place(real_api, A_CALL, "r\n", "Too risky.\n")
    assert (approval.status, approval.answer) == ("rejected", "Too risky.")


async def test_arguments_are_edited(real_api: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    approval, printed = await asked_in_place(real_api, A_CALL, "e\n", "{wrong\n", "e\n", '{"to": "c@example.com"}\n')
    assert approval.changed_arguments == {"to": "c@example.com"}
    assert "can't be read as JSON" in printed


async def test_an_editor_changes_arguments(real_api: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sed -i s/Hello/Bye/")
    approval, _ = await asked_in_place(real_api, A_CALL, "e\n")
    assert approval.changed_arguments == {"to": "b@example.com", "text": "Bye"}


async def test_a_question_is_answered_in_place(real_api: Settings) -> None:
    approval, printed = await asked_in_place(real_api, A_QUESTION, "green\n")
    assert (approval.status, approval.answer) == ("answered", "green")
    assert "Which color?" in printed


async def test_an_outcome_is_determined_in_place(real_api: Settings) -> None:
    approval, _ = await asked_in_place(real_api, AN_OUTCOME, "h\n", "Sent.\n")
    assert (approval.status, approval.answer) == ("answered", "Sent.")


async def test_later_is_not_asked_again(real_api: Settings) -> None:
    approval, printed = await asked_in_place(real_api, A_CALL, "\n", times=3)
    assert approval.status == "pending"
    assert printed.count("Approve, reject, edit") == 1
    assert f"Later: chimera approvals show {approval.id[:8]}" in printed


async def test_an_unknown_approval_is_passed_over(real_api: Settings) -> None:
    console = Console(file=io.StringIO())
    async with signed_in() as client:
        asker = Asker(client, console, Typist().read)
        unknown = ApprovalId("6c1f0b1e-0000-4000-8000-000000000001")
        await asker.ask([unknown], Lines(TaskState(unknown), console))  # type: ignore[arg-type]
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_nobody_is_asked_without_a_terminal() -> None:
    assert asker_at(None, Console(file=io.StringIO())) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("editor", "words"),
    [("true", "not changed, so nothing was decided"), ("no-such-editor", "'no-such-editor' can't be started")],
)
async def test_only_a_change_approves(
    real_api: Settings, monkeypatch: pytest.MonkeyPatch, editor: str, words: str
) -> None:
    monkeypatch.setenv("VISUAL", editor)
    approval, printed = await asked_in_place(real_api, A_CALL, "e\n", "r\n", "No.\n")
    assert approval.status == "rejected"
    assert words in printed
