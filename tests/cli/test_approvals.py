"""Commands for approvals and policies, against the real API."""

import json
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from chimera.db.engine import Database
from cli import approvals, policies
from cli.errors import NotThere, Refused, WrongUsage
from cli.http import signed_in
from tests.approvals import A_CALL, A_QUESTION, AN_OUTCOME, ask, begin


@pytest.fixture
async def task_id(real_api: Settings) -> str:
    """Create a draft through the API."""
    async with signed_in() as client:
        return (await client.create_task({"goal": "Work.", "start": False})).id


async def pending(settings: Settings, task_id: str, *new: object) -> list[str]:
    database = Database(settings)
    try:
        await begin(database, task_id)
        return [await ask(database, task_id, each, step=step) for step, each in enumerate(new)]  # type: ignore[arg-type]
    finally:
        await database.close()


async def test_decisions_are_made_by_commands(
    real_api: Settings, task_id: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ids = await pending(real_api, task_id, A_CALL, A_CALL, A_CALL, A_QUESTION, AN_OUTCOME)
    first, second, third, question, unknown = (each[:13] for each in ids)
    assert await approvals.list_approvals(False, 100, as_json=False) == 0
    listed = capsys.readouterr().out
    assert all(each[:8] in listed for each in ids)

    assert await approvals.show(first) == 0
    shown = capsys.readouterr().out
    assert '"to": "b@example.com"' in shown
    assert f"Run: chimera approve {first[:8]}" in shown

    assert await approvals.approve(first) == 0
    file = tmp_path / "arguments.json"
    file.write_text('{"to": "c@example.com"}')
    assert await approvals.approve(second, arguments=str(file)) == 0
    assert await approvals.reject(third, reason="No.") == 0
    assert await approvals.answer(question, "red") == 0
    assert await approvals.outcome(unknown, happened=True, result="Sent.") == 0
    words = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert words == ["approved.", "approved.", "rejected.", "answered.", "answered."]

    with pytest.raises(Refused, match=r"was approved by .* at 20"):
        await approvals.reject(first)
    assert await approvals.list_approvals(True, 100, as_json=True) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert [each["status"] for each in items] == ["answered", "answered", "rejected", "approved", "approved"]
    assert [each["changed_arguments"] for each in items[3:]] == [{"to": "c@example.com"}, None]


async def test_mistakes_are_explained(real_api: Settings, task_id: str) -> None:
    (approval_id,) = await pending(real_api, task_id, A_CALL)
    with pytest.raises(NotThere, match="chimera approvals"):
        await approvals.show("ffffffff")
    with pytest.raises(WrongUsage, match="exactly one"):
        await approvals.outcome(approval_id, happened=True, again=True)
    with pytest.raises(WrongUsage, match="--result"):
        await approvals.outcome(approval_id, again=True, result="x")
    with pytest.raises(WrongUsage, match="isn't a question"):
        await approvals.answer(approval_id, "yes")
    with pytest.raises(WrongUsage, match="can't be read as JSON"):
        await approvals.approve(approval_id, arguments="{")
    with pytest.raises(Refused, match="no active user"):
        await approvals.delegate(approval_id, "nobody@example.com")


@pytest.mark.usefixtures("real_api")
async def test_a_policy_is_set_and_tried(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"rules": [{"tool": "http_request", "verdict": "deny", "reason": "Not here."}]}')
    assert await policies.replace(file) == 0
    assert await policies.show() == 0
    shown = capsys.readouterr().out
    assert "You have 1 rule." in shown
    assert "0. deny tool=http_request: Not here." in shown
    assert await policies.try_out("http_request", arguments='{"method": "GET"}') == 0
    assert capsys.readouterr().out == "deny, by rule 0 (own). Not here.\n"
    assert await policies.try_out("unknown", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["known"] is False


def test_a_rule_that_no_tool_matches_is_noted() -> None:
    rules = [{"tool": "http_requst"}, {"tool": "http_*"}, {"tool": "shop__*"}, {}]
    assert list(policies._without_match(rules, ["http_request", "calculator"])) == [
        "Note: no tool matches rule 0, 'http_requst'. Did you mean 'http_request'?",
        "Note: no tool matches rule 2, 'shop__*'.",
    ]
