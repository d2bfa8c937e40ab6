"""Reservations that need more than one statement: with spending limits, and those that were rejected.

A rejected reservation is tried again with the account locked, and then explained.
"""

from temporalio import activity

from chimera.bus import Bus
from chimera.db.engine import Connection
from chimera.ledger import accounts, calls, spending, spending_waits
from chimera.ledger.accounts import Refusal
from chimera.ledger.calls import Intent
from chimera.ledger.spending import SpendingRules
from models.errors import BudgetHeld, BudgetReached, RootStopped, SpendingLimitReached, SubtaskSkipped


async def reserve(connection: Connection, bus: Bus, intent: Intent, rules: SpendingRules) -> int:
    """Reserve a call's worst case. Returns the sequence number of the last event.

    Raises RootStopped, SubtaskSkipped, BudgetHeld if the needed budget is reserved for calls in flight, BudgetReached
    if the run waits for a higher limit, and SpendingLimitReached if it fails because of one.
    """
    # One statement, if no limit of the owner or of all users has to be checked.
    seq = None if rules.always else await calls.reserve(connection, intent)
    return await _reserve_or_refuse(connection, bus, intent, rules) if seq is None else seq


async def _reserve_or_refuse(connection: Connection, bus: Bus, intent: Intent, rules: SpendingRules) -> int:
    """Reserve with the run locked, because the first try didn't wait for settlements in progress."""
    run_id = intent.request.run_id
    async with connection.transaction():
        beyond = await spending.why_refused(connection, intent, rules)
        await calls.lock_run(connection, run_id)
        if beyond is None:
            reserved = await calls.reserve(connection, intent, is_checked=True)
            if reserved is not None:
                return reserved
        await calls.check_next(connection, intent)
        refusal = await accounts.why_refused(connection, intent)
        if beyond is not None and not (refusal.stopped or refusal.left_out or refusal.limit):
            refusal = beyond
        seq = await _wait(connection, intent, refusal)
    if seq:
        bus.wake(run_id, seq)
    raise _error_of(intent, refusal)


async def _wait(connection: Connection, intent: Intent, refusal: Refusal) -> int:
    """Let the run wait if it has to; return the sequence number of the event about that, or 0."""
    run_id = intent.request.run_id
    if refusal.stopped or refusal.left_out or refusal.for_now or not refusal.waits:
        return 0
    if refusal.until is not None:
        await spending_waits.note(connection, run_id, intent.reserve_micro_usd)
    return await accounts.wait_for_budget(connection, run_id, refusal)


def _error_of(intent: Intent, refusal: Refusal) -> Exception:
    if refusal.stopped:
        return RootStopped(intent.request.run_id)
    if refusal.left_out:
        return SubtaskSkipped(intent.request.path)
    if refusal.for_now:
        return BudgetHeld(refusal.message, retry_after_s=min(30.0, float(activity.info().attempt)))
    return BudgetReached(refusal.message) if refusal.waits else SpendingLimitReached(refusal.message)
