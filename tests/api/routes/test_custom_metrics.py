"""Custom metrics through HTTP."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.store import custom_metrics
from models.custom_metrics import MAX_POINTS, MAX_SERIES
from tests.api.conftest import SignUp

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
        {"name": "x", "value": 1, "labels": {"Not OK": "x"}},
        {"name": "x", "value": 1, "labels": {"a": "x" * 101}},
        {"name": "x", "value": 1, "labels": {f"a{number}": "x" * 100 for number in range(6)}},
        {"name": "x", "value": 1, "labels": {f"a{number}": "x" for number in range(11)}},
        {"name": "x", "value": 1, "at": "2026-01-01T00:00"},
        {"name": "x", "value": 1, "more": 1},
    ],
    ids=["name", "text", "label", "long", "together", "many", "naive", "unknown"],
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


async def test_old_values_are_pruned(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await record(client, {"name": "old", "value": 1, "at": "2020-01-01T00:00Z"}, {"name": "new", "value": 1})
    async with database.begin() as session:
        await session.execute(text("UPDATE metric_series SET created_at = '2020-01-01' WHERE name = 'old'"))
        await custom_metrics.prune(session, days=90)
    assert [item["name"] for item in (await client.get(METRICS)).json()["items"]] == ["new"]
