"""The accepted definitions of tools, as workers write and read them.

An MCP server's tools are pinned: the first list of a server is accepted as it is. Afterward, a changed or new
definition is only offered until a person accepts it, and its tool can't be called.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from chimera.db.engine import Connection
from chimera.ledger import notifications
from models.ids import UserId
from models.tools import ToolDefinition, ToolSource, ToolStatus

_JSON_COLUMNS = ("definition", "offered")

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))"

_ROWS = """
SELECT name, sha256, status, definition, offered FROM tools
WHERE source = 'mcp' AND server = %(server)s AND owner_id IS NOT DISTINCT FROM %(owner_id)s::uuid
"""

# Another source's tool of the same name stays: a server can't replace it.
_ADD = """
INSERT INTO tools (owner_id, name, source, server, definition, sha256, status, offered)
VALUES (%(owner_id)s, %(name)s, 'mcp', %(server)s, %(definition)s::jsonb, %(sha256)s, %(status)s, %(offered)s::jsonb)
ON CONFLICT DO NOTHING
"""

_SET = """
UPDATE tools SET definition = %(definition)s::jsonb, sha256 = %(sha256)s, status = %(status)s,
       offered = %(offered)s::jsonb, updated_at = now()
WHERE source = 'mcp' AND server = %(server)s AND name = %(name)s AND owner_id IS NOT DISTINCT FROM %(owner_id)s::uuid
"""

_REMOVE = """
DELETE FROM tools
WHERE source = 'mcp' AND server = %(server)s AND name = %(name)s AND owner_id IS NOT DISTINCT FROM %(owner_id)s::uuid
"""

_RETIRE = """
UPDATE tools SET status = 'gone', offered = NULL, updated_at = now()
WHERE source = 'mcp' AND owner_id IS NULL AND status <> 'gone' AND NOT server = ANY(%(servers)s::text[])
"""

_CALLABLE = """
SELECT t.name, t.definition, t.sha256, t.owner_id, s.url, s.headers
FROM tools t LEFT JOIN mcp_servers s ON s.owner_id = t.owner_id AND s.name = t.server
WHERE t.source = 'mcp' AND t.status = 'active' AND (t.owner_id IS NULL OR t.owner_id = %(owner_id)s::uuid)
ORDER BY t.owner_id IS NOT NULL, t.name
"""

_PUBLISH = """
INSERT INTO tools (name, source, server, definition, sha256, status)
VALUES (%(name)s, %(source)s, %(server)s, %(definition)s::jsonb, %(sha256)s, 'active')
ON CONFLICT (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), name) DO UPDATE
SET source = excluded.source, server = excluded.server, definition = excluded.definition, sha256 = excluded.sha256,
    status = 'active', offered = NULL, updated_at = now()
WHERE tools.sha256 <> excluded.sha256 OR tools.status <> 'active' OR tools.source <> excluded.source
"""

_UNPUBLISH = """
UPDATE tools SET status = 'gone', updated_at = now()
WHERE source = %(source)s AND owner_id IS NULL AND status <> 'gone' AND NOT name = ANY(%(names)s::text[])
"""


@dataclass(frozen=True, slots=True)
class CallableTool:
    """An accepted tool of an MCP server. `url` and `headers` (sealed) are those of a user's server."""

    definition: ToolDefinition
    sha256: str
    owner_id: UserId | None
    url: str | None
    headers: bytes | None


async def record(
    connection: Connection,
    owner_id: UserId | None,
    server: str,
    definitions: Mapping[str, ToolDefinition],
    hashes: Mapping[str, str],
) -> dict[str, ToolStatus]:
    """Compare a server's current tools with the accepted ones; return the status of each by its full name.

    `hashes` are those of what the server offers. The connection has to be in a transaction: workers that list the same
    server wait for each other.
    """
    place = {"owner_id": owner_id, "server": server}
    await connection.execute(_LOCK, {"lock": f"tools of {owner_id or 'installation'} {server}"})
    rows = {row.name: row for row in await (await connection.execute(_ROWS, place)).fetchall()}
    statuses: dict[str, ToolStatus] = {}
    for name, definition in definitions.items():
        fields = _fields_of(rows.get(name), definition, hashes[name], is_first=not rows)
        statuses[name] = ToolStatus(fields["status"] or "")
        if name not in rows:
            await connection.execute(_ADD, {**place, "name": name, **fields})
        elif not _is_same(rows[name], fields):
            await connection.execute(_SET, {**place, "name": name, **fields})
        else:
            continue
        if statuses[name] is ToolStatus.CHANGED:
            await notifications.tool_changed(connection, owner_id, name)
        elif rows:
            await notifications.tool_settled(connection, owner_id, name)
    for name in rows.keys() - definitions.keys():
        statuses[name] = ToolStatus.GONE
        await _lose(connection, place, name, rows[name])
    return statuses


