"""The numbers of a home page."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from chimera.db.engine import Database
from chimera.store import task_counts
from models.runs import RunStatus
from tests.api.conftest import SignUp, administrator, new_task, set_task
from tests.api.routes.test_analytics import a_task_of
from tests.api.routes.test_approvals import for_approvers
from tests.approvals import A_CALL, A_QUESTION, ask, begin
from tests.chimera.ledger.test_rollups import answered, left_in_doubt

COUNTS = "/api/v1/tasks/counts"


async def test_tasks_are_counted_by_status(sign_up: SignUp, bob: httpx2.AsyncClient, database: Database) -> None:
    carol = await sign_up()
    nothing = await _counts(carol)
    assert set(nothing["by_status"]) == {status.value for status in RunStatus}
    assert set(nothing["by_status"].values()) == {0}
    for status in ("completed", "completed", "failed", "running"):
        await set_task(database, (await new_task(carol))["id"], status=status)
    deleted = await new_task(carol)
    await carol.delete(f"/api/v1/tasks/{deleted['id']}")
    await new_task(bob)
    found = {status: number for status, number in (await _counts(carol))["by_status"].items() if number}
    assert found == {"completed": 2, "failed": 1, "running": 1}


async def test_what_waits_for_a_user_is_counted(sign_up: SignUp, bob: httpx2.AsyncClient, database: Database) -> None:
    carol = await sign_up()
    task_id = str((await new_task(carol))["id"])
    await begin(database, task_id)
    await ask(database, task_id, A_CALL)
    await begin(database, task_id, "more")
    await ask(database, task_id, A_QUESTION, path="more")
    await set_task(database, (await new_task(carol))["id"], status="waiting", needs_budget=True)
    assert (await _counts(carol))["waiting"] == {"approvals": 1, "questions": 1, "budgets": 1}
    listed = (await carol.get("/api/v1/approvals")).json()["items"]
    assert len(listed) == 2
    # A call that another user has to decide about waits for that user only.
    before = (await _counts(bob))["waiting"]
    other = str((await new_task(carol))["id"])
    await begin(database, other)
    await ask(database, other, await for_approvers(A_CALL, bob))
    assert (await _counts(carol))["waiting"]["approvals"] == 1
    assert (await _counts(bob))["waiting"]["approvals"] == before["approvals"] + 1


async def test_counts_stop_at_a_limit(sign_up: SignUp, database: Database, monkeypatch: Any) -> None:
    carol = await sign_up()
    for _ in range(3):
        await new_task(carol)
    monkeypatch.setattr(task_counts, "MAX_COUNTED", 2)
    assert (await _counts(carol))["by_status"]["draft"] == 2


async def test_todays_cost_is_that_of_the_time_zone(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    await a_task_of(carol, database, answered, left_in_doubt)
    east, west = (ZoneInfo(name) for name in ("Pacific/Kiritimati", "Etc/GMT+12"))
    for zone in (east, west):
        cost = (await _counts(carol, time_zone=zone.key))["today"]
        midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        assert datetime.fromisoformat(cost["period"]["since"]) == midnight
    cost = (await _counts(carol, time_zone=west.key))["today"]
    overview = (await carol.get("/api/v1/analytics/overview", params={"since": cost["period"]["since"]})).json()[
        "model_calls"
    ]
    assert cost["cost_micro_usd"] == cost["simulated_micro_usd"] == overview["cost_micro_usd"]
    assert cost["in_doubt_micro_usd"] == overview["in_doubt_micro_usd"]
    refused = await carol.get(COUNTS, params={"time_zone": "Mars"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "time_zone")


async def test_an_administrator_counts_own_tasks(sign_up: SignUp, bob: httpx2.AsyncClient, database: Database) -> None:
    admin = await administrator(sign_up, database)
    await new_task(bob)
    assert set((await _counts(admin))["by_status"].values()) == {0}


async def _counts(client: httpx2.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get(COUNTS, params=params)
    assert answer.status_code == 200, answer.text
    counts: dict[str, Any] = answer.json()
    return counts
