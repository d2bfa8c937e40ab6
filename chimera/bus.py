"""Redis: hints about new events, and token batches. Nothing essential is lost if Redis is flushed or away.

Each run has one stream (`chimera:run:<id>`), limited to about 2,000 entries and one hour. An entry is either a hint
(`s`: PostgreSQL has events up to this sequence) or a token batch (`t`: a TokensFrame).
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chimera import redis_clients
from chimera.config.settings import Settings
from models.events import TokensFrame
from models.ids import RunId

log = structlog.get_logger()

STREAM_ENTRIES = 2000
STREAM_SECONDS = 3600
AWAY_SECONDS = 2.0
"""How long Redis isn't used after a failure, so that a dead Redis doesn't delay calls."""

GATHER_SECONDS = 0.01
"""The pause after each round trip to Redis. Entries of many calls that arrive meanwhile are sent together."""

MAX_PENDING = 10_000
"""The most entries that wait for Redis. Further entries are dropped (followers also check for events themselves)."""

Entry = tuple[RunId, str, TokensFrame | int | None]
"""The run, the entry's place, and its payload, which is None if this version can't read it. The place counts anyway."""


class Bus:
    """Best effort: while Redis is away, publishing does nothing, and only `read` and `check` raise an error."""

    def __init__(self, settings: Settings) -> None:
        url = settings.redis_url or "redis://127.0.0.1:6379/0"
        self._redis: Redis = Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
        # XREAD blocks, so its connection needs a longer timeout than the others.
        self._reader: Redis = Redis.from_url(url, socket_timeout=10.0, socket_connect_timeout=1.0)
        self._away_until = 0.0
        self._pending: list[tuple[str, dict[str, str]]] = []
        self._sending: asyncio.Task[None] | None = None

    def wake(self, run_id: RunId, seq: int) -> None:
        """Tell followers that the run has events up to `seq`."""
        self._send(run_id, {"s": str(seq)})

    def publish_tokens(self, frame: TokensFrame) -> None:
        """Send a piece of an answer to followers."""
        self._send(frame.run_id, {"t": frame.model_dump_json()})

    async def backlog(self, run_id: RunId) -> tuple[str, list[TokensFrame]]:
        """Return the stream's current place, and the token batches that it still contains."""
        try:
            entries: Any = await self._redis.xrange(_key(run_id))
        except (RedisError, OSError):
            return "$", []
        frames = [payload for _, fields in entries if isinstance(payload := _payload(fields), TokensFrame)]
        return (_text(entries[-1][0]) if entries else "0-0"), frames

    async def read(self, positions: Mapping[RunId, str], *, block: float, interrupt: str) -> list[Entry]:
        """Wait up to `block` seconds for entries after the given positions, over many runs at once.

        `interrupt` names a private stream; `interrupt_reader` with the same name ends the wait early. Raises RedisError
        or OSError if Redis is away; the caller decides how long to pause.
        """
        keys: Any = {_key(run_id): position for run_id, position in positions.items()}
        keys[_interrupt_key(interrupt)] = "$"
        answer: Any = await self._reader.xread(keys, block=int(block * 1000), count=500)
        streams = answer.items() if isinstance(answer, dict) else answer or []
        found: list[Entry] = []
        for key, entries in streams:
            name = _text(key)
            if not name.startswith(_PREFIX):
                continue
            for entry_id, fields in _flat(entries):
                found.append((RunId(name.removeprefix(_PREFIX)), _text(entry_id), _payload(fields)))
        return found

    async def interrupt_reader(self, interrupt: str) -> None:
        """End the current wait of the reader with this name."""
        key = _interrupt_key(interrupt)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.xadd(key, {"i": "1"}, maxlen=1, approximate=False)
                pipe.expire(key, 60)
                await pipe.execute()
        except (RedisError, OSError):
            return

    async def forget(self, run_id: RunId) -> None:
        """Delete a run's stream. If Redis is away, the stream expires by itself within an hour."""
        try:
            await self._redis.delete(_key(run_id))
        except (RedisError, OSError) as error:
            log.warning("stream_not_deleted", run_id=run_id, error=type(error).__name__)

    async def check(self) -> None:
        """Raise RedisError or OSError unless Redis answers."""
        await self._redis.ping()

    async def close(self) -> None:
        if self._sending is not None:
            await self._sending
        await redis_clients.close(self._redis)
        await redis_clients.close(self._reader)

    def _send(self, run_id: RunId, fields: dict[str, str]) -> None:
        """Queue an entry. Publishers never wait for Redis; entries that are queued meanwhile share one round trip."""
        if len(self._pending) < MAX_PENDING:
            self._pending.append((_key(run_id), fields))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_pending())

    async def _send_pending(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            if time.monotonic() < self._away_until:
                continue
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for key, fields in batch:
                        pipe.xadd(key, fields, maxlen=STREAM_ENTRIES, approximate=True)  # type: ignore[arg-type]
                    for key in {key for key, _ in batch}:
                        pipe.expire(key, STREAM_SECONDS)
                    await pipe.execute()
                await asyncio.sleep(GATHER_SECONDS)
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + AWAY_SECONDS
                log.warning("redis_away", error=str(error)[:200])


_PREFIX = "chimera:run:"


def _key(run_id: RunId) -> str:
    return f"{_PREFIX}{run_id}"


def _interrupt_key(name: str) -> str:
    return f"chimera:interrupt:{name}"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _flat(entries: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return a stream's entries: RESP3 nests them one level deeper than RESP2, and redis-py types neither."""
    nested = bool(entries) and isinstance(entries[0], list)
    flat: list[tuple[bytes, dict[bytes, bytes]]] = entries[0] if nested else entries
    return flat


def _payload(fields: Mapping[bytes, bytes]) -> TokensFrame | int | None:
    """Read an entry's payload. If it is unreadable (another version may have written it), log that and return None."""
    try:
        if b"s" in fields:
            return int(fields[b"s"])
        return TokensFrame.model_validate_json(fields[b"t"])
    except (KeyError, ValueError) as error:
        log.warning("bus_entry_unreadable", error=type(error).__name__)
        return None