async def retire(connection: Connection, servers: Iterable[str]) -> None:
    """Mark the tools of the installation's servers as gone, except those of the given servers."""
    await connection.execute(_RETIRE, {"servers": sorted(servers)})


async def callable_tools(connection: Connection, owner_id: UserId) -> list[CallableTool]:
    """Return a user's accepted tools of MCP servers: those of the installation first, then the user's own, by name."""
    rows: Sequence[Any] = await (await connection.execute(_CALLABLE, {"owner_id": owner_id})).fetchall()
    return [
        CallableTool(
            ToolDefinition.model_validate(row.definition),
            row.sha256,
            None if row.owner_id is None else UserId(str(row.owner_id)),
            row.url,
            row.headers,
        )
        for row in rows
    ]


async def publish(connection: Connection, source: ToolSource, definitions: Iterable[ToolDefinition]) -> None:
    """Store the definitions of a source whose tools are the same for all users, and that needs no acceptance.

    The source's other tools are marked as gone. All workers must have the same tools, or they would mark each other's.
    """
    names: list[str] = []
    # In a fixed order, so that two workers that start together don't wait for each other.
    for definition in sorted(definitions, key=lambda each: each.name):
        written = _json(definition)
        names.append(definition.name)
        await connection.execute(
            _PUBLISH,
            {
                "name": definition.name,
                "source": source.value,
                "server": definition.server,
                "definition": written,
                "sha256": hashlib.sha256(written.encode()).hexdigest(),
            },
        )
    await connection.execute(_UNPUBLISH, {"source": source.value, "names": names})


async def publish_all(connection: Connection, definitions: Iterable[ToolDefinition]) -> None:
    """Store the definitions of all static tools of a worker, of every source but MCP servers."""
    found = list(definitions)
    for source in (ToolSource.BUILT_IN, ToolSource.PYTHON, ToolSource.OPENAPI):
        await publish(connection, source, [each for each in found if each.source is source])


def _fields_of(row: Any, definition: ToolDefinition, sha256: str, *, is_first: bool) -> dict[str, str | None]:
    """Return the columns of a tool that its server offers now."""
    accepted = {"definition": _json(definition), "sha256": sha256, "status": ToolStatus.ACTIVE.value, "offered": None}
    if is_first or (row is not None and row.sha256 == sha256):
        # The definition may still differ: an administrator can override its kind.
        return accepted
    offered = to_json({**definition.model_dump(mode="json"), "sha256": sha256}).decode()
    if row is None:
        # Never accepted, so there is no hash that a call could match.
        return {"definition": _json(definition), "sha256": "", "status": ToolStatus.CHANGED.value, "offered": offered}
    return {
        "definition": to_json(row.definition).decode(),
        "sha256": row.sha256,
        "status": ToolStatus.CHANGED.value,
        "offered": offered,
    }


async def _lose(connection: Connection, place: Mapping[str, object], name: str, row: Any) -> None:
    if not row.sha256:
        await connection.execute(_REMOVE, {**place, "name": name})
    elif row.status != ToolStatus.GONE:
        gone = {"status": ToolStatus.GONE.value, "offered": None, "sha256": row.sha256}
        await connection.execute(_SET, {**place, "name": name, "definition": to_json(row.definition).decode(), **gone})


def _is_same(row: Any, fields: Mapping[str, str | None]) -> bool:
    """Return whether a row has these columns already. As values, because PostgreSQL orders the names of an object."""
    definition, offered = (None if fields[name] is None else from_json(fields[name] or "") for name in _JSON_COLUMNS)
    return (row.sha256, row.status, row.definition, row.offered) == (
        fields["sha256"],
        fields["status"],
        definition,
        offered,
    )


def _json(definition: ToolDefinition) -> str:
    return definition.model_dump_json()
