"""Rejected reservations: checked again with the account locked, and then explained."""

from temporalio import activity

from chimera.bus import Bus
from chimera.db.engine import Connection
from chimera.ledger import accounts, calls
from chimera.ledger.calls import Intent
from models.errors import BudgetHeld, BudgetReached, RootStopped, SubtaskSkipped


async def reserve_or_refuse(connection: Connection, bus: Bus, intent: Intent) -> int:
    """Try the reservation again with the run locked, because the first try didn't wait for settlements in progress.

    Returns the sequence number of the last event. Raises RootStopped, SubtaskSkipped, BudgetHeld if the needed budget
    is reserved for calls in flight, and BudgetReached.
    """
    request = intent.request
    async with connection.transaction():
        await calls.lock_run(connection, request.run_id)
        reserved = await calls.reserve(connection, intent)
        if reserved is not None:
            return reserved
        await calls.check_next(connection, intent)
        refusal = await accounts.why_refused(connection, intent)
        asks = not (refusal.stopped or refusal.left_out or refusal.for_now)
        seq = await accounts.wait_for_budget(connection, request.run_id, refusal) if asks else 0
    if seq:
        bus.wake(request.run_id, seq)
    if refusal.stopped:
        raise RootStopped(request.run_id)
    if refusal.left_out:
        raise SubtaskSkipped(request.path)
    if refusal.for_now:
        raise BudgetHeld(refusal.message, retry_after_s=min(30.0, float(activity.info().attempt)))
    raise BudgetReached(refusal.message)
