"""Keeps warnings and errors in the table of the system log, without ever delaying or failing what logs them."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chimera.content.text import clean_text
from chimera.db.engine import Database
from chimera.store import system_log
from models.system_log import EVENT_CHARS, FIELDS_CHARS

log = structlog.get_logger()

MAX_WAITING = 1000
"""The most entries that wait for the database. Further entries are dropped and counted."""
WRITTEN_AT_ONCE = 200
WRITE_SECONDS = 1.0
LAST_SECONDS = 2.0
"""How long a process that ends waits for its last entries to be written."""

KEPT_INFO = frozenset({"worker_started", "worker_stopping", "worker_stopped", "api_started", "api_stopped"})
"""Events below the level WARNING that are kept all the same."""
_OWN_COLUMNS = frozenset({"event", "level", "timestamp", "component", "request_id"})


class SystemLog(logging.Handler):
    """A handler of the root logger. `run` writes what it has gathered."""

    def __init__(self, database: Database, component: str, formatter: logging.Formatter) -> None:
        """`formatter` returns JSON without secrets (`logging.json_formatter`)."""
        super().__init__(logging.INFO)
        self.setFormatter(formatter)
        self.dropped = 0
        self._database = database
        self._component = component
        self._waiting: deque[dict[str, Any]] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        """Gather an entry. Never raises, and does nothing that waits."""
        try:
            if record.levelno < logging.WARNING and not _is_kept(record):
                return
            if len(self._waiting) >= MAX_WAITING:
                self.dropped += 1
                return
            self._waiting.append(entry_of(json.loads(self.format(record)), record.levelname.lower(), self._component))
        except Exception:  # noqa: BLE001  (a fault here must not reach the code that logs)
            self.dropped += 1

    async def run(self) -> None:
        """Write entries until cancelled. While the database is away, they wait."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write what waits. If the database is away, it keeps waiting, and nothing is logged about that."""
        while self._waiting:
            entries = [self._waiting[place] for place in range(min(WRITTEN_AT_ONCE, len(self._waiting)))]
            try:
                async with self._database.begin() as session:
                    await system_log.write(session, entries)
            except (SQLAlchemyError, OSError):
                return
            for _ in entries:
                self._waiting.popleft()


@asynccontextmanager
async def keeping(database: Database, component: str, formatter: logging.Formatter) -> AsyncIterator[SystemLog]:
    """Keep this process's warnings in the system log for the duration of the block."""
    handler = SystemLog(database, component, formatter)
    logging.getLogger().addHandler(handler)
    writing = asyncio.create_task(handler.run())
    try:
        yield handler
    finally:
        logging.getLogger().removeHandler(handler)
        writing.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await handler.write()


def entry_of(line: dict[str, Any], level: str, component: str) -> dict[str, Any]:
    """Return the row of a log line, cut to the limits of the table."""
    fields = {name: value for name, value in line.items() if name not in _OWN_COLUMNS}
    if len(json.dumps(fields)) > FIELDS_CHARS:
        share = FIELDS_CHARS // (2 * len(fields))
        fields = {name: str(value)[:share] for name, value in list(fields.items())[:50]} | {"shortened": True}
    request_id = line.get("request_id")
    return {
        "at": _time_of(line.get("timestamp")),
        "level": level,
        "component": str(line.get("component", component))[:60],
        "event": clean_text(str(line.get("event", "")))[:EVENT_CHARS],
        "fields": _cleaned(fields),
        "request_id": str(request_id)[:60] if request_id else None,
    }


def _is_kept(record: logging.LogRecord) -> bool:
    return isinstance(record.msg, dict) and record.msg.get("event") in KEPT_INFO


def _time_of(text: object) -> datetime:
    return datetime.fromisoformat(text) if isinstance(text, str) else datetime.now(UTC)


def _cleaned(value: Any) -> Any:
    """Remove what PostgreSQL's JSON can't store."""
    match value:
        case str():
            return clean_text(value)
        case dict():
            return {clean_text(str(name)): _cleaned(inner) for name, inner in value.items()}
        case list():
            return [_cleaned(inner) for inner in value]
        case float() if value != value or value in (float("inf"), float("-inf")):
            return str(value)
    return value
