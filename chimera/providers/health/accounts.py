"""The health of each provider account: rate-limited, unavailable or available. Workers share what each one learns.

An account is a provider's address and a key (`Providers.account_of`). Its health is kept in Redis, and a message on a
channel makes the other workers read it; so while a provider is available, a call reads only its own process' memory.
While Redis is unavailable, each worker relies on its own observations.

- A provider that names a time (429 with `Retry-After`) receives no requests before it.
- A provider that was unreachable, overloaded or silent `CHIMERA_BREAKER_FAILURES` times in a row receives no calls from
  the callers that its failures block (`circuit_breaker.py`). Across all workers, one call per `CHIMERA_BREAKER_PROBE_S`
  probes the provider, and the first answer closes the circuit breaker.

Calls don't wait here: a blocked call is rejected with the time to retry. Every time is a duration, or a time of this
process' monotonic clock.
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
from chimera.providers.health.shared import Shared, SharedHealth
from chimera.providers.refusals.retry_times import MAX_RETRY_AFTER_S
from models.errors import ModelLoading, ProviderAway, ProviderError, RateLimited

log = structlog.get_logger()

LONGEST_RETURN_S = 60.0
SPREAD = 0.25
"""Retries of calls that waited for the same moment are spread over this share of their wait, to avoid a burst."""


@dataclass(slots=True)
class AccountHealth:
    """The health of one account, as this process knows it. Times are by this process' clock."""

    wait_until: float = 0.0
    failures: Failures = field(default_factory=Failures)
    failing_since: float = 0.0
    reason: str = ""
    answered_at: float = -1.0
    """When this process last received an answer."""
    probe_at: float = 0.0
    """When this process may probe again while Redis is unavailable."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of an account, for display."""

    wait_s: float = 0.0
    failing_s: float = 0.0
    reason: str = ""
    is_away: bool = False
    """Whether calls fail for all callers; otherwise, they fail only for one user or task."""

    @property
    def note(self) -> str:
        """Why calls are blocked; empty if none are."""
        now = datetime.now(UTC)
        if self.is_away:
            return f"unavailable since {_clock(now - timedelta(seconds=self.failing_s))}: {self.reason}"
        if self.reason:
            return f"failing for one user since {_clock(now - timedelta(seconds=self.failing_s))}: {self.reason}"
        if self.wait_s > 0:
            return f"rejecting requests until {_clock(now + timedelta(seconds=self.wait_s))}"
        return ""


