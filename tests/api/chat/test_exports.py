"""Exports of chat sessions."""

import httpx2
import pytest

from models.ids import RunId
from tests.api.chat.conftest import branch, new_session, send
from tests.runs import Runs

pytestmark = pytest.mark.usefixtures("runs")


async def test_markdown_reads_like_a_conversation(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice, title="Tea\nand more")
    file = (await alice.post("/api/v1/files", files={"file": ("tea.txt", b"Tea", "text/plain")})).json()
    sent = await send(alice, session, "What is tea?", wait_s=30, attachments=[file["id"]])
    answer = await alice.get(f"{session}/export")
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    lines = answer.text.splitlines()
    assert lines[0] == "# Tea and more"
    assert [line for line in lines if line.startswith("## ")] == ["## 1. User", "## 2. simulator/fast"]
    assert "Attachment: tea.txt" in lines
    assert sent["reply"]["text"] in answer.text


async def test_json_has_all_fields(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    for number in range(3):
        await send(alice, session, f"Message {number}", wait_s=30)
    exported = (await alice.get(f"{session}/export", params={"format": "json"})).json()
    assert exported["messages"] == await branch(alice, session)
    assert exported["session"] == (await alice.get(session)).json()
    assert all(each["reply"]["cost_micro_usd"] > 0 for each in exported["messages"][1::2])


async def test_all_branches_are_exported(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    first = await send(alice, session, "One", wait_s=30)
    await send(alice, session, "Two", wait_s=30)
    await send(alice, session, "Two, edited", wait_s=30, parent_id=first["reply"]["id"])
    await send(alice, session, "Restarted", wait_s=30, parent_id=None)
    exported = (await alice.get(f"{session}/export", params={"format": "json", "branches": "all"})).json()
    assert [each["text"] for each in exported["messages"][::2]] == ["One", "Two", "Two, edited", "Restarted"]
    markdown = (await alice.get(f"{session}/export", params={"branches": "all"})).text
    assert "## 5. User (follows 2)" in markdown
    assert "## 7. User (another beginning)" in markdown


@pytest.mark.parametrize(("form", "end"), [("json", "]}\n"), ("markdown", " UTC*\n\nWith simulator/fast\n")])
async def test_an_empty_session_is_exported(alice: httpx2.AsyncClient, form: str, end: str) -> None:
    answer = await alice.get(f"{await new_session(alice)}/export", params={"format": form})
    assert answer.status_code == 200
    assert answer.text.endswith(end)


async def test_long_sessions_are_exported_whole(alice: httpx2.AsyncClient, runs: Runs) -> None:
    session = await new_session(alice)
    query = """
    WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 450)
    INSERT INTO chat_messages (session_id, role, text) SELECT :id, 'user', repeat('x', 5000) || i FROM n RETURNING id
    """
    await runs.rows(query, RunId(session.rpartition("/")[2]))
    exported = (await alice.get(f"{session}/export", params={"format": "json", "branches": "all"})).json()
    assert [each["text"][5000:] for each in exported["messages"]] == [str(n) for n in range(1, 451)]
