"""Exports through HTTP, read back in each format."""

import csv
import io
from typing import Any

import httpx2
import pytest
from arro3.io import read_parquet

from chimera.content.exports import cell_of
from chimera.db.engine import Database
from chimera.ledger import rollups
from models.exports import COLUMNS, ExportKind
from tests.api.conftest import SignUp
from tests.api.routes.test_analytics import a_task_of
from tests.chimera.ledger.test_rollups import answered, booked_late, failed

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
