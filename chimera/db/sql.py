"""Raw SQL in a session's transaction.

Raw SQL is written in the driver's syntax (`%(name)s`, and `%%` for a percent sign), in `chimera/ledger`. All other
statements are SQLAlchemy's constructs, except those in `chimera/db` and the few that `tests/test_layers.py` lists.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession


async def execute(session: AsyncSession, statement: str, parameters: Mapping[str, object]) -> CursorResult[Any]:
    """Run a statement as the driver takes it; changed objects of the session have to be flushed before.

    SQLAlchemy passes it on unparsed, as `Connection.exec_driver_sql` documents. Errors are SQLAlchemy's, and rows have
    the columns as attributes with the driver's types: an id is a `UUID`.
    """
    connection = await session.connection()
    return await connection.exec_driver_sql(statement, dict(parameters))
