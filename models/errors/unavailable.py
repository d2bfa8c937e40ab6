"""Errors of parts of Chimera that don't respond or can't accept new data."""

from models.errors.base import ChimeraError


class Unavailable(ChimeraError):
    """A part that a request needs doesn't respond. Retry after `retry_after_s`."""

    code, http_status, title, retryable = "unavailable", 503, "A service that Chimera needs isn't responding", True

    def __init__(self, part: str, retry_after_s: float = 2.0) -> None:
        super().__init__(f"{part} isn't responding. Retry in {retry_after_s:g} s.", retry_after_s=retry_after_s)
        self.part = part


class DiskFull(Unavailable):
    """A disk is full. New data can't be stored, but accepted data isn't lost."""

    code, title = "disk_full", "A disk is full"

    def __init__(self, disk: str) -> None:
        ChimeraError.__init__(
            self,
            f"{disk} is full, so new data can't be stored. Free up space on this disk, then retry. Accepted work"
            " continues automatically.",
            retry_after_s=10.0,
        )
        self.part = disk


class DatabaseReadOnly(Unavailable):
    """The database is a standby, or is read-only (for example during a failover)."""

    code, title = "database_read_only", "The database is read-only"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "The database is currently read-only. Retry in 5 s. If the error persists, check whether"
            " CHIMERA_DATABASE_URL points to a standby server.",
            retry_after_s=5.0,
        )
        self.part = "The database"


class TooManyConnections(Unavailable):
    code, title = "too_many_connections", "The database has run out of connections or memory"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "The database has run out of connections or memory. Retry in 2 s. If the error persists,"
            " lower CHIMERA_DATABASE_POOL_SIZE, or raise max_connections in the database server's configuration.",
            retry_after_s=2.0,
        )
        self.part = "The database"
