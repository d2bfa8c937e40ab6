"""The calls that all workers admitted in the last minute: each worker reports its own, and Redis adds them up.

A worker reports its whole last minute with every call, so Redis may lose or miss any report. Workers send ages instead
of times, because the times are by Redis's clock. Raises RedisError or OSError while Redis is unavailable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from redis.asyncio import Redis

from chimera import redis_clients
from chimera.providers.limits.windows import KEPT_S, Amounts

# Kept one second longer than in memory, because an age in whole seconds may be one too low.
_TAKE = f"""
local time = redis.call('TIME')
local now, me, kept = tonumber(time[1]), ARGV[1], {KEPT_S + 1}
if ARGV[2] == '1' and redis.call('HEXISTS', KEYS[1], me) == 0 then return {{'forgotten', 0, 0, 1, 0, 0}} end
local limits, cost = {{tonumber(ARGV[3]), tonumber(ARGV[4])}}, {{tonumber(ARGV[5]), tonumber(ARGV[6])}}
local spent, mine, others, workers = {{}}, {{now .. '|'}}, {{0, 0}}, 1
for at = 7, #ARGV, 3 do
    local second = now - ARGV[at]
    spent[#spent + 1] = {{second, tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])}}
    mine[#mine + 1] = second .. ':' .. ARGV[at + 1] .. ':' .. ARGV[at + 2]
end
local known = redis.call('HGETALL', KEYS[1])
for at = 1, #known, 2 do
    local seen = tonumber(string.match(known[at + 1], '^%d+'))
    if known[at] ~= me and (seen <= now - kept or seen > now + 1) then
        redis.call('HDEL', KEYS[1], known[at])
    elseif known[at] ~= me then
        workers = workers + 1
        for second, requests, tokens in string.gmatch(known[at + 1], '(%d+):(%d+):(%d+)') do
            if tonumber(second) > now - kept then
                spent[#spent + 1] = {{tonumber(second), tonumber(requests), tonumber(tokens)}}
                others[1], others[2] = others[1] + requests, others[2] + tokens
            end
        end
    end
end
table.sort(spent, function(one, other) return one[1] < other[1] end)
local lacks, wait = 0, 0
for unit = 1, 2 do
    local used = cost[unit]
    for _, each in ipairs(spent) do used = used + each[unit + 1] end
    for _, each in ipairs(spent) do
        if limits[unit] < 0 or used <= limits[unit] then break end
        used = used - each[unit + 1]
        local left = each[1] + kept - now - time[2] / 1000000
        if left > wait then lacks, wait = unit, left end
    end
end
if lacks == 0 then mine[#mine + 1] = now .. ':' .. ARGV[5] .. ':' .. ARGV[6] end
redis.call('HSET', KEYS[1], me, table.concat(mine, ';'))
redis.call('EXPIRE', KEYS[1], 2 * kept)
local whole = math.ceil(wait * 1000)
return {{lacks == 0 and 'taken' or 'full', lacks, whole, workers, others[1], others[2]}}
"""


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """The outcome of a call's request for a slot."""

    verdict: Literal["taken", "full", "forgotten"]
    """`forgotten`: Redis has lost this worker's reports, and so perhaps those of other workers."""
    lacks: int
    wait_s: float
    workers: int
    """Workers that called in the last minute."""
    others: Amounts
    """Requests and tokens that the other workers admitted."""


class SharedLimits:
    """The shared counts; one object per process."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._name = uuid4().hex

    async def take(
        self,
        account: str,
        cost: Amounts,
        limits: tuple[int | None, int | None],
        own: Iterable[tuple[int, int, int]],
        *,
        is_known: bool,
    ) -> SlotOutcome:
        """Report `own`, this process' admitted calls by age, and take another slot.

        `is_known`: this process has reported before, so Redis should know it.
        """
        most = [-1 if limit is None else limit for limit in limits]
        values = [self._name, int(is_known), *most, *cost, *(amount for each in own for amount in each)]
        # redis-py types a script's awaitable answer as a plain value.
        answer: Any = self._redis.eval(_TAKE, 1, f"chimera:limits:{account}", *map(str, values))
        verdict, lacks, wait_ms, workers, *others = await answer
        requests, tokens = map(int, others)
        return SlotOutcome(verdict.decode(), max(0, lacks - 1), wait_ms / 1000, int(workers), (requests, tokens))

    async def close(self) -> None:
        await redis_clients.close(self._redis)
