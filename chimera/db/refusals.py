"""Why a database that answers refuses: its disk is full, it takes no writes, it has no connection left.

Sorted by SQLSTATE (PostgreSQL's documentation, appendix A), which SQLAlchemy and psycopg carry alike.
"""

import psycopg
from sqlalchemy.exc import DBAPIError

from models.errors import DatabaseReadOnly, DiskFull, TooManyConnections, Unavailable

DISK_FULL = "53100"
_READ_ONLY = "25006"
_BUSY = {"53200", "53300", "53400"}
_NO_CONNECTION_LEFT = ("too many clients", "too many connections", "remaining connection slots")
"""Messages while connecting, when the driver has no SQLSTATE yet."""


def sqlstate_of(error: BaseException) -> str | None:
    driver: BaseException = getattr(error, "orig", None) or error
    return getattr(driver, "sqlstate", None)


def refusal_of(error: BaseException) -> Unavailable | None:
    """The error for a caller; None if the database gave no reason, or another one."""
    state = sqlstate_of(error)
    if state == DISK_FULL:
        return DiskFull("The database's disk")
    if state == _READ_ONLY:
        return DatabaseReadOnly()
    if state in _BUSY or (state is None and any(words in str(error) for words in _NO_CONNECTION_LEFT)):
        return TooManyConnections()
    return None


def is_away(error: BaseException) -> bool:
    """Whether the database is away, restarts or has no connection left: the same statement may succeed later."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(driver, psycopg.OperationalError | psycopg.InternalError)
