"""A task's account: why it rejected a call, and the wait until a user raises the budget."""

from dataclasses import dataclass
from datetime import datetime

from chimera.db.engine import Connection, one, scalar
from chimera.ledger import notifications
from chimera.ledger.calls import Intent
from chimera.ledger.statements import IS_ENABLED, IS_LEFT_OUT, insert_event, place_of
from models.base import usd
from models.events import EVENT, BudgetReached
from models.ids import RunId
from models.runs import UNCALLABLE

RAISE = "Raise the limit."
"""The end of each message. The remedy, which is derived when the message is shown, names the amount."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an account rejected a call.

    `for_now`: the call may fit once the calls in flight have settled for less than they reserved.
    """

    stopped: bool
    for_now: bool
    limit: str
    message: str
    needed: int | None = 0
    """The lowest limit that would allow the call; None if it isn't shown."""
    left_out: bool = False
    """Whether the run continues without the subtask."""
    until: datetime | None = None
    """For a spending limit (`spending.py`), when its period ends."""
    waits: bool = True
    """Whether the run waits for a higher limit; otherwise, it fails."""


_ACCOUNT = f"""
SELECT status, max_cost_micro_usd, max_tokens, max_model_calls, model_calls, reserved_micro_usd, reserved_tokens,
       spent_micro_usd + in_doubt_micro_usd AS spent, input_tokens + output_tokens AS tokens,
       EXISTS ({IS_LEFT_OUT}) AS left_out, EXISTS ({IS_ENABLED}) AS enabled
FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE
"""  # noqa: S608  # only constants go in


async def why_refused(connection: Connection, intent: Intent) -> Refusal:
    """Return why `calls.reserve` returned None."""
    t = await one(await connection.execute(_ACCOUNT, place_of(intent.request)))
    stopped = t.status in UNCALLABLE or not t.enabled
    if stopped or t.left_out:
        return Refusal(stopped=stopped, left_out=t.left_out, for_now=False, limit="", message="")
    if (
        t.max_cost_micro_usd is not None
        and t.spent + t.reserved_micro_usd + intent.reserve_micro_usd > t.max_cost_micro_usd
    ):
        needed = t.spent + t.reserved_micro_usd + intent.reserve_micro_usd
        return Refusal(
            stopped=False,
            for_now=t.reserved_micro_usd > 0 and t.spent + intent.reserve_micro_usd <= t.max_cost_micro_usd,
            limit="max_cost_micro_usd",
            message=f"{usd(t.spent)} of {usd(t.max_cost_micro_usd)} is spent, and the next call may cost"
            f" {usd(intent.reserve_micro_usd)}. {RAISE}",
            needed=needed,
        )
    if t.max_tokens is not None and t.tokens + t.reserved_tokens + intent.reserve_tokens > t.max_tokens:
        needed = t.tokens + t.reserved_tokens + intent.reserve_tokens
        return Refusal(
            stopped=False,
            for_now=t.reserved_tokens > 0 and t.tokens + intent.reserve_tokens <= t.max_tokens,
            limit="max_tokens",
            message=f"{t.tokens:,} of {t.max_tokens:,} tokens are used, and the next call may need"
            f" {intent.reserve_tokens:,}. {RAISE}",
            needed=needed,
        )
    if t.max_model_calls is not None and t.model_calls + 1 > t.max_model_calls:
        return Refusal(
            stopped=False,
            for_now=False,
            limit="max_model_calls",
            message=f"{_all_made(t.max_model_calls)} {RAISE}",
            needed=t.model_calls + 1,
        )
    return Refusal(
        stopped=False, for_now=True, limit="", message="The budget has changed, and the call now fits within it."
    )


def _all_made(requests: int) -> str:
    return (
        "The limit of 1 request has been reached."
        if requests == 1
        else f"The limit of {requests:,} requests has been reached."
    )


_WAIT = f"""
WITH account AS (
    UPDATE runs SET status = 'waiting', needs_budget = true, event_seq = event_seq + 1, updated_at = now()
    WHERE id = %(run_id)s AND status IN ('running', 'queued', 'waiting') AND NOT needs_budget RETURNING id, event_seq)
{insert_event("account")} RETURNING seq
"""  # noqa: S608  # only constants go in


async def wait_for_budget(connection: Connection, run_id: RunId, refusal: Refusal) -> int:
    """Set a running or queued task to waiting, with an event; return the event's sequence, or 0 if nothing changed."""
    reached = BudgetReached(limit=refusal.limit, message=refusal.message, needed=refusal.needed, until=refusal.until)
    event = EVENT.dump_json(reached).decode()
    seq = await scalar(await connection.execute(_WAIT, {"run_id": run_id, "event": event})) or 0
    if seq:
        await notifications.budget_reached(connection, run_id, refusal.limit, refusal.message)
    return seq


_LAST_REACHED = """
SELECT payload FROM events WHERE run_id = %(run_id)s AND payload ->> 'type' = 'budget.reached'
ORDER BY seq DESC LIMIT 1
"""


async def last_reached(connection: Connection, run_id: RunId) -> BudgetReached | None:
    """Return the newest event about a limit that a run reached."""
    row = await (await connection.execute(_LAST_REACHED, {"run_id": run_id})).fetchone()
    return None if row is None else BudgetReached.model_validate(row.payload)
