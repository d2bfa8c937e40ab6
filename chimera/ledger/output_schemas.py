"""The JSON Schema of a node's answer, as one SQL expression."""

from models.ids import NodePath

OUTPUT_SCHEMA = """(
    SELECT known.schema FROM (
        SELECT '' AS path, t.output_schema AS schema
        UNION ALL
        SELECT u.path, u.output_schema FROM subtasks u WHERE u.run_id = r.id AND u.path = ANY(%(line)s::text[])
    ) known
    WHERE known.schema IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM subtasks n
        WHERE n.run_id = r.id AND n.path = ANY(%(line)s::text[]) AND length(n.path) > length(known.path)
          AND (n.tools IS NOT NULL OR EXISTS (
            SELECT 1 FROM subtasks b
            WHERE b.run_id = r.id AND b.parent = n.parent AND b.path <> n.path AND b.tools IS NULL)))
    ORDER BY length(known.path) DESC LIMIT 1)"""
"""Selects a node's own schema, or that of the node above whose answer its answer becomes.

That is the case along a line of nodes that are each the only planned subtask of the one above. An agent has delegated
the subtasks whose `tools` are set: their answers go to that agent. The aliases are `r` for the run and `t` for the
task; the parameter `line` is `line_to` the node.
"""


def line_to(path: NodePath) -> list[str]:
    """Return the paths of a node and of all subtasks above it, from the top down."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
