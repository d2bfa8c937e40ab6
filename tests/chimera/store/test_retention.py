"""Retention, on the rows: what is deleted, what is kept, and what is counted."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    Uuid,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import CallAttempt, ChatSession, File, Reply, Retention, Run, Table, User
from chimera.store import chat_deletions, deleted_owners, files, holds, retention, unused_files
from models.errors import NotFound
from models.ids import FileId, RetentionId, UserId
from models.retention import RetentionView
from models.runs import RunKind
from models.users import Caller
from tests.chimera.store.chats import add_replies
from tests.parts import fresh_database
from tests.until import until_true

OLD = datetime(2020, 1, 1, tzinfo=UTC)

NOT_OF_USERS = {
    "audit_log": "who did what; it has a rule of its own",
    "processes": "processes of the installation",
    "retentions": "records of deletions",
    "system_log": "events of the installation",
    "usage_changes": "written by triggers; folded into the rollups",
    "run_changes": "written by triggers; folded into the rollups",
}
"""Tables in which nothing is planted."""

KEPT = {
    "approval_votes.decision": "who decided",
    "approvals.agent": "what was decided about",
    "approvals.kind": "what was decided about",
    "approvals.path": "the place of the call",
    "approvals.status": "how it was decided",
    "approvals.terms": "which rule asked for the decision",
    "approvals.tool": "what was decided about",
    "call_attempts.agent": "the bill, by agent",
    "call_attempts.error_code": "a word of ours",
    "call_attempts.media_usage": "the quantities that were paid",
    "call_attempts.model": "the bill, by model",
    "call_attempts.provider_request_id": "the provider's bill names it",
    "call_attempts.status": "a word of ours",
    "call_attempts.worker": "a process",
    "calls.path": "the place of the call",
    "calls.purpose": "a word of ours",
    "calls.status": "a word of ours",
    "ai_calls.model": "the bill, by model",
    "groups.name": "the group belongs to all its members",
    "latencies.agent": "figures, by agent",
    "latencies.kind": "figures",
    "latencies.level": "figures",
    "latencies.measure": "figures",
    "replies.agent": "the bill, by agent",
    "replies.fallbacks": "names of models",
    "replies.model": "the bill, by model",
    "replies.policy": "numbers that limited the run",
    "replies.purpose": "a word of ours",
    "run_rollups.error_code": "figures",
    "run_rollups.kind": "figures",
    "run_rollups.level": "figures",
    "run_rollups.status": "figures",
    "runs.body_sha256": "a hash",
    "runs.described_by": "names of servers",
    "runs.error_code": "a word of ours",
    "runs.finish_reason": "a word of ours",
    "runs.scheduled_run_id": "an ID of Temporal",
    "tasks.fallbacks": "names of models",
    "tasks.model": "the bill, by model",
    "tasks.policy": "numbers that limited the run",
    "tool_calls.path": "the place of the call",
    "tool_calls.status": "a word of ours",
    "tool_calls.tool": "what was called",
    "usage_rollups.agent": "figures, by agent",
    "usage_rollups.error_code": "figures",
    "usage_rollups.kind": "figures",
    "usage_rollups.level": "figures",
    "usage_rollups.model": "figures, by model",
    "usage_rollups.purpose": "figures",
    "usage_rollups.status": "figures",
    "outbox.last_error": "for operators; the row is deleted when Temporal has received it",
    "outbox.payload": "the row is deleted when Temporal has received it",
}
"""The columns that an account leaves behind, each with the reason."""
WITH_ACCOUNT = {"users", "api_keys", "refresh_tokens", "password_resets", "identities", "invitations", "tickets"}
WITH_ACCOUNT |= {"group_members"}
"""The tables that are kept as long as the account."""
FIXED: dict[str, Any] = {
    "users.role": "user",
    "users.kind": "person",
    "invitations.role": "user",
    "runs.status": "completed",
    "outbox.kind": "signal",
    "outbox.schedule_id": None,
    "chat_messages.role": "user",
    "chat_messages.parent_id": None,
    "chat_messages.covers_id": None,
    "runs.approvals_pending": 0,
    "group_members.role": "manager",
    "shares.kind": "task",
    "shares.right": "view",
    "holds.placed_by": "users.id",
    "chat_sessions.title_run_id": None,
    "replies.waits_for": [],
}
NULL = ("deleted_at", "disabled_at", "expires_at", "used_at", "revoked_at")
KINDS = (RunKind.TASK, RunKind.REPLY, RunKind.COMPLETION, RunKind.EMBEDDINGS)


@pytest.fixture(scope="module")
async def database(parts: Settings) -> AsyncIterator[Database]:
    """Use a database of its own: other tests couldn't read what is planted."""
    async with fresh_database(parts.database_url or "") as url:
        database = Database(parts.model_copy(update={"database_url": url}))
        yield database
        await database.close()


