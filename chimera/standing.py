"""How each provider's account stands: it asked us to wait, it is away, or neither. All workers share what one learns.

An account is a provider's address and a key (`Providers.account_of`). What becomes known of one is kept in Redis, and a
hint on a channel has the other workers read it; so while all is well a call asks its own process' memory and nothing
else. While Redis is away each worker goes by what it sees itself.

- A provider that names a time (429 with `Retry-After`) is asked nothing before it.
- One that failed `CHIMERA_BREAKER_FAILURES` times in a row as only a provider does that is away (it can't be reached,
  is overloaded, keeps silent) is left alone: one call every `CHIMERA_BREAKER_PROBE_S` is let through, over all workers,
  and the first answer opens the way for the others.

Nobody waits here: a call that may not go is refused with the time to come back.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import uniform

import structlog
from redis.exceptions import RedisError

from chimera.settings import Settings
from chimera.shared_standing import SharedStandings
from models.errors import ProviderAway, ProviderError, RateLimited

log = structlog.get_logger()

LONGEST_RETURN_S = 60.0
SPREAD = 0.25
"""Calls that waited for the same moment come back over this share of their wait, so that they aren't one burst."""


@dataclass(slots=True)
class Standing:
    """What is known of one account. Times are seconds since the epoch."""

    wait_until: float = 0.0
    failures: int = 0
    """In a row, of the kind that says that the provider is away."""
    away_since: float = 0.0
    """0 while it isn't."""
    reason: str = ""
    answered_at: float = 0.0
    """When this process last had an answer."""
    probe_at: float = 0.0
    """While Redis is away: when this process may ask again."""

    def note(self) -> str:
        """Say what keeps calls from it; empty when nothing does."""
        if self.away_since:
            return f"away since {_clock(self.away_since)}: {self.reason}"
        return f"asks for no request before {_clock(self.wait_until)}" if self.wait_until > time.time() else ""


class Standings:
    """The accounts of one process."""

    def __init__(self, settings: Settings) -> None:
        self._failures = settings.breaker_failures
        self._probe_s = settings.breaker_probe_s
        self._known: dict[str, Standing] = {}
        self._shared = SharedStandings(settings.redis_url) if settings.redis_url else None
        self._following: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    async def admit(self, account: str) -> None:
        """Let a call go on.

        Raises RateLimited while the provider has asked to wait, and ProviderAway while it is left alone; both say when
        to come back.
        """
        standing = self._known.get(account)
        if standing is None:
            standing = await self._meet(account)
        self.check_wait(account)
        if standing.away_since and not await self._may_probe(account, standing):
            raise ProviderAway(_provider(account), standing.reason, retry_after_s=self._return_s(standing))

    def check_wait(self, account: str) -> None:
        """Raise RateLimited while the provider has asked to wait; of what this process knows, for a last look."""
        wait_s = self._known[account].wait_until - time.time()
        if wait_s > 0:
            raise RateLimited(
                f"{_provider(account)} asks for no request for {wait_s:.1f} s.", retry_after_s=_spread(wait_s)
            )

    def answered(self, account: str) -> None:
        """Note that the provider is there: what it had against us is over, but for a time that it named."""
        standing = self._known.setdefault(account, Standing())
        standing.answered_at = time.time()
        if not standing.failures:
            return
        if standing.away_since:
            log.warning("provider_back", account=account, away_s=round(time.time() - standing.away_since, 1))
        standing.failures, standing.away_since, standing.reason = 0, 0.0, ""
        # In the background: an answer that was paid for doesn't wait for Redis.
        telling = asyncio.create_task(self._forget(account))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def failed(self, account: str, error: ProviderError, *, began_at: float) -> ProviderError:
        """Note how a call that began at `began_at` failed; return the error to go on with, with the time to come back.

        That is ProviderAway when the failure says nothing about the call: the provider is away and did no work on it.
        """
        standing = self._known.setdefault(account, Standing())
        if isinstance(error, RateLimited):
            self.answered(account)
            return await self._hold(account, standing, error)
        if not error.retryable:
            self.answered(account)
        # Who answered somebody else meanwhile is not away.
        if not error.away or standing.answered_at > began_at:
            return error
        if not await self._count(account, standing, error):
            return error
        if error.may_be_billed:
            error.retry_after_s = self._return_s(standing)
            return error
        return ProviderAway(_provider(account), error.message, retry_after_s=self._return_s(standing))

    async def look(self, accounts: Iterable[str]) -> Mapping[str, Standing]:
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
        until = time.time() + error.retry_after_s
        log.info("provider_asks_to_wait", account=account, wait_s=error.retry_after_s)
        standing.wait_until = max(standing.wait_until, until)
        error.retry_after_s = _spread(standing.wait_until - time.time())
        if self._shared is not None:
            try:
                await self._shared.wait(account, until)
            except (RedisError, OSError):
                log.warning("wait_not_shared", account=account)
        return error

    async def _count(self, account: str, standing: Standing, error: ProviderError) -> bool:
        """Count a failure, here and in Redis; say whether the provider is away, by this one or an earlier one."""
        now, was_away = time.time(), bool(standing.away_since)
        failures = standing.failures + 1
        since = standing.away_since or (now if failures >= self._failures else 0.0)
        try:
            if self._shared is not None:
                failures, since = await self._shared.count_failure(
                    account, error.code, at=now, limit=self._failures, probe_s=self._probe_s
                )
        except (RedisError, OSError):
            log.warning("failure_not_shared", account=account)
        standing.failures, standing.away_since = failures, since
        if since and not was_away:
            standing.reason, standing.probe_at = error.code, now + self._probe_s
            log.warning("provider_away", account=account, failures=standing.failures, reason=error.code)
        return bool(since)

    async def _forget(self, account: str) -> None:
        try:
            if self._shared is not None:
                await self._shared.forget_failures(account)
        except (RedisError, OSError):
            log.warning("answer_not_shared", account=account)

    async def _may_probe(self, account: str, standing: Standing) -> bool:
        """Say whether this call is the one that looks whether the provider is back."""
        try:
            if self._shared is not None:
                return await self._shared.take_probe(account, self._probe_s)
        except (RedisError, OSError):
            log.warning("probe_not_shared", account=account)
        free = standing.probe_at <= time.time()
        if free:
            standing.probe_at = time.time() + self._probe_s
        return free

    def _return_s(self, standing: Standing) -> float:
        """The longer it has been away, the rarer each call looks: together they do so every few seconds anyway."""
        away_s = time.time() - (standing.away_since or time.time())
        wait_s = min(LONGEST_RETURN_S, max(self._probe_s, away_s / 5))
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

    async def _look(self, account: str) -> Standing:
        if self._shared is None:
            return self._known.get(account, Standing())
        read = await self._shared.read(account)
        return Standing(read.wait_until, read.failures, read.away_since, read.reason)

    async def _refresh(self, account: str) -> None:
        if self._shared is None:
            return
        read, standing = await self._shared.read(account), self._known[account]
        # Never lowered: what was read may be older than what this process has just heard itself.
        standing.wait_until = max(standing.wait_until, read.wait_until)
        standing.failures, standing.away_since, standing.reason = read.failures, read.away_since, read.reason


def _provider(account: str) -> str:
    return account.partition(":")[0]


def _spread(wait_s: float) -> float:
    return wait_s + uniform(0.05, max(0.5, SPREAD * wait_s))  # noqa: S311  (against bursts, not secret)


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S} UTC"
