"""`python -m chimera.ledger.rebuild`: compute the rollups from the ledger again, on CHIMERA_DATABASE_URL.

This is needed only after rows of the ledger were changed by hand. Tasks continue meanwhile.
"""

import asyncio
import sys

from sqlalchemy.exc import OperationalError

from chimera.config.errors import BadSettings, read_settings
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import rollups


async def _rebuild(settings: Settings) -> None:
    database = Database(settings)
    try:
        async with database.begin() as session:
            await rollups.rebuild(session)
    finally:
        await database.close()


def main() -> int:
    """Rebuild the rollups; return the exit code."""
    try:
        asyncio.run(_rebuild(read_settings()))
    except (BadSettings, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        sys.stderr.write(f"The PostgreSQL database at CHIMERA_DATABASE_URL can't be used: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