class Canary:
    """Plants a text that names its place in each column of a user's rows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.word = f"canary{uuid4().hex}"
        self.ids: dict[str, Any] = {}

    async def plant(self) -> UserId:
        """Insert a row into each table of users, and return the user."""
        async with self.database.begin() as session:
            for table in Table.metadata.sorted_tables:
                if table.name in NOT_OF_USERS or table.name == "holds":
                    continue
                for kind in _kinds_of(table):
                    if table.name != "runs":
                        self.ids["runs.id"] = self.ids.get(f"run {kind}", self.ids.get("runs.id"))
                    values = {c.name: v for c in table.columns if (v := self._value(c, kind)) is not _DEFAULT}
                    keys = list(table.primary_key.columns)
                    statement = insert(table).values(values)
                    if not keys:
                        await session.execute(statement)
                        continue
                    row = (await session.execute(statement.returning(*keys))).one()
                    self.ids.update({f"{table.name}.{key.name}": value for key, value in zip(keys, row, strict=True)})
                    if table.name == "runs":
                        self.ids[f"run {kind}"] = row.id
        return UserId(self.ids["users.id"])

    async def found(self) -> set[str]:
        """Return the columns in which the text is."""
        places: set[str] = set()
        async with self.database.begin() as session:
            for table in Table.metadata.sorted_tables:
                for column in table.columns:
                    shown = f"encode({column.name}, 'escape')" if isinstance(column.type, LargeBinary) else None
                    query = (
                        f'SELECT {shown or f""" "{column.name}"::text """} FROM "{table.name}" t WHERE t::text LIKE :p'
                    )
                    values = (f"%{self.word}%", f"%{self.word.encode().hex()}%")
                    for value in values:
                        for row in await session.scalars(text(query), {"p": value}):
                            places.update(re.findall(rf"{self.word}:([a-z_]+\.[a-z0-9_]+)", row or ""))
        return places

    def _value(self, column: Column[Any], kind: RunKind) -> Any:
        name = f"{column.table.name}.{column.name}"
        if name == "runs.kind":
            return kind
        if name == "replies.session_id" and kind is RunKind.COMPLETION:
            return None
        if name in FIXED:
            fixed = FIXED[name]
            return self.ids[fixed] if isinstance(fixed, str) and fixed in self.ids else fixed
        keys = {key.target_fullname for key in column.foreign_keys}
        if keys:
            return self.ids.get(keys.pop())
        if column.identity is not None or column.name == "txid" or (column.primary_key and column.server_default):
            return _DEFAULT
        return self._planted(column, f"{self.word}:{name}:{kind}")

    def _planted(self, column: Column[Any], canary: str) -> Any:
        if column.name in NULL and column.nullable:
            return None
        match column.type:
            case JSONB():
                return {"text": canary}
            case ARRAY():
                return [] if isinstance(column.type.item_type, Uuid) else [canary]
            case LargeBinary():
                return canary.encode()
            case Uuid():
                return str(uuid4())
            case DateTime():
                return OLD
            case Boolean():
                return False
            case Integer() | BigInteger() | SmallInteger() | Float():
                return 1
            case _:
                return canary


_DEFAULT = object()


def _kinds_of(table: SqlTable) -> Iterator[RunKind]:
    if table.name == "runs":
        yield from KINDS
    elif table.name == "replies":
        yield from (RunKind.REPLY, RunKind.COMPLETION)
    elif table.name == "ai_calls":
        yield RunKind.EMBEDDINGS
    else:
        yield RunKind.TASK


async def finish(database: Database, retention_id: RetentionId) -> RetentionView:
    """Do the steps of a retention run, and what the sweeper does in between."""
    state = "more"
    for _ in range(100):
        async with database.begin() as session:
            state = await retention.step(session, retention_id)
        if state == "done":
            break
        async with database.begin() as session:
            await chat_deletions.purge(session, limit=20)
    assert state == "done"
    async with database.begin() as session:
        return await retention.view(session, retention_id)


async def bill(database: Database, user_id: UserId) -> tuple[Any, ...]:
    async with database.begin() as session:
        runs = select(func.count(), func.sum(Run.spent_micro_usd)).where(Run.owner_id == user_id)
        attempts = select(func.count(), func.sum(CallAttempt.cost_micro_usd)).join(Run, Run.id == CallAttempt.run_id)
        figures = text("SELECT sum(cost_micro_usd), sum(attempts) FROM usage_rollups WHERE owner_id = :id")
        return (
            *(await session.execute(runs)).one(),
            *(await session.execute(attempts.where(Run.owner_id == user_id))).one(),
            *(await session.execute(figures, {"id": user_id})).one(),
        )


@pytest.fixture
async def canary(database: Database) -> Canary:
    """Plant nothing yet, but delete what other tests have left, so that only what is planted is counted."""
    for _ in range(2):
        await _by_age(database, tasks=30, completions=30, chat_sessions=30, ai_calls=30, files=1)
    return Canary(database)


async def erase(database: Database, user_id: UserId) -> RetentionView:
    async with database.begin() as session:
        row = await retention.create(session, {}, user_id=user_id, requested_by=user_id)
    return await finish(database, RetentionId(row.id))


async def test_an_erasure_leaves_the_bill_only(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    before, planted = await bill(database, user_id), await canary.found()
    assert {"messages.content", "events.payload", "file_chunks.data", "chat_messages.text", "users.email"} <= planted
    erased = await erase(database, user_id)
    assert erased.deleted["runs"] >= 2
    assert erased.deleted["chat_sessions"] == 1
    left = {place for place in await canary.found() if place.split(".")[0] not in WITH_ACCOUNT}
    assert left == {place for place in KEPT if place.split(".")[0] not in WITH_ACCOUNT} & planted
    assert await bill(database, user_id) == before


async def test_a_deleted_account_leaves_no_personal_data(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    before, planted = await bill(database, user_id), await canary.found()
    async with database.begin() as session:
        user = await session.get(User, user_id, with_for_update=True)
        assert user is not None
        await deleted_owners.empty(session, user)
    async with database.begin() as session:
        await deleted_owners.empty_runs(session, limit=100)
    async with database.begin() as session:
        await chat_deletions.purge(session, limit=100)
    assert await canary.found() - KEPT.keys() == set()
    assert KEPT.keys() <= planted
    assert await bill(database, user_id) == before


async def _by_age(database: Database, **days: int) -> RetentionView:
    async with database.begin() as session:
        row = await retention.create(session, days)
    return await finish(database, RetentionId(row.id))


async def test_old_content_of_each_kind_is_deleted(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    before = await bill(database, user_id)
    async with database.begin() as session:
        # The session has a reply that is still open.
        open_reply = update(Run).where(Run.owner_id == user_id, Run.kind == RunKind.REPLY).values(status="running")
        await session.execute(open_reply)
        days = {"tasks": 30, "completions": 30, "ai_calls": 30, "chat_sessions": 30}
        counted = await retention.preview(session, days, user_id)
        assert await session.scalar(text("SHOW statement_timeout")) == "20s"
    done = await _by_age(database, **days)
    assert done.deleted == {kind: number for kind, number in counted.deleted.items() if number}
    assert done.deleted.keys() == {"tasks", "completions", "ai_calls"}
    assert "chat_messages.text" in await canary.found()
    async with database.begin() as session:
        await session.execute(update(Run).where(Run.owner_id == user_id).values(status="completed"))
    assert (await _by_age(database, **days)).deleted == {"chat_sessions": 1}
    assert not {"messages.content", "chat_messages.text", "runs.result"} & await canary.found()
    assert await bill(database, user_id) == before
    assert (await _by_age(database, **days)).deleted == {}


async def test_notes_stay_with_their_session(database: Database, canary: Canary) -> None:
    await canary.plant()
    chat_id, note = canary.ids["chat_sessions.id"], canary.ids["run completion"]
    async with database.begin() as session:
        await session.execute(update(Reply).where(Reply.run_id == note).values(session_id=chat_id, purpose="title"))
        await session.execute(update(ChatSession).values(title_run_id=note).where(ChatSession.id == chat_id))
    assert (await _by_age(database, completions=30)).deleted == {}
    assert (await _by_age(database, chat_sessions=30)).deleted == {"chat_sessions": 1}
    async with database.begin() as session:
        assert await session.scalar(select(Run.deleted_at).where(Run.id == note)) is not None


async def test_a_retention_run_empties_long_sessions(database: Database, canary: Canary) -> None:
    await canary.plant()
    chat_id = canary.ids["chat_sessions.id"]
    run_ids = await add_replies(database, chat_id, 45)
    async with database.begin() as session:
        row = await retention.create(session, {"chat_sessions": 30})
    emptied = [0]
    for _ in range(10):
        async with database.begin() as session:
            if await retention.step(session, RetentionId(row.id)) == "done":
                break
        emptied.append(await _count_emptied(database, run_ids))
    assert emptied[-1] == 45
    assert all(after - before <= 20 for before, after in pairwise(emptied))


async def _count_emptied(database: Database, run_ids: Sequence[str]) -> int:
    async with database.begin() as session:
        gone = select(func.count()).where(Run.id.in_(run_ids), Run.deleted_at.is_not(None))
        return await session.scalar(gone) or 0


async def test_what_is_held_or_young_stays(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    caller, task = Caller(user_id=user_id, role="user"), canary.ids["run task"]
    async with database.begin() as session:
        await session.execute(update(Run).where(Run.id == canary.ids["run completion"]).values(ended_at=func.now()))
        await holds.place(session, caller, task)
    done = await _by_age(database, tasks=30, completions=30)
    assert done.deleted == {}
    async with database.begin() as session:
        await holds.lift(session, caller, task)
    assert (await _by_age(database, tasks=30, completions=30)).deleted == {"tasks": 1}


async def test_an_administrators_hold_survives_an_erasure(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    admin = Caller(user_id=UserId(str(uuid4())), role="admin")
    async with database.begin() as session:
        await holds.place(session, admin, canary.ids["run task"])
    await erase(database, user_id)
    assert "messages.content" in await canary.found()
    async with database.begin() as session:
        await holds.lift(session, admin, canary.ids["run task"])
    await erase(database, user_id)
    assert "messages.content" not in await canary.found()


SPOKEN = "UPDATE ai_calls SET files = ARRAY[CAST(:file AS uuid)] WHERE run_id = :id"
ASKED = "UPDATE replies SET files = ARRAY[CAST(:file AS uuid)] WHERE run_id = :id"


async def test_files_in_use_are_kept(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    used = [str(uuid4()) for _ in range(6)]
    file = {
        "owner_id": user_id,
        "name": "a",
        "media_type": "image/png",
        "size_bytes": 7,
        "sha256": "",
        "created_at": OLD,
    }
    of_task = {"id": canary.ids["run task"], "file": used[0]}
    uses = (
        ("UPDATE tasks SET images = ARRAY[:file] WHERE run_id = :id", of_task),
        ("UPDATE messages SET images = ARRAY[CAST(:file AS uuid)] WHERE run_id = :id", {**of_task, "file": used[1]}),
        (
            "UPDATE chat_messages SET attachments = ARRAY[CAST(:file AS uuid)] WHERE session_id = :id",
            {"id": canary.ids["chat_sessions.id"], "file": used[2]},
        ),
        (SPOKEN, {"id": canary.ids["run embeddings"], "file": used[3]}),
        (ASKED, {"id": canary.ids["run completion"], "file": used[4]}),
        (
            (
                "UPDATE schedules SET spec = jsonb_build_object('task', jsonb_build_object('images',"
                " jsonb_build_array(CAST(:file AS text)))) WHERE owner_id = :id"
            ),
            {"id": user_id, "file": used[5]},
        ),
    )
    async with database.begin() as session:
        rows = [{**file, "id": each} for each in (*used, str(uuid4()))]
        await session.execute(insert(Table.metadata.tables["files"]), rows)
        for statement, values in uses:
            await session.execute(text(statement), values)
    done = await _by_age(database, files=1)
    assert (done.deleted, done.bytes_freed) == ({"files": 1}, 7)
    async with database.begin() as session:
        await session.execute(update(Run).where(Run.owner_id == user_id).values(ended_at=OLD))
    again = await _by_age(database, tasks=1, completions=1, chat_sessions=1, ai_calls=1, files=1)
    # The schedule still uses the last one.
    assert again.deleted["files"] == 5


async def test_one_retention_run_is_open_at_a_time(database: Database) -> None:
    async with database.begin() as session:
        first = await retention.create(session, {"tasks": 1})
        second = await retention.create(session, {"tasks": 2})
        daily = await retention.create(session, {"tasks": 3}, workflow_id="retention-2026-01-01")
        assert first.id == second.id == daily.id
    await finish(database, RetentionId(first.id))


async def test_a_step_that_is_rolled_back_counts_nothing(database: Database, canary: Canary) -> None:
    await canary.plant()
    async with database.begin() as session:
        row = await retention.create(session, {"tasks": 30})
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await _step_and_fail(database, RetentionId(row.id))
        async with database.begin() as session:
            assert (await retention.view(session, RetentionId(row.id))).deleted == {}
    assert (await finish(database, RetentionId(row.id))).deleted == {"tasks": 1}


async def _step_and_fail(database: Database, retention_id: RetentionId) -> None:
    async with database.begin() as session:
        await retention.step(session, retention_id)
        raise ZeroDivisionError


async def test_runs_without_progress_are_started_again(database: Database) -> None:
    async with database.begin() as session:
        row = await retention.create(session, {"tasks": 30})
        assert RetentionId(row.id) not in dict(await retention.overdue(session))
        late = update(Retention).where(Retention.id == row.id)
        await session.execute(late.values(updated_at=func.now() - timedelta(minutes=10)))
        assert dict(await retention.overdue(session))[RetentionId(row.id)] == row.workflow_id
    await finish(database, RetentionId(row.id))


ADMIN = Caller(user_id=UserId(str(uuid4())), role="admin")


async def held(database: Database, subject_id: Any) -> None:
    """Place an administrator's hold."""
    async with database.begin() as session:
        await holds.place(session, ADMIN, str(subject_id))


