"""The input files of model calls: a task's images, those of tool results, and audio. They belong to the run's owner."""

from collections.abc import Sequence

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


_NAMED = """
SELECT f.id, f.name, f.media_type, string_agg(c.data, ''::bytea ORDER BY c.position) AS data
FROM files f JOIN file_chunks c ON c.file_id = f.id AND c.position < %(chunks)s
WHERE f.owner_id = %(owner_id)s AND f.id = ANY(CAST(%(ids)s AS uuid[]))
GROUP BY f.id
"""


async def read_named(
    connection: Connection, owner_id: str, file_ids: Sequence[str], *, chunks: int
) -> dict[str, tuple[str, InputFile]]:
    """Read the files that still exist, by id: the name and the first `chunks` mebibytes of each."""
    values = {"ids": list(file_ids), "owner_id": owner_id, "chunks": chunks}
    cursor = await connection.execute(_NAMED, values)
    return {str(row.id): (row.name, InputFile(row.media_type, bytes(row.data))) for row in await cursor.fetchall()}


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
    """Read the files that still exist, by id: the last ones of `file_ids` that have at most `max_bytes` together."""
    values = {"ids": list(file_ids), "owner_id": owner_id, "max_bytes": max_bytes}
    cursor = await connection.execute(_NEWEST, values)
    return {str(row.id): InputFile(row.media_type, bytes(row.data)) for row in await cursor.fetchall()}
