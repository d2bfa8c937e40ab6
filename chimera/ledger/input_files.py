"""The input files of model calls: a task's images, those of tool results, and audio. They belong to the run's owner."""

from collections.abc import Sequence
from dataclasses import dataclass

from chimera.db.engine import Connection
from models.files import InputFile

_READ = """
SELECT f.media_type, string_agg(c.data, ''::bytea ORDER BY c.position) AS data
FROM unnest(CAST(%(ids)s AS uuid[])) WITH ORDINALITY AS asked (id, place)
JOIN files f ON f.id = asked.id AND f.owner_id = %(owner_id)s
JOIN file_chunks c ON c.file_id = f.id
GROUP BY asked.place, f.id ORDER BY asked.place
"""


async def read(connection: Connection, owner_id: str, file_ids: Sequence[str]) -> list[InputFile]:
    """Read the files that still exist, in the order of `file_ids`."""
    cursor = await connection.execute(_READ, {"ids": list(file_ids), "owner_id": owner_id})
    return [InputFile(row.media_type, bytes(row.data)) for row in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class FileDescription:
    """A file without its content."""

    name: str
    media_type: str
    size_bytes: int


_DESCRIBED = """
SELECT id, name, media_type, size_bytes FROM files
WHERE owner_id = %(owner_id)s AND id = ANY(CAST(%(ids)s AS uuid[]))
"""


async def describe(connection: Connection, owner_id: str, file_ids: Sequence[str]) -> dict[str, FileDescription]:
    """Return the names, types and sizes of the files that still exist, by ID."""
    if not file_ids:
        return {}
    cursor = await connection.execute(_DESCRIBED, {"ids": list(file_ids), "owner_id": owner_id})
    return {str(row.id): FileDescription(row.name, row.media_type, row.size_bytes) for row in await cursor.fetchall()}


_BEGINNINGS = """
SELECT f.id, f.media_type, COALESCE(substring(c.data FROM 1 FOR %(max_bytes)s::int), ''::bytea) AS data
FROM files f LEFT JOIN file_chunks c ON c.file_id = f.id AND c.position = 0
WHERE f.owner_id = %(owner_id)s AND f.id = ANY(CAST(%(ids)s AS uuid[]))
"""


async def read_beginnings(
    connection: Connection, owner_id: str, file_ids: Sequence[str], *, max_bytes: int
) -> dict[str, InputFile]:
    """Read the first bytes of the files that still exist, by ID: `max_bytes` of each, and at most one mebibyte."""
    if not file_ids:
        return {}
    values = {"ids": list(file_ids), "owner_id": owner_id, "max_bytes": max_bytes}
    cursor = await connection.execute(_BEGINNINGS, values)
    return {str(row.id): InputFile(row.media_type, bytes(row.data)) for row in await cursor.fetchall()}


_NEWEST = """
WITH sized AS (
    SELECT f.id, f.media_type, sum(f.size_bytes) OVER (ORDER BY asked.place DESC) AS running
    FROM unnest(CAST(%(ids)s AS uuid[])) WITH ORDINALITY AS asked (id, place)
    JOIN files f ON f.id = asked.id AND f.owner_id = %(owner_id)s)
SELECT s.id, s.media_type, string_agg(c.data, ''::bytea ORDER BY c.position) AS data
FROM sized s JOIN file_chunks c ON c.file_id = s.id
WHERE s.running <= %(max_bytes)s GROUP BY s.id, s.media_type
"""


async def read_newest(
    connection: Connection, owner_id: str, file_ids: Sequence[str], *, max_bytes: int
) -> dict[str, InputFile]:
    """Read the files that still exist, by id: the last ones of `file_ids` that have at most `max_bytes` together.

    Each ID is to be named once.
    """
    if not file_ids:
        return {}
    values = {"ids": list(file_ids), "owner_id": owner_id, "max_bytes": max_bytes}
    cursor = await connection.execute(_NEWEST, values)
    return {str(row.id): InputFile(row.media_type, bytes(row.data)) for row in await cursor.fetchall()}
