"""A bare FastAPI app that reads one row: `python -m benchmarks.bare_reading PORT`.

The database's address is in the environment. The app has no sign-in, permissions, logs or extra headers. It uses a
psycopg pool without transactions, and returns the row unchanged.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, HTTPException
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[dict[str, Any]]]


def app_on(database_url: str) -> FastAPI:
    """Return an app that answers `GET /rows/ID` with the row of a task."""
    statement = b"SELECT * FROM runs JOIN tasks ON run_id = id WHERE id = %s"

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        options = {"autocommit": True, "row_factory": dict_row}
        pool: Pool = AsyncConnectionPool(database_url, min_size=4, max_size=16, kwargs=options, open=False)
        async with pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/rows/{row_id}")
    async def row(row_id: UUID) -> dict[str, Any]:
        pool: Pool = app.state.pool
        async with pool.connection() as connection:
            found = await (await connection.execute(statement, (row_id,))).fetchone()
        if found is None:
            raise HTTPException(404)
        return found

    return app


if __name__ == "__main__":
    address = os.environ["CHIMERA_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
    uvicorn.run(app_on(address), port=int(sys.argv[1]), log_level="warning", access_log=False)
