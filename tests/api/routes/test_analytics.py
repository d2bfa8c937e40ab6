"""Figures through HTTP, compared with the ledger that they come from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import calls, rollups, settlements
from models.ids import TaskId
from tests.api.conftest import SignUp, administrator, new_task, set_task
from tests.chimera.ledger.test_calls import a_settlement, an_intent
from tests.chimera.ledger.test_rollups import answered, booked_late, cancelled, end, failed, left_in_doubt

ANALYTICS = "/api/v1/analytics"
ROUTES = ("overview", "agents/performance", "tasks/analytics", "usage/daily", "latency/daily")


async def a_task_of(client: httpx2.AsyncClient, database: Database, *happened: Any) -> TaskId:
    """Create a running task with a subtask `a` for each thing that happens, and return the last."""
    task_id = TaskId("")
    for each in happened:
        task = await new_task(client, plan=[{"key": "a", "instruction": "Say a word."}])
        task_id = TaskId(task["id"])
        await set_task(database, task_id, status="running")
        await each(database, task_id)
    return task_id


async def get(client: httpx2.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(f"{ANALYTICS}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_figures_equal_the_ledger(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await a_task_of(client, database, answered, failed, cancelled, left_in_doubt, booked_late)
    before = await get(client, "overview")
    figures = before["model_calls"]
    assert {name: figures[name] for name in ("attempts", "finished", "failed", "cancelled", "in_doubt", "late")} == {
        "attempts": 6,
        "finished": 2,
        "failed": 1,
        "cancelled": 1,
        "in_doubt": 1,
        "late": 1,
    }
    assert figures["cost_micro_usd"] == 3 * 40 + 2 * 20
    assert figures["in_doubt_micro_usd"] == 100
    assert figures["success_rate"] == 0.4
    assert figures["simulated"] == 6
    assert before["runs"]["created"] == 5
    assert before["latency"]["count"] == 2
    assert [(each["model"], each["attempts"]) for each in before["by_model"]] == [("simulator/fast", 6)]
    assert [(each["agent"], each["attempts"]) for each in before["by_agent"]] == [("writer", 6)]
    assert sum(day["cost_micro_usd"] for day in before["days"]) == figures["cost_micro_usd"]
    await rollups.fold(database)
    after = await get(client, "overview", until=before["period"]["until"])
    assert {**after, "period": None} == {**before, "period": None}


async def test_agents_are_listed_by_version(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await a_task_of(client, database, answered, failed, left_in_doubt)
    item = (await get(client, "agents/performance"))["items"][0]
    assert (item["agent"], item["version"], item["attempts"]) == ("writer", None, 3)
    assert item["failures"] == {"overloaded": 1, "in_doubt": 1}
    assert item["first_token"]["count"] == 1
    assert item["first_token"]["p50_ms"] in (5, 6)
    assert (await get(client, "agents/performance", agent="critic"))["items"] == []


async def test_tasks_are_counted_by_their_end(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    for status in ("failed", "failed", "cancelled"):
        await end(database, await a_task_of(client, database, answered), status)
    await a_task_of(client, database, answered)
    figures = await get(client, "tasks/analytics")
    assert {name: figures[name] for name in ("created", "completed", "failed", "cancelled")} == {
        "created": 4,
        "completed": 0,
        "failed": 2,
        "cancelled": 1,
    }
    assert figures["failures"] == {"overloaded": 2}
    assert figures["open_now"] == {"running": 1}
    assert figures["duration"]["count"] == 3
    assert (await get(client, "tasks/analytics", kind="images"))["created"] == 0


async def test_latencies_of_days_add_up(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await a_task_of(client, database, answered, answered, failed)
    found: Any = None
    for zone in ("UTC", "Asia/Kolkata"):
        for is_folded in (False, True):
            if is_folded:
                await rollups.fold(database)
            found = await get(client, "latency/daily", time_zone=zone)
            whole = await get(client, "overview", since=found["period"]["since"], until=found["period"]["until"])
            assert sum(day["latency"]["count"] for day in found["days"]) == whole["latency"]["count"] == 2
            assert found["days"][-1]["latency"]["p95_ms"] == whole["latency"]["p95_ms"]
            (agent,) = (await get(client, "agents/performance"))["items"]
            assert found["days"][-1]["first_token"] == agent["first_token"]
    assert (await get(client, "latency/daily", agent="writer"))["days"] == found["days"]
    assert (await get(client, "latency/daily", agent="critic"))["days"] == []


async def test_days_are_those_of_the_time_zone(sign_up: SignUp, database: Database) -> None:
    """In 2026, clocks in Berlin go back on 25 October, so that day has 25 hours; India is 5:30 ahead of UTC."""
    client = await sign_up()
    starts = ["2026-10-24T21:50Z", "2026-10-24T22:10Z", "2026-10-25T22:50Z", "2026-10-25T23:10Z"]
    for start in starts:
        await started_at(client, database, datetime.fromisoformat(start))
    period = {"since": "2026-10-20T00:00Z", "until": "2026-10-28T00:00Z"}
    for zone, days in {
        "Europe/Berlin": {"2026-10-24": 1, "2026-10-25": 2, "2026-10-26": 1},
        "UTC": {"2026-10-24": 2, "2026-10-25": 2},
        "Asia/Kolkata": {"2026-10-25": 2, "2026-10-26": 2},
    }.items():
        for fold in (False, True):
            if fold:
                await rollups.fold(database)
            daily = await get(client, "usage/daily", time_zone=zone, **period)
            assert {row["date"]: row["attempts"] for row in daily["items"]} == days
            overview = await get(client, "overview", time_zone=zone, **period)
            assert {row["date"]: row["attempts"] for row in overview["days"]} == days


async def started_at(client: httpx2.AsyncClient, database: Database, start: datetime) -> None:
    """Let a call be answered that started at a time."""
    task_id = await a_task_of(client, database, reserved)
    async with database.begin() as session:
        change = text("UPDATE call_attempts SET started_at = :at WHERE run_id = :id")
        await session.execute(change, {"at": start, "id": task_id})
    async with database.statements() as connection:
        assert await settlements.settle(connection, a_settlement(an_intent(task_id)))


async def reserved(database: Database, task_id: TaskId) -> None:
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id))


async def test_daily_usage_is_paged(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    for day in range(3):
        await started_at(client, database, datetime(2026, 10, 10 + day, 12, tzinfo=UTC))
    period = {"since": "2026-10-01T00:00Z", "until": "2026-10-20T00:00Z"}
    rows: list[Any] = []
    cursor = None
    while cursor is not None or not rows:
        page = await get(client, "usage/daily", limit=1, **period, **({"cursor": cursor} if cursor else {}))
        rows += page["items"]
        cursor = page["next_cursor"]
    assert [row["date"] for row in rows] == ["2026-10-12", "2026-10-11", "2026-10-10"]
    assert (rows[0]["provider"], rows[0]["model"]) == ("simulator", "simulator/fast")


async def test_only_administrators_see_others(sign_up: SignUp, database: Database) -> None:
    owner, other, admin = await sign_up(), await sign_up(), await administrator(sign_up, database)
    await a_task_of(owner, database, answered)
    me = (await owner.get("/api/v1/auth/me")).json()["id"]
    for path in ROUTES:
        url = f"{ANALYTICS}/{path}"
        assert (await other.get(url, params={"user_id": me})).status_code == 404
        assert (await other.get(url, params={"user_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12})).status_code == 404
        assert (await other.get(url, params={"user_id": "all"})).status_code == 403
        assert (await admin.get(url, params={"user_id": "all"})).status_code == 200
    assert (await get(other, "overview"))["model_calls"]["attempts"] == 0
    assert (await get(admin, "overview", user_id=me))["model_calls"]["attempts"] == 1
    assert (await get(admin, "overview", user_id="all"))["model_calls"]["attempts"] >= 1
    daily = await get(admin, "usage/daily", user_id="all", limit=100)
    assert me in {row["user_id"] for row in daily["items"]}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"since": "2026-01-01T00:00"}, "since"),
        ({"since": "2026-01-02T00:00Z", "until": "2026-01-01T00:00Z"}, "since"),
        ({"since": "2024-01-01T00:00Z", "until": "2026-01-01T00:00Z"}, "since"),
        ({"until": "0001-01-01T00:00Z"}, "until"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"user_id": "x"}, "user_id"),
        ({"nope": "1"}, "nope"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_period_is_refused(alice: httpx2.AsyncClient, params: dict[str, str], field: str) -> None:
    for path in ROUTES:
        answer = await alice.get(f"{ANALYTICS}/{path}", params=params)
        assert answer.status_code == 422
        assert field in str(answer.json())


async def test_periods_are_whole_quarters_of_an_hour(alice: httpx2.AsyncClient) -> None:
    period = (await get(alice, "overview", since="2026-01-01T00:07:00+01:00", until="2026-01-01T00:16Z"))["period"]
    assert period == {"since": "2025-12-31T23:00:00Z", "until": "2026-01-01T00:30:00Z", "time_zone": "UTC"}
    period = (await get(alice, "overview"))["period"]
    length = datetime.fromisoformat(period["until"]) - datetime.fromisoformat(period["since"])
    assert length == timedelta(days=7)
