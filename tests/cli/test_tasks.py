"""Commands for tasks: submit, watch, list and bill."""

import asyncio
import re
from pathlib import Path

import pytest

from cli.errors import Refused
from cli.tasks import cost, follow, list_tasks, retry, run, show
from models.costs import CostView
from models.runs import RunStatus
from models.tasks import SubtaskMode, TaskView
from models.waits import budget_wait
from tests.cli.api import TinyApi, no_room, problem
from tests.cli.builders import BILL, TASK, a_blocked_call, task_view
from tests.parts import serving
from tests.until import LIMIT_S


async def test_leaving_shows_the_next_command_and_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wait = budget_wait(TASK, limit="max_cost_micro_usd", message="It is spent. Raise the limit.", needed=200)
    waits = task_view(status=RunStatus.WAITING, waiting=wait)
    api = TinyApi(tasks=[waits])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await follow(TASK, exit_on_budget=True) == 4
    printed = capsys.readouterr().err
    assert f"Raise the limit. Run: chimera budget {TASK[:8]} --usd 0.01\n" in printed
    assert f"chimera cancel {TASK[:8]}" in printed


@pytest.mark.usefixtures("real_api")
@pytest.mark.parametrize("mode", SubtaskMode)
async def test_a_task_is_started_with_its_subtask_mode(capsys: pytest.CaptureFixture[str], mode: SubtaskMode) -> None:
    assert await run("Find out.", subtasks=mode.value, follow=False) == 0
    assert await show("last") == 0
    assert re.search(rf"Subtasks +0 of 0 done \({mode}\)", capsys.readouterr().out)


async def test_a_retry_follows_events_after_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = task_view(status=RunStatus.FAILED, last_seq=17, error_code="overloaded", error="Busy.")
    api = TinyApi(tasks=[failed])
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        await retry("last")
    assert api.asked_after == [17]
    assert "chimera retry" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "code"),
    [(RunStatus.COMPLETED, 0), (RunStatus.FAILED, 1), (RunStatus.CANCELLED, 2), (RunStatus.WAITING, 4)],
)
async def test_a_task_without_a_stream_ends_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float], status: RunStatus, code: int
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    api = TinyApi(refuse_streams=[no_room() for _ in range(9)])

    async def create(client: object, spec: object) -> TaskView:
        api.tasks = [task_view(status=status)]
        return task_view()

    monkeypatch.setattr("cli.http.client.Client.create_task", create)
    async with asyncio.timeout(LIMIT_S), serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        assert await run("Find out.", exit_on_budget=True, as_json=True) == code
    assert len(api.asked_after) == 1


@pytest.mark.parametrize(("status", "continues"), [(403, True), (500, True), (404, False)])
async def test_a_refused_stream_shows_how_to_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int, continues: bool
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    api = TinyApi(refuse_streams=[problem(status, "odd", "Refused")])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        with pytest.raises(Refused):
            await follow(TASK)
    assert (
        f"The task continues. To watch it again, run: chimera follow {TASK[:8]}" in capsys.readouterr().err
    ) == continues


async def test_a_list_marks_blocked_running_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked_by = task_view(blocked_by=(a_blocked_call("a"),))
    api = TinyApi(tasks=[blocked_by, task_view(id="7" + TASK[1:])])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await list_tasks() == 0
    assert capsys.readouterr().out.count("running (blocked)") == 1


@pytest.mark.parametrize(
    ("statuses", "printed"),
    [
        ([], 'No tasks yet. To start one, run: chimera run "Compare tea and coffee."'),
        (
            ["running", "waiting"],
            "No tasks have the status running or waiting. To list all tasks, run: chimera tasks",
        ),
    ],
)
async def test_an_empty_list_names_the_filter(
    statuses: list[str],
    printed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    api = TinyApi(tasks=[])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await list_tasks(statuses) == 0
    assert capsys.readouterr().out.strip() == printed


async def test_a_deleted_tasks_bill_is_printed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = TinyApi(tasks=[], bill=BILL)
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await cost(TASK, as_json=True) == 0
    assert CostView.model_validate_json(capsys.readouterr().out) == BILL