class ProviderHealth:
    """The health of the accounts that one process uses."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = settings.breaker_failures
        self._probe_s = settings.breaker_probe_s
        self.clock = clock
        self._known: dict[str, AccountHealth] = {}
        self._shared = SharedHealth(settings.redis_url) if settings.redis_url else None
        self._following: asyncio.Task[None] | None = None
        self._sharing: set[asyncio.Task[None]] = set()

    async def admit(self, account: str, asker: Asker) -> None:
        """Admit a call.

        Raises RateLimited while the provider has asked us to wait, or ProviderAway while its circuit breaker blocks the
        caller. Both errors contain the time to retry.
        """
        health = self._known.get(account)
        if health is None:
            health = await self._meet(account)
        self.check_wait(account)
        if health.failures.blocks(asker, self._limit) and not await self._may_probe(account, health, asker):
            raise ProviderAway(_provider(account), health.reason, retry_after_s=self._return_s(health))

    def check_wait(self, account: str) -> None:
        """Raise RateLimited if, as far as this process knows, the provider has asked us to wait: a last check."""
        wait_s = self._known[account].wait_until - self.clock()
        if wait_s > 0:
            raise RateLimited(
                f"{_provider(account)} won't accept requests for another {wait_s:.1f} s.",
                retry_after_s=_spread(wait_s),
            )

    def answered(self, account: str) -> None:
        """Record an answer: failures are forgotten, but a wait that the provider asked for remains."""
        health = self._known.setdefault(account, AccountHealth())
        health.answered_at = self.clock()
        if not health.failures:
            return
        if health.failures.blocks_all(self._limit):
            log.warning("provider_back", account=account, away_s=round(self.clock() - health.failing_since, 1))
        health.failures, health.reason = Failures(), ""
        # In the background, so that a paid answer doesn't wait for Redis.
        sharing = asyncio.create_task(self._forget(account))
        self._sharing.add(sharing)
        sharing.add_done_callback(self._sharing.discard)

    async def failed(self, account: str, asker: Asker, error: ProviderError, *, began_at: float) -> ProviderError:
        """Record the failure of a call that began at `began_at` by `clock`; return the error to continue with.

        If the provider is now blocked for this caller, the returned error contains the time to retry, and is
        ProviderAway unless the call may be billed.
        """
        health = self._known.setdefault(account, AccountHealth())
        if isinstance(error, RateLimited):
            self.answered(account)
            return await self._pause(account, health, error)
        # A provider that loads a model is available for calls to other models.
        if not error.retryable or isinstance(error, ModelLoading):
            self.answered(account)
        # A provider that has answered another call in the meantime is available.
        if not error.away or health.answered_at > began_at:
            return error
        await self._count(account, health, source_of(error, asker), error.code)
        if not health.failures.blocks(asker, self._limit):
            return error
        if error.may_be_billed:
            error.retry_after_s = self._return_s(health)
            return error
        return ProviderAway(_provider(account), error.message, retry_after_s=self._return_s(health))

    async def look(self, accounts: Iterable[str]) -> Mapping[str, HealthReport]:
        """Read the health of accounts, for display. Empty while Redis is unavailable."""
        try:
            return {account: await self._look(account) for account in accounts}
        except (RedisError, OSError):
            return {}

    async def close(self) -> None:
        # Cancelling once isn't always enough: a connecting client may turn the cancellation into an error of its own.
        while self._following is not None and not self._following.done():
            self._following.cancel()
            await asyncio.wait([self._following], timeout=0.2)
        if self._sharing:
            await asyncio.wait(self._sharing)
        if self._shared is not None:
            await self._shared.close()

    async def _pause(self, account: str, health: AccountHealth, error: RateLimited) -> RateLimited:
        """Make all callers wait as long as the provider asks; if it names no time, only this call waits."""
        if not error.retry_after_s:
            return error
        asked_s = min(error.retry_after_s, MAX_RETRY_AFTER_S)
        log.info("provider_asks_to_wait", account=account, wait_s=asked_s)
        health.wait_until = max(health.wait_until, self.clock() + asked_s)
        error.retry_after_s = _spread(health.wait_until - self.clock())
        if self._shared is not None:
            try:
                await self._shared.wait(account, asked_s)
            except (RedisError, OSError):
                log.warning("wait_not_shared", account=account)
        return error

    async def _count(self, account: str, health: AccountHealth, source: Asker, code: str) -> None:
        """Count a failure, in this process and in Redis."""
        held, before = health.failures.blocks_all(self._limit), health.failures
        shared = None
        try:
            if self._shared is not None:
                shared = await self._shared.count_failure(account, source, code, probe_s=self._probe_s)
        except (RedisError, OSError):
            log.warning("failure_not_shared", account=account)
        now = self.clock()
        if shared is not None:
            self._adopt(health, shared)
        else:
            health.failing_since = health.failing_since if before else now
            health.failures, health.reason = before.plus(source), code
        if held:
            return
        health.probe_at = now + self._probe_s
        if health.failures.blocks_all(self._limit):
            log.warning("provider_away", account=account, failures=len(health.failures), reason=code)

    async def _forget(self, account: str) -> None:
        try:
            if self._shared is not None:
                await self._shared.forget_failures(account)
        except (RedisError, OSError):
            log.warning("answer_not_shared", account=account)

    async def _may_probe(self, account: str, health: AccountHealth, asker: Asker) -> bool:
        """Return whether this call is the one that probes the provider."""
        # A user without failed calls is more likely to get an answer, and need not wait behind users with failed ones.
        is_new = not (health.failures.no_connection(self._limit) or health.failures.has_met(asker[0]))
        try:
            if self._shared is not None:
                taken = await self._shared.take_probe(account, self._probe_s, is_new=is_new)
                # Whichever worker probes, this process must not probe as well if Redis doesn't answer the next time.
                health.probe_at = self.clock() + self._probe_s
                return taken
        except (RedisError, OSError):
            log.warning("probe_not_shared", account=account)
        free = is_new or health.probe_at <= self.clock()
        if free:
            health.probe_at = self.clock() + self._probe_s
        return free

    def _return_s(self, health: AccountHealth) -> float:
        """Return when to retry, in seconds.

        The longer the provider has been unavailable, the less often each call retries. All calls together retry every
        few seconds.
        """
        wait_s = min(LONGEST_RETURN_S, max(self._probe_s, (self.clock() - health.failing_since) / 5))
        return uniform(wait_s, 1.5 * wait_s)  # noqa: S311  (against bursts, not secret)

    async def _meet(self, account: str) -> AccountHealth:
        """Read an account for the first time, and follow its changes from now on."""
        health = self._known.setdefault(account, AccountHealth())
        if self._shared is not None and self._following is None:
            self._following = asyncio.create_task(self._shared.follow(self._changed))
        try:
            await self._refresh(account)
        except (RedisError, OSError):
            log.warning("providers_not_shared", account=account)
        return health

    async def _changed(self, account: str | None) -> None:
        for known in list(self._known) if account is None else [account]:
            if known in self._known:
                await self._refresh(known)

    async def _look(self, account: str) -> HealthReport:
        if self._shared is None:
            return HealthReport()
        read = await self._shared.read(account)
        if not read.failures.blocks_any(self._limit):
            return HealthReport(wait_s=read.wait_s)
        return HealthReport(read.wait_s, read.failing_s, read.reason, read.failures.blocks_all(self._limit))

    async def _refresh(self, account: str) -> None:
        if self._shared is not None:
            self._adopt(self._known[account], await self._shared.read(account))

    def _adopt(self, health: AccountHealth, read: Shared) -> None:
        # A wait is never shortened: Redis may hold an older wait than the one that this process has just received.
        health.wait_until = max(health.wait_until, self.clock() + read.wait_s if read.wait_s else 0.0)
        health.failures, health.reason = read.failures, read.reason
        health.failing_since = self.clock() - read.failing_s


def _provider(account: str) -> str:
    return account.partition(":")[0]


def _spread(wait_s: float) -> float:
    return wait_s + uniform(0.05, max(0.5, SPREAD * wait_s))  # noqa: S311  (against bursts, not secret)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"
