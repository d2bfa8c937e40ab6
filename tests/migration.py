"""Write a migration for the difference between the tables of the code and those that the migrations make.

`make migration NAME="…"`; needs no database that runs: it starts one and throws it away.
"""

import argparse
import asyncio
from pathlib import Path

from alembic import command

from chimera.db import migrate
from chimera.local import postgres
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.supervisor import Supervised
from tests.parts import short_folder

VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


async def write(name: str, *, initial: bool) -> None:
    if initial:
        for path in VERSIONS.glob("[0-9]*.py"):
            path.unlink()
    # Numbers begin at 1001: unreleased versions numbered theirs from 0001, and their tables can't be read.
    number = str(1001 + len(list(VERSIONS.glob("1*.py"))))
    with short_folder() as path:
        folder = Folder.at(path)
        server = Supervised(await postgres.prepare(folder), folder, Register(folder), print)
        await server.start()
        try:
            url = await postgres.create_database(folder)
            await migrate.upgrade(url)
            # Use a thread, because Alembic's command runs its own event loop.
            config = migrate.config_for(url)
            await asyncio.to_thread(command.revision, config, name, autogenerate=True, rev_id=number)
        finally:
            await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="Initial tables")
    parser.add_argument("--initial", action="store_true", help="write the first migration again")
    options = parser.parse_args()
    if not options.name:
        parser.error('name the migration: make migration NAME="add teams"')
    asyncio.run(write(options.name, initial=options.initial))


if __name__ == "__main__":
    main()
