"""Text that control commands print in addition to the API's response."""

from pathlib import Path

import pytest

from cli.errors import NotThere
from cli.http import signed_in
from cli.task_controls import budget, delete
from tests.cli.api import TinyApi
from tests.cli.builders import TASK, a_bill
from tests.parts import serving


async def test_a_new_budget_is_confirmed_with_spending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = TinyApi(bill=a_bill(in_doubt_micro_usd=400))
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await budget(TASK, usd=50_000, requests=20) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Task 6c1f0b1e is running. Its total budget is $0.0500, 20 requests.",
        "Spent so far: $0.0009 for 3 model requests, 15 tokens.",
        "In doubt: at most $0.0004 for requests whose outcome is unknown, which counts toward the budget.",
    ]


@pytest.mark.usefixtures("real_api")
async def test_a_deleted_task_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    async with signed_in() as client:
        task = await client.create_task({"goal": "x", "start": False})
    assert await delete(task.id[:8]) == 0
    assert "was deleted" in capsys.readouterr().out
    with pytest.raises(NotThere):
        await delete(task.id[:8])
