"""What an agent has done in a subtask so far, for the limits of agents."""

from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, one, one_line
from chimera.ledger.statements import place_of
from models.model_calls import ModelCallRequest

_HASHED_CHARS = 4096
"""Longer arguments are compared by their hashes, so that little is read."""

# The errors of calls that can't succeed as they are written: `not_available` and `arguments_in` in
# `activities/tool_results.py`, and `problems_of` in `chimera/tools/base.py`.
MISTAKES = "^(There is no tool |The arguments for .* are not a JSON object|Invalid arguments for )"

_PROGRESS = one_line(f"""
SELECT (SELECT count(*) FROM tool_calls c WHERE c.run_id = %(run_id)s AND c.path = %(path)s) AS tool_calls,
       (SELECT CAST(EXTRACT(epoch FROM clock_timestamp() - COALESCE(s.started_at, r.started_at)) AS float8)
        FROM runs r LEFT JOIN subtasks s ON s.run_id = r.id AND s.path = %(path)s
        WHERE r.id = %(run_id)s AND (s.path IS NOT NULL OR %(path)s = '')) AS seconds,
       (SELECT jsonb_agg(jsonb_build_object('calls', m.calls, 'mistaken', m.mistaken) ORDER BY m.seq DESC) FROM (
            SELECT a.seq, (
                SELECT jsonb_agg(jsonb_build_array(x ->> 'name', CASE
                    WHEN length(x ->> 'arguments') > {_HASHED_CHARS} THEN md5(x ->> 'arguments')
                    ELSE x ->> 'arguments' END) ORDER BY n)
                FROM jsonb_array_elements(a.tool_calls) WITH ORDINALITY AS t (x, n)) AS calls, (
                SELECT bool_and(c.failed AND r.content ~ %(mistakes)s) FROM tool_calls c
                JOIN messages r ON r.run_id = c.run_id AND r.path = c.path AND r.purpose = 'turn'
                               AND r.seq = c.step * 1000 + 501 + c.index
                WHERE c.run_id = a.run_id AND c.path = a.path AND c.step = a.seq / 1000) AS mistaken
            FROM messages a
            WHERE a.run_id = %(run_id)s AND a.path = %(path)s AND a.purpose = 'turn' AND a.role = 'assistant'
              AND a.seq < %(step)s * 1000
            ORDER BY a.seq DESC LIMIT %(turns)s) m) AS turns
""")  # noqa: S608  # only constants go in, here and below

_SPENT = """
SELECT COALESCE(sum(CASE WHEN status = 'in_doubt' THEN reserved_micro_usd ELSE cost_micro_usd END), 0) AS spent
FROM call_attempts WHERE run_id = %(run_id)s AND path = %(path)s
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn: its tool calls by name and arguments, which may be a hash of them."""

    calls: tuple[tuple[str, str], ...]
    mistaken: bool
    """Whether it has calls, and all of them failed because of invalid arguments or unknown tools."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What an agent has done in a subtask, before the call that is about to be made."""

    tool_calls: int
    seconds: float
    """Since the subtask started, by the database's clock."""
    turns: tuple[Turn, ...]
    """The latest turns, newest first."""


async def read_progress(connection: Connection, request: ModelCallRequest, *, turns: int) -> Progress:
    """Read an agent's progress in a subtask, with its latest `turns` turns."""
    values = {**place_of(request), "mistakes": MISTAKES, "turns": turns}
    row: Any = await one(await connection.execute(_PROGRESS, values))
    return Progress(
        tool_calls=row.tool_calls,
        seconds=row.seconds or 0.0,
        turns=tuple(
            Turn(tuple((call[0], call[1]) for call in turn["calls"] or ()), bool(turn["mistaken"]))
            for turn in row.turns or ()
        ),
    )


async def read_spent(connection: Connection, request: ModelCallRequest) -> int:
    """Return what a node's own calls have cost so far, in millionths of a dollar.

    Attempts with an unknown outcome count with their highest possible cost.
    """
    return int((await one(await connection.execute(_SPENT, place_of(request)))).spent)
