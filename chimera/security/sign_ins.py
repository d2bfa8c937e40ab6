"""Limits on sign-ins: on tries of passwords for one account and from one address, and on sign-ins that aren't finished.

Tries are counted in this process and, for all API processes together, in Redis. While Redis is unavailable, each
process counts alone, so no unavailable service can lift the limits. A try takes a place before the password is
checked, and gives it back if the password was right, so that simultaneous guesses count too. Whether an account exists
makes no difference.

Guesses from elsewhere don't lock the owner out: tries from an address where the account has signed in before are
counted separately from all others.
"""

import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

import structlog

from chimera.limits.tries import SharedTries, Taken
from models.errors import TooManyTries

log = structlog.get_logger()

ACCOUNT_TRIES, ACCOUNT_S = 10, 15 * 60.0
ADDRESS_TRIES, ADDRESS_S = 100, 60 * 60.0
"""Both are limited, as ASVS 5.0 V6.3.1 requires: attackers guess at one account from many addresses, or at many
accounts from one address."""
REGISTRATIONS = 20
"""Registrations from one address within an hour: each costs a hash, and a sign-in after it reveals whether the e-mail
had an account already."""
AT_ONCE = 8
"""Passwords from one address that are checked at the same time. With more, one sender would fill `Passwords`' queue."""
SWEEP = 1000


@dataclass(slots=True)
class Try:
    """One try, which counts if it `failed`."""

    take: Callable[[str], Awaitable[None]]
    failed: bool = False

    async def at(self, account: str) -> None:
        """Take a place for an account, whether or not it exists. Raises TooManyTries if none is left."""
        await self.take(account)


class SignIns:
    """The counts of one process, beside those of all. Times come from a clock that is never set."""

    def __init__(self, shared: SharedTries, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shared = shared
        self._accounts = _Counted("account", _Places(ACCOUNT_TRIES, ACCOUNT_S), shared)
        self._addresses = _Counted("address", _Places(ADDRESS_TRIES, ADDRESS_S), shared)
        self._registrations = _Counted("registrations", _Places(REGISTRATIONS, ADDRESS_S), shared)
        self._begun = _Counted("begun", _Places(ADDRESS_TRIES, ADDRESS_S), shared)
        self._at_once: Counter[str] = Counter()

    @asynccontextmanager
    async def trying(self, address: str) -> AsyncIterator[Try]:
        """Take a place for one try, before the database is asked, and give it back unless the try `failed`.

        Raises TooManyTries if this address has none left.
        """
        place, now = place_of(address), self._clock()
        if self._at_once[place] >= AT_ONCE:
            raise _refusal(1.0, address, "at_once")
        taken: list[_Place] = []

        async def take(account: str) -> None:
            taken.append(await self._accounts.take(account, now, address))

        self._at_once[place] += 1
        tried = Try(take)
        try:
            taken.append(await self._addresses.take(place, now, address))
            yield tried
        finally:
            self._at_once[place] -= 1
            if not self._at_once[place]:
                del self._at_once[place]
            if not tried.failed:
                # The own places first: this task may be cancelled while it waits for Redis.
                for each in taken:
                    each.own.give_back(each.name, each.taken_at)
                for each in taken:
                    await self._shared.give_back(each.shared)

    async def register(self, address: str) -> None:
        """Count a registration. Raises TooManyTries if there were too many from this address."""
        await self._registrations.take(place_of(address), self._clock(), address)

    async def begin(self, address: str) -> None:
        """Count a sign-in that goes on elsewhere. Raises TooManyTries if too many from this address aren't finished."""
        await self._begun.take(place_of(address), self._clock(), address)

    async def finish(self, address: str) -> None:
        """Give back the place of a sign-in that has been finished, or couldn't begin."""
        await self._begun.give_back_newest(place_of(address))


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the own count and, unless Redis is away, in the shared one."""

    name: str
    taken_at: float
    own: "_Places"
    shared: Taken


class _Counted:
    """One limit, counted in this process and in Redis. A try needs a place in both."""

    def __init__(self, kind: str, own: "_Places", shared: SharedTries) -> None:
        self._kind = kind
        self._own = own
        self._shared = shared

    async def take(self, name: str, now: float, address: str) -> _Place:
        """Raises TooManyTries if there is no place."""
        if wait_s := self._own.wait_s(name, now):
            raise _refusal(wait_s, address, self._kind)
        # Before Redis is asked, so that simultaneous tries count.
        self._own.take(name, now)
        shared = await self._shared.take(self._kind, name, self._own.limit, self._own.within_s)
        if shared.wait_s:
            self._own.give_back(name, now)
            raise _refusal(shared.wait_s, address, self._kind)
        return _Place(name, now, self._own, shared)

    async def give_back_newest(self, name: str) -> None:
        """Give back a place without knowing it, because another process may have taken it."""
        self._own.give_back_newest(name)
        await self._shared.give_back_newest(self._kind, name)


class _Places:
    """Places for up to `limit` tries in `within_s` seconds for each name. Names without recent tries are dropped."""

    def __init__(self, limit: int, within_s: float) -> None:
        self.limit, self.within_s = limit, within_s
        self._times: dict[str, deque[float]] = {}
        self._sweep_at = SWEEP

    def wait_s(self, name: str, now: float) -> float:
        """Return how many seconds it takes until there is a place; 0 if there is one."""
        times = self._times.get(name)
        if times is None:
            return 0.0
        while times and now - times[0] >= self.within_s:
            times.popleft()
        return times[0] + self.within_s - now if len(times) >= self.limit else 0.0

    def take(self, name: str, now: float) -> None:
        if len(self._times) >= self._sweep_at:
            # A name whose tries are all too old has none left: `wait_s` has removed them.
            self._times = {each: kept for each, kept in self._times.items() if kept and now - kept[-1] < self.within_s}
            self._sweep_at = max(SWEEP, 2 * len(self._times))
        self._times.setdefault(name, deque()).append(now)

    def give_back(self, name: str, taken_at: float) -> None:
        times = self._times.get(name)
        if times is not None and taken_at in times:
            times.remove(taken_at)
            if not times:
                del self._times[name]

    def give_back_newest(self, name: str) -> None:
        if times := self._times.get(name):
            self.give_back(name, times[-1])


def account_at(account: str, address: str, *, is_known: bool) -> str:
    """Return the name under which an account's tries are counted: a separate one where it has signed in before."""
    return f"{account} {place_of(address)}" if is_known else account


def place_of(address: str) -> str:
    """Return what counts as one address: for IPv6, a customer's network (/64), which one machine can use entirely."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))


def sender_of(address: str) -> str:
    """Return the sender that takes turns with others: for IPv6, a site (/48), which can send from 65,536 networks."""
    place = place_of(address)
    return str(ip_network(place, strict=False).supernet(new_prefix=48)) if place.endswith("/64") else place


def _refusal(wait_s: float, address: str, limit: str) -> TooManyTries:
    log.warning("sign_in_limited", address=address, limit=limit, wait_s=round(wait_s))
    return TooManyTries(wait_s)
