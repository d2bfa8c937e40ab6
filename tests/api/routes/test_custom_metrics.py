"""Custom metrics through HTTP."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api.app import create_app
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.store import custom_metrics
from models.custom_metrics import MAX_POINTS, MAX_SERIES, MAX_VALUE
from models.ids import UserId
from tests.api.accounts import ME
from tests.api.conftest import SignUp, administrator
from tests.runs import new_user

METRICS = "/api/v1/analytics/metrics"


async def record(client: httpx2.AsyncClient, *metrics: dict[str, Any]) -> int:
    return (await client.post(f"{METRICS}/record", json={"metrics": metrics})).status_code


async def test_recorded_values_are_summed_by_labels(sign_up: SignUp, alice: httpx2.AsyncClient) -> None:
    client = await sign_up()
    scores = [{"name": "reviews.score", "value": value, "labels": {"agent": "writer"}} for value in (1.0, 4.0, 2.5)]
    assert await record(client, *scores, {"name": "reviews.score", "value": 7, "labels": {"agent": "coder"}}) == 201
    items = (await client.get(METRICS, params={"name": "reviews.score"})).json()["items"]
    by_agent = {item["labels"]["agent"]: item for item in items}
    assert by_agent["writer"] == {
        "user_id": (await client.get(ME)).json()["id"],
        "name": "reviews.score",
        "labels": {"agent": "writer"},
        "count": 3,
        "sum": 7.5,
        "minimum": 1.0,
        "maximum": 4.0,
        "mean": 2.5,
        "last": 2.5,
    }
    assert by_agent["coder"]["count"] == 1
    assert (await alice.get(METRICS)).json()["items"] == []


async def test_the_largest_values_have_a_mean(sign_up: SignUp) -> None:
    client = await sign_up()
    assert await record(client, *({"name": "m", "value": value} for value in (MAX_VALUE, MAX_VALUE, -1))) == 201
    [item] = (await client.get(METRICS)).json()["items"]
    assert item["sum"] == 2 * MAX_VALUE
    assert item["mean"] > MAX_VALUE / 2


async def test_times_are_at_most_a_day_ahead(sign_up: SignUp) -> None:
    client, now = await sign_up(), datetime.now(UTC)
    soon, later = ({"name": "m", "value": 1, "at": (now + timedelta(hours=hours)).isoformat()} for hours in (23, 25))
    assert await record(client, soon) == 201
    refused = await client.post(f"{METRICS}/record", json={"metrics": [soon, later]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "metrics.1.at"
    assert (await client.get(f"{ME}/export")).status_code == 200


async def test_administrators_see_whose_metrics_these_are(sign_up: SignUp, database: Database) -> None:
    clients, admin = [await sign_up(), await sign_up()], await administrator(sign_up, database)
    for client in clients:
        assert await record(client, {"name": "whose", "value": 1}) == 201
    items = (await admin.get(METRICS, params={"user_id": "all", "name": "whose"})).json()["items"]
    assert [item["user_id"] for item in items] == [(await client.get(ME)).json()["id"] for client in clients]


async def test_the_latest_value_is_read_by_index(database: Database) -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    owner_id = UserId(await new_user(database))
    query = custom_metrics.figures_query(owner_id, since, until, name=None, after=None, limit=10)
    statement = query.compile(database.engine, compile_kwargs={"literal_binds": True})
    async with database.begin() as session:
        for off in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort"):
            await session.execute(text(f"SET LOCAL {off} = off"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {statement}")))
    assert "Index Scan Backward using metric_points_series" in plan, plan
    assert "Seq Scan on metric_points" not in plan, plan


async def test_metrics_are_paged(sign_up: SignUp) -> None:
    client = await sign_up()
    assert await record(client, *({"name": f"m{number}", "value": number} for number in range(5))) == 201
    first = (await client.get(METRICS, params={"limit": 3})).json()
    second = (await client.get(METRICS, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["m0", "m1", "m2", "m3", "m4"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Upper", "value": 1},
        {"name": "x", "value": "1"},
        {"name": "x", "value": 1.1e100},
        {"name": "x", "value": -1e200},
        {"name": "x", "value": 1, "labels": {"Not OK": "x"}},
        {"name": "x", "value": 1, "labels": {"a": "x" * 101}},
        {"name": "x", "value": 1, "labels": {f"a{number}": "x" * 100 for number in range(6)}},
        {"name": "x", "value": 1, "labels": {f"a{number}": "x" for number in range(11)}},
        {"name": "x", "value": 1, "at": "2026-01-01T00:00"},
        {"name": "x", "value": 1, "at": "1999-12-31T23:59:59Z"},
        {"name": "x", "value": 1, "at": "0001-01-01T00:00:00+12:00"},
        {"name": "x", "value": 1, "at": "9999-12-31T23:59:59-12:00"},
        {"name": "x", "value": 1, "more": 1},
    ],
    ids=[
        *("name", "text", "large", "small", "label", "long", "together", "many"),
        *("naive", "old", "first", "last", "unknown"),
    ],
)
async def test_wrong_metrics_are_refused(alice: httpx2.AsyncClient, wrong: dict[str, Any]) -> None:
    assert await record(alice, wrong) == 422


async def test_the_longest_labels_are_stored(sign_up: SignUp) -> None:
    client = await sign_up()
    letters = [chr(0x1F300 + number) for number in range(490)]
    labels = {f"l{number}": "".join(letters[number::5]) for number in range(5)}
    assert await record(client, {"name": "m" * 80, "value": 1, "labels": labels}) == 201
    assert (await client.get(METRICS)).json()["items"][0]["labels"] == labels


async def test_series_are_limited(sign_up: SignUp) -> None:
    client = await sign_up()
    for begin in range(0, MAX_SERIES, MAX_POINTS):
        labels = [{"run": str(number)} for number in range(begin, begin + MAX_POINTS)]
        assert await record(client, *({"name": "m", "value": 1, "labels": each} for each in labels)) == 201
    assert await record(client, {"name": "m", "value": 1, "labels": {"run": "more"}}) == 422
    assert await record(client, {"name": "m", "value": 1, "labels": {"run": "0"}}) == 201


async def test_requests_at_once_exceed_no_limit_of_series(
    sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom_metrics, "MAX_SERIES", 5)
    client = await sign_up()
    codes = await asyncio.gather(*(record(client, {"name": f"m{number}", "value": 1}) for number in range(20)))
    assert Counter(codes) == {201: 5, 422: 15}
    assert len((await client.get(METRICS)).json()["items"]) == 5


async def test_stored_values_are_limited(sign_up: SignUp, api_settings: Settings) -> None:
    carol, dave = await sign_up(), await sign_up()
    app = create_app(api_settings.model_copy(update={"max_metric_values": 5}))
    async with app.router.lifespan_context(app):
        for client in (carol, dave):
            client._transport = httpx2.ASGITransport(app=app)
        values = [{"name": f"m{number % 2}", "value": 1} for number in range(2)]
        codes = await asyncio.gather(*(record(carol, *values) for _ in range(10)))
        assert Counter(codes) == {201: 2, 429: 8}
        refused = (await carol.post(f"{METRICS}/record", json={"metrics": values})).json()
        assert "CHIMERA_MAX_METRIC_VALUES" in refused["detail"]
        assert await record(dave, *values) == 201


async def test_old_values_are_pruned(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await record(client, {"name": "old", "value": 1, "at": "2020-01-01T00:00Z"}, {"name": "new", "value": 1})
    async with database.begin() as session:
        await session.execute(text("UPDATE metric_series SET created_at = '2020-01-01' WHERE name = 'old'"))
        await custom_metrics.prune(session, days=90)
    assert [item["name"] for item in (await client.get(METRICS)).json()["items"]] == ["new"]
