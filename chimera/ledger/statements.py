"""SQL that the ledger's statements share: the place of a call, the usage of an attempt, events and messages.

Parameters are written in psycopg's syntax. The lock order is the same everywhere: the run's row first, then the call's
rows.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from models.events import Event
from models.model_calls import ModelCallRequest
from models.usage import Usage

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_EVENT_LIST: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])

PLACE_COLUMNS = "run_id, path, purpose, step"
PLACE = "%(run_id)s::uuid, %(path)s, %(purpose)s, %(step)s"
"""The values of `PLACE_COLUMNS`."""


def at_place(table: str = "") -> str:
    """Return the condition for the rows of one call; `table` is the table's name or alias that qualifies columns."""
    of = f"{table}." if table else ""
    return f"{of}run_id = %(run_id)s AND {of}path = %(path)s AND {of}purpose = %(purpose)s AND {of}step = %(step)s"


def at_attempt(table: str = "") -> str:
    """Return the condition for the row of one attempt at a call."""
    return f"{at_place(table)} AND {f'{table}.' if table else ''}attempt = %(attempt)s"


def place_of(request: ModelCallRequest) -> dict[str, Any]:
    """Return the key of a call as query parameters."""
    return {"run_id": request.run_id, "path": request.path, "purpose": request.purpose.value, "step": request.step}


USED = tuple(Usage.model_fields)
"""The columns for the usage of an attempt, which are also the names of the parameters."""


def set_used() -> str:
    return ", ".join(f"{column} = %({column})s" for column in USED)


def add_used(table: str) -> str:
    return ", ".join(f"{column} = {table}.{column} + %({column})s" for column in USED)


def used(usage: Usage) -> dict[str, Any]:
    """Return the parameters of `set_used` and `add_used`."""
    return usage.model_dump()


@dataclass(frozen=True, slots=True)
class FailedBefore:
    """A call's attempts with one model that failed alike; `latest` is the number of the last of them."""

    model: str
    code: str
    times: int
    latest: int
    way: str | None = None
    """For paid or malformed attempts, a value that is equal for failures of the same kind. None for others."""


FAILURES = f"""CASE WHEN c.attempt IS NOT NULL THEN (
           SELECT jsonb_agg(jsonb_build_array(f.model, f.code, f.times, f.latest, f.way)) FROM (
               SELECT model, COALESCE(error_code, a.status) AS code, count(*) AS times, max(a.attempt) AS latest,
                      CASE WHEN a.input_tokens > 0 OR a.error_code = 'malformed' THEN md5(COALESCE(a.error, '')
                          || CASE WHEN a.error_code IN ('truncated', 'stalled') THEN a.output_tokens::text ELSE '' END)
                      END AS way
               FROM call_attempts a
               WHERE {at_place("a")}
                 AND a.status NOT IN ('cancelled', 'finished') AND a.attempt > c.forgiven
               GROUP BY 1, 2, 5) f) END AS failures"""  # noqa: S608  # only constants go in
"""The failed attempts at the call `c`, as JSON with the fields of `FailedBefore`.

The place where the answer broke off distinguishes a server that always breaks there from a bad connection.
"""

LOCK_RUN = "SELECT status, retries, simulated, last_call_at FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE"

BELOW = "(%(path)s::text = '' OR starts_with({}, %(path)s::text || '/'))"
"""The condition for nodes below the one at `path`; the name of the column with their paths has to be filled in."""

IS_LEFT_OUT = """
        SELECT 1 FROM subtasks
        WHERE run_id = %(run_id)s AND path = %(path)s AND status IN ('skipped', 'cancelled')"""

IS_ENABLED = "SELECT 1 FROM users WHERE users.id = runs.owner_id AND users.disabled_at IS NULL"
"""The owner's right is checked here, where it is used. `disabled_owners` stops the run itself."""

INSERT_EVENTS = """
    INSERT INTO events (run_id, seq, payload)
    SELECT account.id, account.event_seq - %(n)s + e.i, e.p
    FROM account, jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS e (p, i)"""
"""Writes `n` events. The CTE `account` has reserved their sequences, of which its `event_seq` is the last."""


def insert_event(source: str) -> str:
    """Return the SQL that writes one event with the `id` and the `event_seq` from the row of `source`."""
    return f"INSERT INTO events (run_id, seq, payload) SELECT id, event_seq, %(event)s::jsonb FROM {source}"  # noqa: S608


INSERT_MESSAGES = """
    INSERT INTO messages
        (run_id, path, purpose, seq, role, content, tokens, tool_calls, tool_call_id, guidance_id, state, thought)
    SELECT account.id, %(path)s, %(purpose)s, m.*
    FROM account, jsonb_to_recordset(%(messages)s::jsonb)
        AS m (seq int, role text, content text, tokens int, tool_calls jsonb, tool_call_id text, guidance_id bigint,
              state jsonb, thought text)
    ON CONFLICT DO NOTHING"""


def insert_subtasks(*, typed: bool = False) -> str:
    """Return the SQL that writes the plan of the node at `path`; `typed` if its subtasks may have JSON Schemas."""
    column, field, kind = (", output_schema", ", f.output_schema", ", output_schema jsonb") if typed else ("", "", "")
    return f"""
    INSERT INTO subtasks (run_id, path, parent, position, key, title, instruction, agent, depends_on, decompose{column})
    SELECT account.id, f.path, %(path)s, f.position, f.key, f.title, f.instruction, f.agent,
           ARRAY(SELECT jsonb_array_elements_text(f.depends_on)), f.decompose{field}
    FROM account, jsonb_to_recordset(%(fresh)s::jsonb)
        AS f (path text, position int, key text, title text, instruction text, agent text, depends_on jsonb,
              decompose boolean{kind})
    ON CONFLICT DO NOTHING"""  # noqa: S608  # only constants go in


def events_of(new: tuple[Event, ...]) -> dict[str, Any]:
    """Return the parameters of `INSERT_EVENTS`."""
    return {"n": len(new), "events": _EVENT_LIST.dump_json(new).decode()}


def as_json(value: Any) -> str:
    return _JSON.dump_json(value).decode()
