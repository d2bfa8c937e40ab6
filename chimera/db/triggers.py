"""Triggers of the ledger's tables. The first migration creates them (`migrations/env.py`).

They write the changes that the rollups consist of. A trigger sees every way in which an attempt or a run can end, so
the rollups equal the ledger by construction; parts of each statement would have to be repeated in each new one.
"""

from collections.abc import Sequence

_USED = "input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_micro_usd"


def _usage(row: str, sign: str) -> str:
    used = ", ".join(f"{sign}{row}.{column}" for column in _USED.split(", "))
    latency = f"GREATEST(0, EXTRACT(epoch FROM {row}.ended_at - {row}.started_at) * 1000)::bigint"
    return f"""
        INSERT INTO usage_changes
            (at, owner_id, kind, agent, agent_version, model, purpose, simulated, status, error_code, attempts,
             {_USED}, estimated_micro_usd, in_doubt_micro_usd, latency_ms, first_token_ms)
        SELECT {row}.started_at, r.owner_id, r.kind, {row}.agent, {row}.agent_version, {row}.model, {row}.purpose,
               {row}.simulated, {row}.status, {row}.error_code, {sign}1, {used},
               CASE WHEN {row}.estimated THEN {sign}{row}.cost_micro_usd ELSE 0 END,
               CASE WHEN {row}.status = 'in_doubt' THEN {sign}{row}.reserved_micro_usd ELSE 0 END,
               CASE WHEN {row}.status = 'finished' THEN {latency} END,
               CASE WHEN {row}.status = 'finished' THEN {row}.first_token_ms END
        FROM runs r WHERE r.id = {row}.run_id;"""  # noqa: S608  # only constants go in, here and below


_RECORD_USAGE = f"""
CREATE FUNCTION record_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status <> 'started' THEN{_usage("OLD", "-")}
    END IF;
    IF NEW.status <> 'started' THEN{_usage("NEW", "")}
    END IF;
    RETURN NULL;
END $$
"""


def _ended(row: str, sign: str) -> str:
    return f"""
        INSERT INTO run_changes
            (at, owner_id, kind, status, error_code, simulated, runs, retries, queued_ms, waited_ms, duration_ms)
        VALUES (COALESCE({row}.ended_at, {row}.created_at), {row}.owner_id, {row}.kind, {row}.status, {row}.error_code,
                {row}.simulated, {sign}1, {sign}{row}.retries,
                {sign}GREATEST(0, EXTRACT(epoch FROM {row}.started_at - {row}.created_at) * 1000)::bigint,
                {sign}{row}.waited_ms,
                GREATEST(0, EXTRACT(epoch FROM {row}.ended_at - {row}.created_at) * 1000)::bigint);"""  # noqa: S608


_CLOSED = "('completed', 'failed', 'cancelled')"
_RECORD_RUN = f"""
CREATE FUNCTION record_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO run_changes (at, owner_id, kind, status, simulated, runs, retries, queued_ms, waited_ms)
        VALUES (NEW.created_at, NEW.owner_id, NEW.kind, 'created', false, 1, 0, 0, 0);
    ELSIF OLD.status IN {_CLOSED} THEN{_ended("OLD", "-")}
    END IF;
    IF NEW.status IN {_CLOSED} THEN{_ended("NEW", "")}
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608
_MEASURE_WAIT = """
CREATE FUNCTION measure_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'waiting' AND NEW.waiting_since IS NOT NULL THEN
        NEW.waited_ms = NEW.waited_ms
            + GREATEST(0, EXTRACT(epoch FROM clock_timestamp() - NEW.waiting_since) * 1000)::bigint;
    END IF;
    NEW.waiting_since = CASE WHEN NEW.status = 'waiting' THEN clock_timestamp() END;
    RETURN NEW;
END $$
"""
_CHANGED = "OLD.status IS DISTINCT FROM NEW.status"

CREATE: Sequence[str] = (
    _RECORD_USAGE,
    """
CREATE TRIGGER call_attempts_recorded AFTER INSERT ON call_attempts
FOR EACH ROW WHEN (NEW.status <> 'started') EXECUTE FUNCTION record_usage()""",
    f"""
CREATE TRIGGER call_attempts_changed AFTER UPDATE ON call_attempts
FOR EACH ROW WHEN ({_CHANGED} OR OLD.cost_micro_usd <> NEW.cost_micro_usd) EXECUTE FUNCTION record_usage()""",
    _MEASURE_WAIT,
    f"""
CREATE TRIGGER runs_waited BEFORE UPDATE ON runs
FOR EACH ROW WHEN ({_CHANGED} AND 'waiting' IN (OLD.status, NEW.status)) EXECUTE FUNCTION measure_wait()""",
    _RECORD_RUN,
    "CREATE TRIGGER runs_recorded AFTER INSERT ON runs FOR EACH ROW EXECUTE FUNCTION record_run()",
    f"""
CREATE TRIGGER runs_changed AFTER UPDATE ON runs
FOR EACH ROW WHEN ({_CHANGED} AND (OLD.status IN {_CLOSED} OR NEW.status IN {_CLOSED}))
EXECUTE FUNCTION record_run()""",
)
"""The statements that create the functions and their triggers, in order."""

DROP: Sequence[str] = tuple(
    f"DROP FUNCTION {name}() CASCADE" for name in ("record_run", "measure_wait", "record_usage")
)
"""The statements that remove them, before the tables are removed."""
