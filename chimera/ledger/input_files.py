"""The files that model calls receive: images of tasks and recordings. They belong to the owner of the run."""

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
    """Read those that are still there, in the order of their ids."""
    cursor = await connection.execute(_READ, {"ids": list(file_ids), "owner_id": owner_id})
    return [InputFile(row.media_type, bytes(row.data)) for row in await cursor.fetchall()]
