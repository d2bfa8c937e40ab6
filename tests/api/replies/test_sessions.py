"""Replies in chat sessions: conversation, attachments, and the summaries that keep long sessions in the window."""

from collections.abc import Sequence
from typing import Any

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import insert, select, text

from activities.prompts import conversation
from api.deps import Parts
from chimera.db.engine import Database
from chimera.db.tables import ChatMessage, ChatSession
from chimera.ledger import transcripts
from chimera.ledger.acceptance import NewReply
from chimera.store import replies
from models.ids import NodePath, UserId
from models.model_calls import ModelCallRequest, Purpose
from models.replies import BARE_MODEL
from models.runs import RunKind
from tests.api.replies.conftest import API, FAST, ended

pytestmark = pytest.mark.usefixtures("runs")

WINDOWED = "simulator/standard"
"""Its window is 8,192 tokens; see `api_settings`."""


class Session:
    """A chat session that a test writes to as the routes of sessions do."""

    def __init__(self, app: FastAPI, client: httpx2.AsyncClient, database: Database, session_id: str) -> None:
        self.id = session_id
        self.leaf: str | None = None
        self.parts: Parts = app.state.parts
        self.client = client
        self.database = database

    async def say(self, said: str, *, model: str = FAST, attachments: Sequence[str] = ()) -> dict[str, Any]:
        """Add a message of the user and its reply, and wait for the end of the reply."""
        async with self.database.begin() as session:
            message = insert(ChatMessage).values(
                session_id=self.id, parent_id=self.leaf, role="user", text=said, attachments=list(attachments)
            )
            message_id = (await session.execute(message.returning(ChatMessage.id))).scalar_one()
            reply = NewReply(model=model, session_id=self.id, message_id=message_id)
            reply_id, _ = await replies.create(session, user_of(self.client), reply, kind=RunKind.REPLY, body_sha256="")
            answer = insert(ChatMessage).values(
                session_id=self.id, parent_id=message_id, role="assistant", run_id=reply_id
            )
            self.leaf = (await session.execute(answer.returning(ChatMessage.id))).scalar_one()
        await self.parts.dispatcher.deliver(reply_id)
        return await ended(self.client, f"{API}/replies/{reply_id}")

    async def summaries(self) -> list[ChatMessage]:
        async with self.database.begin() as session:
            found = select(ChatMessage).where(ChatMessage.session_id == self.id, ChatMessage.role == "summary")
            return list((await session.scalars(found.order_by(ChatMessage.number))).all())


def user_of(client: httpx2.AsyncClient) -> UserId:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return UserId(jwt.decode(token, options={"verify_signature": False})["sub"])


@pytest.fixture
async def chat(app: FastAPI, alice: httpx2.AsyncClient, database: Database) -> Session:
    async with database.begin() as session:
        created = insert(ChatSession).values(owner_id=user_of(alice)).returning(ChatSession.id)
        return Session(app, alice, database, (await session.execute(created)).scalar_one())


async def test_a_reply_reads_the_branch(chat: Session) -> None:
    first = await chat.say("My name is Ada. [[sim: say={Hello Ada.}]]")
    second = await chat.say("What is my name? [[sim: tokens=5]]")
    assert (first["kind"], first["session_id"], first["status"]) == ("reply", chat.id, "completed")
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    assert await chat.summaries() == []


async def test_a_text_file_is_part_of_the_prompt(chat: Session, alice: httpx2.AsyncClient) -> None:
    upload = await alice.post(f"{API}/files", files={"file": ("notes.txt", b"word " * 400, "text/plain")})
    assert upload.status_code == 201, upload.text
    plain = await chat.say("Read this. [[sim: tokens=5]]")
    attached = await chat.say("Read this. [[sim: tokens=5]]", attachments=[upload.json()["id"]])
    assert attached["usage"]["input_tokens"] > plain["usage"]["input_tokens"] + 300


async def test_a_summary_names_the_files_it_covers(
    chat: Session, alice: httpx2.AsyncClient, database: Database
) -> None:
    upload = await alice.post(f"{API}/files", files={"file": ("notes.txt", b"zanzibar", "text/plain")})
    await chat.say("Read this. [[sim: tokens=5]]", attachments=[upload.json()["id"]])
    reply = await chat.say("Thanks. [[sim: tokens=5]]")
    call = ModelCallRequest(
        run_id=reply["id"], path=NodePath(""), purpose=Purpose.SUMMARY, step=1, agent=BARE_MODEL, may_summarize=True
    )
    room = conversation.Room(budget=4000, kept=1, summarize_above=0)
    async with database.connection() as connection:
        context = await transcripts.read_context(connection, call)
        wanted = await conversation.to_summarize(connection, context, room)
    assert wanted is not None
    assert "Read this. [[sim: tokens=5]]\n\n[The attached file 'notes.txt' isn't shown any more.]" in wanted.text
    assert "zanzibar" not in wanted.text


async def test_long_sessions_cost_the_same_per_turn(chat: Session, database: Database) -> None:
    tokens: list[int] = []
    for turn in range(60):
        reply = await chat.say(f"Turn {turn}. {'word ' * 60}[[sim: tokens=150; drip=5000]]", model=WINDOWED)
        assert reply["status"] == "completed", reply
        tokens.append(reply["usage"]["input_tokens"] + reply["usage"]["output_tokens"])
    summaries = await chat.summaries()
    assert 3 <= len(summaries) < 30
    assert all(summary.run_id is not None and summary.text for summary in summaries)
    second, last = sum(tokens[20:40]), sum(tokens[40:60])
    assert last < 1.15 * second, tokens
    async with database.begin() as session:
        spent = await session.execute(
            text("SELECT count(*) FROM call_attempts WHERE run_id = :id AND purpose = 'summary'"),
            {"id": summaries[-1].run_id},
        )
        assert spent.scalar() == 1
        events = await session.execute(
            text("SELECT payload ->> 'covers_id' FROM events WHERE run_id = :id AND payload ->> 'type' = :type"),
            {"id": summaries[-1].run_id, "type": "conversation.summarized"},
        )
        assert events.scalar() == summaries[-1].covers_id