async def in_session(database: Database, canary: Canary) -> Any:
    """Make the planted reply one of the planted chat session, and return the session's ID."""
    session_id = canary.ids["chat_sessions.id"]
    async with database.begin() as session:
        belongs = text("UPDATE replies SET session_id = :s WHERE run_id = :r")
        await session.execute(belongs, {"s": session_id, "r": canary.ids["run reply"]})
    return session_id


async def a_file(database: Database, user_id: UserId, run_id: str | None = None) -> str:
    file = {"owner_id": user_id, "run_id": run_id, "name": f"{uuid4()}", "media_type": "image/png", "size_bytes": 7}
    async with database.begin() as session:
        new = insert(File).values(**file, sha256="", created_at=OLD).returning(File.id)
        return str(await session.scalar(new))


async def contents_of(database: Database, *run_ids: Any) -> list[bool]:
    """Return whether each run still has its content."""
    async with database.begin() as session:
        found = {run.id: run for run in await session.scalars(select(Run).where(Run.id.in_(run_ids)))}
        return [found[run_id].deleted_at is None and found[run_id].result is not None for run_id in run_ids]


async def files_among(database: Database, *file_ids: str) -> list[str]:
    async with database.begin() as session:
        left = set(await session.scalars(select(File.id).where(File.id.in_(file_ids))))
        return [file_id for file_id in file_ids if file_id in left]


