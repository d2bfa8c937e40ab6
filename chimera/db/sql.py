"""Raw SQL in a session's transaction.

Raw SQL is written in the driver's syntax (`%(name)s`, and `%%` for a percent sign), in `chimera/ledger`. All other
statements are SQLAlchemy's constructs, except those in `chimera/db` and the few that `tests/test_layers.py` lists.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession


async def execute(session: AsyncSession, statement: str, parameters: Mapping[str, object]) -> CursorResult[Any]:
    """Run a statement in the driver's syntax. Changed objects of the session must be flushed first.

    SQLAlchemy passes the statement on unparsed, as documented for `Connection.exec_driver_sql`. Errors are
    SQLAlchemy's. Rows have the columns as attributes, with the driver's types: an id is a `UUID`.
    """
    connection = await session.connection()
    return await connection.exec_driver_sql(statement, dict(parameters))
