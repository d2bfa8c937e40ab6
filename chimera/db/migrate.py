"""Bring a database's tables up to date. The package contains the migrations, so an installed wheel can do it too.

To do it by hand, run `python -m chimera.db.migrate upgrade head` (any of Alembic's commands, on CHIMERA_DATABASE_URL).
"""

import asyncio
import sys
from pathlib import Path

from alembic import command
from alembic.config import CommandLine, Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from chimera.config.errors import BadSettings, read_settings
from chimera.db.engine import driver_url
from models.errors import ChimeraError

LOCK = 0x_C41_3E2A
"""The advisory lock that lets one process migrate while others wait: an arbitrary number that no other program uses."""


class TablesUnreadable(ChimeraError):
    """Tables of a version that this one doesn't know: a newer one, or one from before the first release."""

    code, http_status, title = "tables_unreadable", 500, "The database was created by another version of Chimera"

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database was created by another version of Chimera (its tables are at revision {revision!r}), so it"
            " was not changed. Start that version again, or start this version with an empty database. To use an empty"
            " database, change CHIMERA_DATA_DIR or CHIMERA_DATABASE_URL."
        )


def config_for(database_url: str | None = None) -> Config:
    """Return Alembic's configuration without a file: the paths are those of this package."""
    config = Config(toml_file=None)
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = database_url
    return config


async def upgrade(database_url: str) -> str | None:
    """Upgrade to the newest revision and return it, or None if there was nothing to do.

    Several processes may try at the same time.
    """
    engine = create_async_engine(driver_url(database_url))
    try:
        async with engine.connect() as connection:
            # Held by the session, not a transaction, so that each migration can have a transaction of its own.
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            await connection.commit()
            applied = await connection.run_sync(_upgrade)
            await connection.commit()
            return applied
    finally:
        # Closing the connection releases the lock.
        await engine.dispose()


async def _check(database_url: str) -> None:
    """Raise TablesUnreadable for tables of a version that this one doesn't know."""
    engine = create_async_engine(driver_url(database_url))
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_known_revision)
    finally:
        await engine.dispose()


def _known_revision(connection: Connection) -> str | None:
    """Return the revision of the tables, or None for a database without tables. Raises TablesUnreadable."""
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(config_for())
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise TablesUnreadable(current)
    return current


def _upgrade(connection: Connection) -> str | None:
    config = config_for()
    newest = ScriptDirectory.from_config(config).get_current_head()
    if _known_revision(connection) == newest:
        return None
    connection.commit()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return newest


def main() -> None:
    line = CommandLine(prog="python -m chimera.db.migrate")
    options = line.parser.parse_args()
    if not hasattr(options, "cmd"):
        line.parser.error("a command is required, for example: upgrade head")
    try:
        url = read_settings().database_url
    except BadSettings as error:
        sys.exit(str(error))
    if url is None:
        sys.exit("CHIMERA_DATABASE_URL is not set. Set it to the address of a PostgreSQL database.")
    try:
        asyncio.run(_check(url))
        line.run_cmd(config_for(url), options)
    except TablesUnreadable as error:
        sys.exit(error.message)
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        sys.exit(f"The PostgreSQL database at CHIMERA_DATABASE_URL can't be used: {reason}")


if __name__ == "__main__":
    main()
