"""The servers that described their tools to the models of a run. Descriptions are texts of strangers, like results."""

from collections.abc import Iterable

from chimera.db.engine import Connection
from models.ids import RunId
from models.tools import ToolDefinition

_NOTE = """
UPDATE runs SET described_by = ARRAY(SELECT DISTINCT unnest(described_by || %(servers)s::text[]) ORDER BY 1)
WHERE id = %(run_id)s AND NOT described_by @> %(servers)s::text[]
"""


async def note(connection: Connection, run_id: RunId, tools: Iterable[ToolDefinition]) -> None:
    """Record the servers whose descriptions a model is about to read, if they come from outside."""
    servers = sorted({tool.server for tool in tools if tool.server is not None and tool.untrusted})
    if servers:
        await connection.execute(_NOTE, {"run_id": run_id, "servers": servers})
