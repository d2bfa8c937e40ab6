"""What control commands say beside what the API answers."""

from pathlib import Path

import pytest

from cli.errors import NotThere
from cli.http import signed_in
from cli.input.amounts import micro_usd
from cli.output.outcomes import shortfall_of
from cli.task_controls import budget, delete
from models.tasks import Budget, Waiting
from tests.cli.api import TinyApi
from tests.cli.builders import TASK, a_bill
from tests.parts import serving

COSTS_MORE = Waiting(limit="max_cost_micro_usd", message="", needed=4475)


def test_a_raise_that_is_too_small_for_the_next_call_is_said() -> None:
    assert shortfall_of(COSTS_MORE, Budget(max_cost_micro_usd=4000)) == (
        "It will wait again: its next call needs --usd 0.004475 at least."
    )


@pytest.mark.parametrize(("needed", "said"), [(12_345_678, "12.345678"), (2_000_000_000_000, "2000000")])
def test_what_a_raise_needs_can_be_typed_again(needed: int, said: str) -> None:
    waiting = Waiting(limit="max_cost_micro_usd", message="", needed=needed)
    shortfall = shortfall_of(waiting, Budget(max_cost_micro_usd=1)) or ""
    assert f"--usd {said} at least" in shortfall
    assert micro_usd(said) == needed


def test_a_raise_of_another_limit_is_said() -> None:
    waiting = Waiting(limit="max_tokens", message="", needed=700)
    assert "--tokens 700" in (shortfall_of(waiting, Budget(max_cost_micro_usd=10**9)) or "")


@pytest.mark.parametrize("waiting", [None, COSTS_MORE, Waiting(limit="max_tokens", message="")])
def test_a_raise_that_is_enough_or_can_not_be_judged_is_not_remarked_on(waiting: Waiting | None) -> None:
    assert shortfall_of(waiting, Budget(max_cost_micro_usd=4475)) is None


async def test_a_new_budget_is_confirmed_with_what_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = TinyApi(bill=a_bill(doubtful_micro_usd=400))
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await budget(TASK, usd=50_000, requests=20) == 0
    assert capsys.readouterr().out.splitlines() == [
        "6c1f0b1e is running. It may spend $0.0500, 20 requests in all.",
        "Spent so far: $0.0009 for 3 requests to models, 15 tokens.",
        "In doubt: at most $0.0004, for requests whose end nobody saw (they count for the budget).",
    ]


@pytest.mark.usefixtures("real_api")
async def test_a_deleted_task_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    async with signed_in() as client:
        task = await client.create_task({"goal": "x", "start": False})
    assert await delete(task.id[:8]) == 0
    assert "is deleted" in capsys.readouterr().out
    with pytest.raises(NotThere):
        await delete(task.id[:8])
