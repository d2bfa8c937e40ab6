"""Why a database that responds rejects requests: its disk is full, it is read-only, or it has no connection left.

Errors are classified by SQLSTATE (PostgreSQL's documentation, appendix A), for SQLAlchemy and psycopg alike.
"""

import psycopg
from sqlalchemy.exc import DBAPIError

from models.errors import DatabaseReadOnly, DiskFull, TooManyConnections, Unavailable

DISK_FULL = "53100"
_READ_ONLY = "25006"
_BUSY = {"53200", "53300", "53400"}
_NO_CONNECTION_LEFT = ("too many clients", "too many connections", "remaining connection slots")
"""Parts of the error messages while connecting, when the driver has no SQLSTATE yet."""


def sqlstate_of(error: BaseException) -> str | None:
    driver: BaseException = getattr(error, "orig", None) or error
    return getattr(driver, "sqlstate", None)


def refusal_of(error: BaseException) -> Unavailable | None:
    """Return the error for a caller, or None if the database gave no reason or another one."""
    state = sqlstate_of(error)
    if state == DISK_FULL:
        return DiskFull("The database's disk")
    if state == _READ_ONLY:
        return DatabaseReadOnly()
    if state in _BUSY or (state is None and any(words in str(error) for words in _NO_CONNECTION_LEFT)):
        return TooManyConnections()
    return None


def is_away(error: BaseException) -> bool:
    """Return whether the database is away, restarting or out of connections: the same statement may succeed later."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(driver, psycopg.OperationalError | psycopg.InternalError)