async def delete_account(database: Database, user_id: UserId) -> None:
    async with database.begin() as session:
        user = await session.get(User, user_id, with_for_update=True)
        assert user is not None
        await deleted_owners.empty(session, user)
    await sweep(database)


async def sweep(database: Database) -> None:
    """Do what the sweeper does for deleted accounts."""
    async with database.begin() as session:
        await deleted_owners.empty_runs(session, limit=100)
    async with database.begin() as session:
        await chat_deletions.purge(session, limit=100)


GONE = {"erased": erase, "account deleted": delete_account}


@pytest.mark.parametrize("way", GONE)
@pytest.mark.parametrize("subject", ["chat_sessions.id", "run reply", "file of reply"])
async def test_a_held_session_keeps_its_replies(database: Database, canary: Canary, subject: str, way: str) -> None:
    user_id = await canary.plant()
    await in_session(database, canary)
    canary.ids["file of reply"] = written = await a_file(database, user_id, canary.ids["run reply"])
    await held(database, canary.ids[subject])
    await GONE[way](database, user_id)
    runs = canary.ids["run reply"], canary.ids["run task"]
    assert await contents_of(database, *runs) == [True, False]
    assert await files_among(database, written) == [written]
    left = await canary.found()
    assert {"chat_sessions.title", "chat_messages.text", "replies.instructions"} <= left


