"""How each provider's account stands: it asked us to wait, it is away, or neither. All workers share what one learns.

An account is a provider's address and a key (`Providers.account_of`). What becomes known of one is kept in Redis, and a
hint on a channel has the other workers read it; so while all is well a call asks its own process' memory and nothing
else. While Redis is away each worker goes by what it sees itself.

- A provider that names a time (429 with `Retry-After`) is asked nothing before it.
- One that failed `CHIMERA_BREAKER_FAILURES` times in a row as only a provider does that is away (it can't be reached,
  is overloaded, keeps silent) is left alone by those whom the failures speak for (`circuit_breaker.py`): one call every
  `CHIMERA_BREAKER_PROBE_S` is let through, over all workers, and the first answer that anybody has opens the way.

Nobody waits here: a call that may not go is refused with the time to come back. Every time is a duration or one of this
process' own clock, which is never set.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import uniform

import structlog
from redis.exceptions import RedisError

from chimera.config.settings import Settings
from chimera.providers.health.circuit_breaker import Asker, Failures, source_of
from chimera.providers.health.shared import Shared, SharedStandings
from chimera.providers.refusals.retry_times import MAX_RETRY_AFTER_S
from models.errors import ModelLoading, ProviderAway, ProviderError, RateLimited

log = structlog.get_logger()

LONGEST_RETURN_S = 60.0
SPREAD = 0.25
"""Calls that waited for the same moment come back over this share of their wait, so that they aren't one burst."""


@dataclass(slots=True)
class Standing:
    """What this process knows of one account. Times are by its own clock."""

    wait_until: float = 0.0
    failures: Failures = field(default_factory=Failures)
    failing_since: float = 0.0
    reason: str = ""
    answered_at: float = -1.0
    """When this process last had an answer."""
    probe_at: float = 0.0
    """While Redis is away: when this process may ask again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How an account stands, for people."""

    wait_s: float = 0.0
    failing_s: float = 0.0
    reason: str = ""
    is_away: bool = False
    """For everybody; otherwise what fails does so for one user or task."""

    @property
    def note(self) -> str:
        """Say what keeps calls from it; empty when nothing does."""
        now = datetime.now(UTC)
        if self.is_away:
            return f"away since {_clock(now - timedelta(seconds=self.failing_s))}: {self.reason}"
        if self.reason:
            return f"failing for one user since {_clock(now - timedelta(seconds=self.failing_s))}: {self.reason}"
        if self.wait_s > 0:
            return f"asking for no request before {_clock(now + timedelta(seconds=self.wait_s))}"
        return ""


