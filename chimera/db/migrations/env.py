"""The script that Alembic runs, on a given connection (`migrate.upgrade`, tests) or on one of its own."""

import asyncio

from alembic import context
from alembic.operations.ops import ExecuteSQLOp, MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from chimera.db import triggers
from chimera.db.engine import driver_url
from chimera.db.tables import Table


def add_triggers(migrations: MigrationContext, revision: object, scripts: list[MigrationScript]) -> None:
    """Add the triggers to the first migration. Alembic doesn't see them, so later changes are written by hand."""
    for script in scripts:
        if migrations.get_current_revision() is None and script.upgrade_ops and script.downgrade_ops:
            script.upgrade_ops.ops.extend(map(ExecuteSQLOp, triggers.CREATE))
            script.downgrade_ops.ops[:0] = map(ExecuteSQLOp, triggers.DROP)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        compare_type=True,
        compare_server_default=True,
        process_revision_directives=add_triggers,
        # If a migration fails, the ones before it stay in place.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def print_sql() -> None:
    context.configure(
        dialect_name="postgresql",
        target_metadata=Table.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    print_sql()
elif isinstance(given, Connection):
    run(given)
elif isinstance(given, AsyncEngine):
    asyncio.run(run_on(given))
else:
    url = driver_url(context.config.attributes["database_url"])
    asyncio.run(run_on(create_async_engine(url, poolclass=NullPool)))
