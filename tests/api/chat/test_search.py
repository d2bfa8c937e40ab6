"""The full-text search in chat sessions."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.db.tables.chat import searched
from chimera.store.chat_search import parts_of
from models.chat_search import SnippetPart
from tests.api.chat.conftest import CHAT, new_session, send
from tests.runs import new_user

pytestmark = pytest.mark.usefixtures("runs")
MANY = 20_000


async def test_messages_and_replies_are_found(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    word = f"w{uuid4().hex}"
    session = await new_session(alice, title="Words")
    sent = await send(alice, session, f"Is {word.upper()} a word?", wait_s=30)
    hits = await _hits(alice, word)
    # The simulator repeats the question, and so the word.
    assert [hit["message_id"] for hit in hits] == [sent["reply"]["id"], sent["message"]["id"]]
    hit = hits[1]
    assert (hit["session_id"], hit["session_title"], hit["role"]) == (session.rpartition("/")[2], "Words", "user")
    assert hit["snippet"] == [
        {"text": "Is ", "marked": False},
        {"text": word.upper(), "marked": True},
        {"text": " a word", "marked": False},
    ]
    assert await _hits(bob, word) == []
    await alice.delete(session)
    assert await _hits(alice, word) == []


async def test_a_search_reads_like_search_engines(alice: httpx2.AsyncClient) -> None:
    one, two = (f"w{uuid4().hex}" for _ in range(2))
    session = await new_session(alice)
    await send(alice, session, f"{one} {two}", wait_s=30)
    await send(alice, session, f"{one} <b>{two[::-1]}</b>", wait_s=30)
    for q, count in (
        (one, 2),
        (f"{one} {two}", 1),
        (f"{one} -{two}", 1),
        (f'"{two} {one}"', 0),
        (f"{two} or {two[::-1]}", 2),
    ):
        # The simulator repeats some of the words.
        assert len([hit for hit in await _hits(alice, q) if hit["role"] == "user"]) == count, q
    for q in ("-tea", "!!", "&", "'", "<->", "\\", "%", "-"):
        assert await _hits(alice, q) == [], q
    assert (await alice.get(f"{CHAT}/search")).status_code == 422


async def test_hits_come_in_pages(alice: httpx2.AsyncClient) -> None:
    word = f"w{uuid4().hex}"
    session = await new_session(alice)
    for number in range(3):
        await send(alice, session, f"{word} {number}", wait_s=30)
    whole, found, cursor = await _hits(alice, word), list[dict[str, Any]](), None
    assert len(whole) >= 3
    while True:
        parameters: dict[str, str | int] = {"q": word, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await alice.get(f"{CHAT}/search", params=parameters)).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole


async def _hits(client: httpx2.AsyncClient, q: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{CHAT}/search", params={"q": q, **parameters})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (f"SELECT 1 FROM chat_messages WHERE {searched('text')} @@ :q", "chat_messages_text"),
        (f"SELECT 1 FROM runs WHERE {searched('result')} @@ :q AND kind = 'reply'", "runs_reply_text"),
    ],
    ids=["messages", "replies"],
)
async def test_a_search_uses_its_index(database: Database, query: str, index: str) -> None:
    owner = await new_user(database)
    async with database.begin() as session:
        insert = "INSERT INTO chat_sessions (owner_id) VALUES (:owner) RETURNING id"
        chat = await session.scalar(text(insert), {"owner": owner})
        words = "md5(n::text) || ' ' || md5((n + 1)::text)"
        fill = f"INSERT INTO chat_messages (session_id, role, text) SELECT :chat, 'user', {words}"
        await session.execute(text(f"{fill} FROM generate_series(1, {MANY}) n"), {"chat": chat})
        fill = f"INSERT INTO runs (owner_id, kind, status, result) SELECT :owner, 'reply', 'completed', {words}"
        await session.execute(text(f"{fill} FROM generate_series(1, {MANY}) n"), {"owner": owner})
        await session.execute(text("ANALYZE chat_messages, runs"))
        asked = query.replace(":q", "plainto_tsquery('simple', md5('7'))")
        plan = await session.scalars(text(f"EXPLAIN {asked}"))
        assert f"Bitmap Index Scan on {index}" in "\n".join(plan)
        await session.rollback()


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        ("", []),
        ("plain", [("plain", False)]),
        ("\x02tea\x03", [("tea", True)]),
        ("a \x02tea\x03 b", [("a ", False), ("tea", True), (" b", False)]),
        ("\x02cut", [("cut", True)]),
    ],
    ids=["empty", "plain", "marked", "inside", "unclosed"],
)
def test_a_snippet_is_split_at_its_marks(snippet: str, expected: list[tuple[str, bool]]) -> None:
    assert parts_of(snippet) == tuple(SnippetPart(text=words, marked=marked) for words, marked in expected)
