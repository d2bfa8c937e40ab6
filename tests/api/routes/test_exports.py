"""Exports through HTTP, read back in each format."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from arro3.io import read_parquet
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content.exports import cell_of, written
from chimera.db.engine import Database
from chimera.ledger import rollups
from chimera.ledger.analytics.exported import pages
from chimera.ledger.analytics.window import Window
from models.exports import COLUMNS, ExportFormat, ExportKind
from models.ids import TaskId, UserId
from models.runs import RunKind
from tests.api.accounts import ME
from tests.api.conftest import SignUp
from tests.api.routes.test_analytics import a_task_of
from tests.chimera.ledger.test_rollups import answered, booked_late, failed
from tests.until import LIMIT_S

EXPORT = "/api/v1/analytics/export"


async def export(client: httpx2.AsyncClient, **params: str) -> httpx2.Response:
    answer = await client.get(EXPORT, params=params)
    assert answer.status_code == 200, answer.text
    return answer


async def rows_of(client: httpx2.AsyncClient, format_: str, what: str) -> list[dict[str, Any]]:
    answer = await export(client, format=format_, what=what)
    assert f'filename="chimera-{what}-' in answer.headers["content-disposition"]
    if format_ == "json":
        return list(answer.json())
    if format_ == "csv":
        return list(csv.DictReader(io.StringIO(answer.text)))
    table = read_parquet(io.BytesIO(answer.content)).read_all()
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return [{name: column[place] for name, column in columns.items()} for place in range(table.num_rows)]


@pytest.mark.parametrize("what", list(ExportKind))
async def test_each_format_has_the_same_rows(sign_up: SignUp, database: Database, what: ExportKind) -> None:
    client = await sign_up()
    await a_task_of(client, database, answered, failed, booked_late)
    assert (await export(client, what=what)).text
    found = {format_: await rows_of(client, format_, what) for format_ in ("csv", "json", "parquet")}
    assert list(found["json"][0]) == list(COLUMNS[what])
    whole = [name for name, sort in COLUMNS[what].items() if sort == "whole"]
    for rows in found.values():
        sums = {name: sum(int(row[name] or 0) for row in rows) for name in whole}
        assert sums == {name: sum(row[name] or 0 for row in found["json"]) for name in whole}
    if what is ExportKind.USAGE:
        assert sum(row["cost_micro_usd"] for row in found["json"]) == 140
        await rollups.fold(database)
        assert sorted(map(str, await rows_of(client, "json", what))) == sorted(map(str, found["json"]))
    if what is ExportKind.CALLS:
        assert sum(row["cost_micro_usd"] for row in found["json"]) == 140
    if what is ExportKind.RUNS:
        assert len(found["json"]) == 3


async def a_completion(database: Database, run_id: TaskId) -> None:
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET kind = 'completion' WHERE id = :id"), {"id": run_id})
    await answered(database, run_id)


async def test_exports_contain_all_kinds_by_default(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await a_task_of(client, database, answered, a_completion, answered)
    for what in ExportKind:
        found = (await export(client, format="json", what=what)).json()
        assert {row["kind"] for row in found} == {"task", "completion"}
        times = [row.get("created_at") or row.get("at") or row["started_at"] for row in found]
        assert times == sorted(times)
        only = (await export(client, format="json", what=what, kind="completion")).json()
        assert only == [row for row in found if row["kind"] == "completion"]
    assert len((await export(client, format="json", what="runs")).json()) == 3


async def test_an_empty_export_is_valid(sign_up: SignUp) -> None:
    client = await sign_up()
    for what in ExportKind:
        assert [await rows_of(client, format_, what) for format_ in ("csv", "json", "parquet")] == [[], [], []]


async def test_exports_contain_only_own_rows(sign_up: SignUp, database: Database) -> None:
    owner, other = await sign_up(), await sign_up()
    await a_task_of(owner, database, answered)
    for what in ExportKind:
        assert await rows_of(other, "json", what) == []
    assert (await other.get(EXPORT, params={"user_id": "all"})).status_code == 403
    assert (await other.get(EXPORT, params={"format": "xml"})).status_code == 422


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\r=x"], ids=["is", "plus", "minus", "at", "tab", "cr"]
)
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert cell_of(text) == f"'{text}"
    assert cell_of(-1) == -1


COLUMNS_OF_PAGES = {"number": COLUMNS[ExportKind.USAGE]["attempts"]}


async def test_exports_leave_threads_to_others() -> None:
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncGenerator[Sequence[Sequence[Any]]]:
        yield [(1,)]
        reading.set()
        await go_on.wait()

    async def first_of(export: AsyncGenerator[bytes]) -> bytes:
        async with aclosing(export):
            return await anext(export)

    exports = [written(ExportFormat.PARQUET, COLUMNS_OF_PAGES, slow()) for _ in range(40)]
    waiting = [asyncio.create_task(first_of(each)) for each in exports]
    try:
        await reading.wait()
        async with asyncio.timeout(LIMIT_S):
            assert await asyncio.to_thread(lambda: "a sign-in") == "a sign-in"
        stopped = waiting.pop()
        stopped.cancel()
        await asyncio.wait([stopped])
    finally:
        go_on.set()
        found = await asyncio.gather(*waiting)
    assert {each[:4] for each in found} == {b"PAR1"}


async def test_an_export_that_fails_reads_no_more() -> None:
    read = 0

    async def wrong() -> AsyncGenerator[Sequence[Sequence[Any]]]:
        nonlocal read
        for read in range(1000):  # noqa: B007  # counted outside
            yield [("not a number",)]
            await asyncio.sleep(0.001)

    with pytest.raises(Exception, match="cannot be interpreted as an integer"):
        await anext(written(ExportFormat.PARQUET, COLUMNS_OF_PAGES, wrong()))
    assert read < 999


async def test_times_without_usage_are_skipped(sign_up: SignUp, database: Database) -> None:
    client = await sign_up()
    await a_task_of(client, database, answered)
    owner_id = UserId((await client.get(ME)).json()["id"])
    transactions = 0

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        nonlocal transactions
        transactions += 1
        async with database.begin() as session:
            yield session

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = Window(owner_id, today - timedelta(days=399), today + timedelta(days=2))
    for _ in range(2):
        found = [row async for page in pages(begin, window, ExportKind.USAGE, [RunKind.TASK]) for row in page]
        assert (len(found), transactions) == (1, 2)
        await rollups.fold(database)
        transactions = 0
