"""Count the statements that the API sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import event

from api.deps import Parts


@contextmanager
def statements_with(app: FastAPI, words: str) -> Iterator[list[str]]:
    """Collect the statements of sessions that contain these words, for the block."""
    parts: Parts = app.state.parts
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if words in statement:
            found.append(statement)

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
