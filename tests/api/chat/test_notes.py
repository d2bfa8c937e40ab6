"""Titles, summaries and suggestions of chat sessions."""

from collections.abc import Iterator

import httpx2
import pytest
from fastapi import FastAPI

from chimera.db.engine import Database
from chimera.store import contents
from models.ids import RunId
from tests.api.chat.conftest import changed, new_session, send
from tests.conftest import SimulatorServer
from tests.runs import Runs
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")
TEXT = "Tell me about the history of tea in China, Japan and other countries, please."


@pytest.fixture
def titles(app: FastAPI) -> Iterator[None]:
    with changed(app, chat_titles=True):
        yield


@pytest.mark.usefixtures("titles")
async def test_a_title_is_written_by_a_model(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    await send(alice, session, TEXT)
    await _titled(alice, session, "[simulated]")
    await send(alice, session, "And coffee?", wait_s=30)
    assert (await alice.put(session, json={"title": "Tea"})).json()["title"] == "Tea"


@pytest.mark.usefixtures("titles")
async def test_a_failed_title_leaves_the_beginning(alice: httpx2.AsyncClient, runs: Runs) -> None:
    session = await new_session(alice)
    await send(alice, session, TEXT)
    query = "UPDATE runs SET status = 'failed', result = NULL WHERE id = (SELECT title_run_id FROM chat_sessions WHERE"
    await _titled(alice, session, "[simulated]")
    await runs.rows(f"{query} id = :id) RETURNING id", RunId(session.rpartition("/")[2]))
    title = (await alice.get(session)).json()["title"]
    assert (len(title), title[:-1]) == (60, TEXT[:59])


async def _titled(client: httpx2.AsyncClient, session: str, begin: str) -> None:
    async def is_titled() -> bool:
        return str((await client.get(session)).json()["title"]).startswith(begin)

    await until_true(is_titled)


async def test_a_summary_is_written_once(alice: httpx2.AsyncClient, simulator: SimulatorServer) -> None:
    session = await new_session(alice)
    await send(alice, session, TEXT, wait_s=30)
    first = await alice.get(f"{session}/summary")
    assert first.status_code == 200, first.text
    summary = first.json()
    assert (summary["status"], summary["simulated"]) == ("completed", True)
    assert summary["text"].startswith("[simulated]")
    assert summary["cost_micro_usd"] > 0
    assert (await alice.get(f"{session}/summary")).json() == summary
    asked = [each for each in simulator.asked() if each["call_id"].partition("#")[0] == summary["id"]]
    assert len([each for each in asked if each["phase"] == "arrived"]) == 1
    await send(alice, session, "And coffee?", wait_s=30)
    assert (await alice.get(f"{session}/summary")).json()["id"] != summary["id"]


async def test_an_erased_summary_is_written_again(alice: httpx2.AsyncClient, database: Database) -> None:
    session = await new_session(alice)
    await send(alice, session, TEXT, wait_s=30)
    for what, field in (("summary", "text"), ("suggestions", "suggestions")):
        erased = (await alice.get(f"{session}/{what}")).json()
        async with database.begin() as rows:
            await contents.delete_of_reply(rows, RunId(erased["id"]))
        again = (await alice.get(f"{session}/{what}")).json()
        assert again["id"] != erased["id"]
        assert again[field] == erased[field]


async def test_suggestions_are_three(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    await send(alice, session, TEXT + " [[sim: tokens=20]]", wait_s=30)
    answer = await alice.get(f"{session}/suggestions")
    assert (answer.status_code, answer.json()["status"]) == (200, "completed"), answer.text
    assert len(answer.json()["suggestions"]) == 3
    assert answer.json()["simulated"]


async def test_a_note_needs_no_wait(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice, model="simulator/standard")
    await send(alice, session, TEXT)
    headers = {"Prefer": "wait=0"}
    later = await alice.get(f"{session}/summary", headers=headers)
    assert (later.status_code, later.json()["text"]) == (202, None)


async def test_an_empty_session_has_no_notes(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    for note in ("summary", "suggestions"):
        assert (await alice.get(f"{session}/{note}")).status_code == 409
