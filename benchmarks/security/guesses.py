"""S08, S46: how often passwords may be tried from many addresses, at many accounts, and while Redis is down."""

from benchmarks.security.finding import PASSWORD, Finding, Seen, client_of, new_account, try_password
from benchmarks.security.sign_in import guesses_at_one_account, guesses_from_one_address
from chimera.security.sign_ins import ACCOUNT_TRIES, ADDRESS_TRIES
from tests.faults.lab import crash, revive
from tests.stack import Stack

GUESSES = 1_000
NAMES = 10_000
"""The number of forged X-Forwarded-For values, which are never trusted."""
EXACT = 0.05


async def a_thousand(stack: Stack) -> Seen:
    """Guess at one account from fifty addresses, and once at each of a thousand accounts from one address.

    This also tries to lock the owner out.
    """
    at_one = await guesses_at_one_account(stack, GUESSES)
    from_one = await guesses_from_one_address(stack, GUESSES, "127.0.22.1")
    figures = {
        "checked for one account": at_one.figures["passwords checked"],
        "checked for one address": from_one.figures["passwords checked"],
    }
    return Seen(at_one.trials + from_one.trials, at_one.problems + from_one.problems, figures)


async def limits_without_redis(stack: Stack) -> Seen:
    """Check that both limits are as exact as with Redis, and that addresses forged by a client have no effect."""
    seen, email = Seen(), await new_account(stack)
    redis = stack.parts["redis"]
    await crash(redis)
    try:
        looked_at = 0
        for index in range(5 * ACCOUNT_TRIES):
            async with client_of(stack, address=f"127.0.23.{index + 1}") as client:
                status = (await try_password(client, email, f"guess number {index}")).status_code
                looked_at += status == 401
                seen.expect(status in (401, 429), f"a guess returns {status}")
        seen.expect(looked_at == ACCOUNT_TRIES, f"{looked_at} guesses for one account were checked")
        seen.figures["checked for one account"] = looked_at
    finally:
        await revive(redis)
    found = await guesses_from_one_address(stack, NAMES, "127.0.24.1")
    from_one = int(found.figures["passwords checked"])
    is_exact = abs(from_one - ADDRESS_TRIES) <= EXACT * ADDRESS_TRIES
    seen.expect(is_exact, f"{from_one} guesses from one address were checked, not {ADDRESS_TRIES}")
    seen.trials += found.trials
    seen.figures["checked for one address"] = from_one
    async with client_of(stack, address="127.0.24.2") as client:
        status = (await try_password(client, await new_account(stack), PASSWORD)).status_code
        seen.expect(status == 200, f"another client receives {status} afterwards")
    return seen


FINDINGS = (
    Finding("S08", "10 guesses per account, 100 per address, and the owner can still sign in", a_thousand),
    Finding("S46", "password limits hold without Redis and against forged addresses", limits_without_redis),
)
