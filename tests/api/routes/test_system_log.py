"""The system log: from a warning in a process to the list that administrators read."""

import logging

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import text

from api.deps import Parts
from chimera.db.engine import Database
from chimera.observe.logging import json_formatter, redact
from chimera.reports.system_log import MAX_WAITING, SystemLog
from chimera.store import system_log
from tests.api.conftest import SignUp, administrator

LOGS = "/api/v1/system/logs"


def a_log(database: Database) -> tuple[SystemLog, logging.Logger]:
    handler = SystemLog(database, "worker", json_formatter("worker"))
    logger = logging.getLogger("tests.system_log")
    logger.handlers, logger.propagate = [handler], False
    return handler, logger


def warn(logger: logging.Logger, event: str, **fields: object) -> None:
    structlog.wrap_logger(
        logger, [redact, structlog.stdlib.ProcessorFormatter.wrap_for_formatter], structlog.stdlib.BoundLogger
    ).warning(event, **fields)


async def test_warnings_are_listed_without_secrets(sign_up: SignUp, database: Database) -> None:
    admin = await administrator(sign_up, database)
    handler, logger = a_log(database)
    warn(logger, "part_away", part="redis", api_key="sk-12345678901234", note="\0 Bearer abcdef")
    logger.info("of no interest")
    await handler.write()
    answer = await admin.get(LOGS, params={"q": "part_away", "limit": 1})
    entry = answer.json()["items"][0]
    assert (entry["event"], entry["level"], entry["component"]) == ("part_away", "warning", "worker")
    assert entry["fields"]["part"] == "redis"
    assert entry["fields"]["api_key"] == "[redacted]"
    assert "abcdef" not in answer.text
    assert (await admin.get(LOGS, params={"q": "of no interest"})).json()["items"] == []


async def test_entries_are_filtered_and_paged(sign_up: SignUp, database: Database) -> None:
    admin = await administrator(sign_up, database)
    handler, logger = a_log(database)
    for number in range(5):
        warn(logger, "counted", number=number)
    logger.error("it failed 100%%_")
    await handler.write()
    first = (await admin.get(LOGS, params={"q": "counted", "limit": 3})).json()
    second = (await admin.get(LOGS, params={"q": "counted", "limit": 3, "cursor": first["next_cursor"]})).json()
    assert [entry["fields"]["number"] for entry in first["items"] + second["items"]] == [4, 3, 2, 1, 0]
    assert second["next_cursor"] is None
    assert [entry["event"] for entry in (await admin.get(LOGS, params={"level": "error", "q": "100%"})).json()["items"]]
    assert (await admin.get(LOGS, params={"component": "nobody"})).json()["items"] == []
    assert (await admin.get(LOGS, params={"since": "2199-01-01T00:00Z"})).json()["items"] == []
    for wrong in ({"since": "2026-01-01T00:00"}, {"level": "x"}, {"cursor": "x"}, {"q": "\0"}):
        assert (await admin.get(LOGS, params=wrong)).status_code == 422


async def test_only_administrators_read_the_log(alice: httpx2.AsyncClient) -> None:
    assert (await alice.get(LOGS)).status_code == 403


async def test_a_full_queue_drops_and_counts(database: Database) -> None:
    handler, logger = a_log(database)
    for _ in range(MAX_WAITING + 7):
        logger.warning("too much")
    assert handler.dropped == 7


async def test_entries_wait_while_the_database_is_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, logger = a_log(database)
    logger.warning("waits_for_the_database")

    async def refuse(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as away:
        away.setattr(system_log, "write", refuse)
        await handler.write()
    await handler.write()
    async with database.begin() as session:
        count = text("SELECT count(*) FROM system_log WHERE event = 'waits_for_the_database'")
        assert await session.scalar(count) == 1


async def test_old_entries_are_pruned(database: Database) -> None:
    handler, logger = a_log(database)
    for number in range(4):
        warn(logger, f"kept_{number}")
    await handler.write()
    async with database.begin() as session:
        await session.execute(text("UPDATE system_log SET at = at - interval '31 days' WHERE event = 'kept_3'"))
        await system_log.prune(session, days=30, rows=3)
    async with database.begin() as session:
        left = await session.scalars(text("SELECT event FROM system_log ORDER BY id"))
        assert list(left) == ["kept_1", "kept_2"]


async def test_the_api_keeps_its_own_warnings(app: FastAPI) -> None:
    parts: Parts = app.state.parts
    assert any(isinstance(handler, SystemLog) for handler in logging.getLogger().handlers)
    assert parts.report.component == "api"