class Standings:
    """The accounts of one process."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = settings.breaker_failures
        self._probe_s = settings.breaker_probe_s
        self.clock = clock
        self._known: dict[str, Standing] = {}
        self._shared = SharedStandings(settings.redis_url) if settings.redis_url else None
        self._following: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    async def admit(self, account: str, asker: Asker) -> None:
        """Let a call go on.

        Raises RateLimited while the provider has asked to wait, and ProviderAway while it is left alone; both say when
        to come back.
        """
        standing = self._known.get(account)
        if standing is None:
            standing = await self._meet(account)
        self.check_wait(account)
        if standing.failures.hold(asker, self._limit) and not await self._may_probe(account, standing, asker):
            raise ProviderAway(_provider(account), standing.reason, retry_after_s=self._return_s(standing))

    def check_wait(self, account: str) -> None:
        """Raise RateLimited while the provider has asked to wait; of what this process knows, for a last look."""
        wait_s = self._known[account].wait_until - self.clock()
        if wait_s > 0:
            raise RateLimited(
                f"{_provider(account)} asks for no request for {wait_s:.1f} s.", retry_after_s=_spread(wait_s)
            )

    def answered(self, account: str) -> None:
        """Note that the provider is there: what it had against us is over, but for a time that it named."""
        standing = self._known.setdefault(account, Standing())
        standing.answered_at = self.clock()
        if not standing.failures:
            return
        if standing.failures.hold_everybody(self._limit):
            log.warning("provider_back", account=account, away_s=round(self.clock() - standing.failing_since, 1))
        standing.failures, standing.reason = Failures(), ""
        # In the background: an answer that was paid for doesn't wait for Redis.
        telling = asyncio.create_task(self._forget(account))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def failed(self, account: str, asker: Asker, error: ProviderError, *, began_at: float) -> ProviderError:
        """Note how a call failed that began at `began_at` by `clock`; return the error to go on with.

        It has the time to come back, and is ProviderAway when the failure says nothing about the call: the provider is
        away for this asker and did no work on it.
        """
        standing = self._known.setdefault(account, Standing())
        if isinstance(error, RateLimited):
            self.answered(account)
            return await self._hold(account, standing, error)
        # Who loads a model is there, for whoever asks for another one.
        if not error.retryable or isinstance(error, ModelLoading):
            self.answered(account)
        # Who answered somebody else meanwhile is not away.
        if not error.away or standing.answered_at > began_at:
            return error
        await self._count(account, standing, source_of(error, asker), error.code)
        if not standing.failures.hold(asker, self._limit):
            return error
        if error.may_be_billed:
            error.retry_after_s = self._return_s(standing)
            return error
        return ProviderAway(_provider(account), error.message, retry_after_s=self._return_s(standing))

    async def look(self, accounts: Iterable[str]) -> Mapping[str, Seen]:
        """Read how accounts stand, for whoever shows it. Empty while Redis is away."""
        try:
            return {account: await self._look(account) for account in accounts}
        except (RedisError, OSError):
            return {}

    async def close(self) -> None:
        # Once is not always enough: while it connects, the client may turn the cancel into an error of its own.
        while self._following is not None and not self._following.done():
            self._following.cancel()
            await asyncio.wait([self._following], timeout=0.2)
        if self._telling:
            await asyncio.wait(self._telling)
        if self._shared is not None:
            await self._shared.close()

    async def _hold(self, account: str, standing: Standing, error: RateLimited) -> RateLimited:
        """Have everybody wait as long as the provider said; without a time the one call waits alone."""
        if not error.retry_after_s:
            return error
        asked_s = min(error.retry_after_s, MAX_RETRY_AFTER_S)
        log.info("provider_asks_to_wait", account=account, wait_s=asked_s)
        standing.wait_until = max(standing.wait_until, self.clock() + asked_s)
        error.retry_after_s = _spread(standing.wait_until - self.clock())
        if self._shared is not None:
            try:
                await self._shared.wait(account, asked_s)
            except (RedisError, OSError):
                log.warning("wait_not_shared", account=account)
        return error

    async def _count(self, account: str, standing: Standing, source: Asker, code: str) -> None:
        """Count a failure, here and in Redis."""
        held, before = standing.failures.hold_everybody(self._limit), standing.failures
        shared = None
        try:
            if self._shared is not None:
                shared = await self._shared.count_failure(account, source, code, probe_s=self._probe_s)
        except (RedisError, OSError):
            log.warning("failure_not_shared", account=account)
        now = self.clock()
        if shared is not None:
            self._take_over(standing, shared)
        else:
            standing.failing_since = standing.failing_since if before else now
            standing.failures, standing.reason = before.and_one_of(source), code
        if held:
            return
        standing.probe_at = now + self._probe_s
        if standing.failures.hold_everybody(self._limit):
            log.warning("provider_away", account=account, failures=len(standing.failures), reason=code)

    async def _forget(self, account: str) -> None:
        try:
            if self._shared is not None:
                await self._shared.forget_failures(account)
        except (RedisError, OSError):
            log.warning("answer_not_shared", account=account)

    async def _may_probe(self, account: str, standing: Standing, asker: Asker) -> bool:
        """Say whether this call is the one that looks whether the provider is back."""
        # A user whose calls haven't failed is more likely to be answered, and is not to wait behind those whose have.
        is_new = not (standing.failures.no_connection(self._limit) or standing.failures.has_met(asker[0]))
        try:
            if self._shared is not None:
                taken = await self._shared.take_probe(account, self._probe_s, is_new=is_new)
                # Whoever has it, this process alone is not to look as well, should Redis be late the next time.
                standing.probe_at = self.clock() + self._probe_s
                return taken
        except (RedisError, OSError):
            log.warning("probe_not_shared", account=account)
        free = is_new or standing.probe_at <= self.clock()
        if free:
            standing.probe_at = self.clock() + self._probe_s
        return free

    def _return_s(self, standing: Standing) -> float:
        """The longer it has been away, the rarer each call looks: together they do so every few seconds anyway."""
        wait_s = min(LONGEST_RETURN_S, max(self._probe_s, (self.clock() - standing.failing_since) / 5))
        return uniform(wait_s, 1.5 * wait_s)  # noqa: S311  (against bursts, not secret)

    async def _meet(self, account: str) -> Standing:
        """Read an account for the first time, and follow what others say of it from now on."""
        standing = self._known.setdefault(account, Standing())
        if self._shared is not None and self._following is None:
            self._following = asyncio.create_task(self._shared.follow(self._heard))
        try:
            await self._refresh(account)
        except (RedisError, OSError):
            log.warning("providers_not_shared", account=account)
        return standing

    async def _heard(self, account: str | None) -> None:
        for known in list(self._known) if account is None else [account]:
            if known in self._known:
                await self._refresh(known)

    async def _look(self, account: str) -> Seen:
        if self._shared is None:
            return Seen()
        read = await self._shared.read(account)
        if not read.failures.hold_somebody(self._limit):
            return Seen(wait_s=read.wait_s)
        return Seen(read.wait_s, read.failing_s, read.reason, read.failures.hold_everybody(self._limit))

    async def _refresh(self, account: str) -> None:
        if self._shared is not None:
            self._take_over(self._known[account], await self._shared.read(account))

    def _take_over(self, standing: Standing, read: Shared) -> None:
        # A wait is never lowered: what was read may be older than what this process has just heard itself.
        standing.wait_until = max(standing.wait_until, self.clock() + read.wait_s if read.wait_s else 0.0)
        standing.failures, standing.reason = read.failures, read.reason
        standing.failing_since = self.clock() - read.failing_s


def _provider(account: str) -> str:
    return account.partition(":")[0]


def _spread(wait_s: float) -> float:
    return wait_s + uniform(0.05, max(0.5, SPREAD * wait_s))  # noqa: S311  (against bursts, not secret)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"