@pytest.mark.parametrize("way", GONE)
async def test_held_content_keeps_its_files(database: Database, canary: Canary, way: str) -> None:
    user_id = await canary.plant()
    session_id = await in_session(database, canary)
    written = await a_file(database, user_id, canary.ids["run task"])
    image, attached, spoken, asked, other = [await a_file(database, user_id) for _ in range(5)]
    uses = (
        ("UPDATE tasks SET images = ARRAY[:file] WHERE run_id = :id", canary.ids["run task"], image),
        ("UPDATE chat_messages SET attachments = ARRAY[:file]::uuid[] WHERE session_id = :id", session_id, attached),
        (SPOKEN, canary.ids["run embeddings"], spoken),
        (ASKED, canary.ids["run completion"], asked),
    )
    async with database.begin() as session:
        for statement, subject, file in uses:
            await session.execute(text(statement), {"id": subject, "file": file})
    for kind in ("run task", "chat_sessions.id", "run embeddings", "run completion"):
        await held(database, canary.ids[kind])
    kept = [written, image, attached, spoken, asked]
    await GONE[way](database, user_id)
    assert await files_among(database, *kept, other) == kept


async def test_a_held_file_keeps_its_run(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    task, reply = canary.ids["run task"], canary.ids["run reply"]
    session_id = await in_session(database, canary)
    await held(database, await a_file(database, user_id, task))
    of_reply = await a_file(database, user_id, reply)
    await held(database, of_reply)
    days = {"tasks": 30, "chat_sessions": 30}
    async with database.begin() as session:
        assert set((await retention.preview(session, days, user_id)).deleted.values()) == {0}
    assert (await _by_age(database, **days)).deleted == {}
    assert await contents_of(database, task, reply) == [True, True]
    async with database.begin() as session:
        await holds.lift(session, ADMIN, of_reply)
        await holds.place(session, Caller(user_id=user_id, role="user"), str(session_id))
    assert (await _by_age(database, **days)).deleted == {}


async def test_lifting_a_hold_empties_deleted_accounts(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    written, other = await a_file(database, user_id, canary.ids["run task"]), await a_file(database, user_id)
    subjects = (await in_session(database, canary), canary.ids["run task"], other)
    for subject in subjects:
        await held(database, subject)
    await delete_account(database, user_id)
    assert await files_among(database, written, other) == [written, other]
    for subject in subjects:
        async with database.begin() as session:
            await deleted_owners.empty_freed(session, await holds.lift(session, ADMIN, str(subject)))
    await sweep(database)
    assert await files_among(database, written, other) == []
    assert await canary.found() - KEPT.keys() == set()


async def test_files_that_are_being_attached_stay(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    named, other = [await a_file(database, user_id) for _ in range(2)]
    async with database.begin() as accepting:
        await files.one_to_use(accepting, user_id, FileId(named))
        assert (await _by_age(database, files=1)).deleted == {"files": 1}
        uses = text("UPDATE tasks SET images = ARRAY[:file] WHERE run_id = :id")
        await accepting.execute(uses, {"file": named, "id": canary.ids["run task"]})
    assert await files_among(database, named, other) == [named]


async def test_files_that_are_being_deleted_are_not_found(database: Database, canary: Canary) -> None:
    user_id = await canary.plant()
    old = await a_file(database, user_id)

    async def attach() -> None:
        async with database.begin() as accepting:
            await files.one_to_use(accepting, user_id, FileId(old))

    async def is_waiting() -> bool:
        async with database.begin() as session:
            of_us = "datname = current_database() AND wait_event_type = 'Lock'"
            waiting = f"SELECT count(*) FROM pg_stat_activity WHERE {of_us}"
            return bool(await session.scalar(text(waiting)))

    async with database.begin() as deleting:
        await unused_files.delete_before(deleting, datetime.now(UTC), None, limit=10)
        attaching = asyncio.create_task(attach())
        await until_true(is_waiting)
        assert not attaching.done()
    with pytest.raises(NotFound):
        await attaching
