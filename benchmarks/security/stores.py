"""Everything that a stack stores or shows, as bytes to search."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
from psycopg import sql
from redis.asyncio import Redis
from temporalio.client import WorkflowExecution

from tests.stack import Stack

AT_ONCE = 16


async def postgres(stack: Stack) -> bytes:
    """Return every row of every table."""
    found = []
    async with await psycopg.AsyncConnection.connect(stack.settings.database_url or "") as database:
        tables = await database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (name,) in await tables.fetchall():
            rows = await database.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
            found += [str(row[0]) for row in await rows.fetchall()]
            # In these rows, bytes are in hexadecimal.
        content = await database.execute("SELECT data FROM file_chunks")
        chunks = [bytes(row[0]) for row in await content.fetchall()]
    return "\n".join(found).encode() + b"".join(chunks)


async def redis(stack: Stack) -> bytes:
    """Return every key with its value, but not as a dump, which is compressed."""
    found: list[object] = []
    client = Redis.from_url(stack.redis_admin_url)
    try:
        async for key in client.scan_iter():
            found.append(key)
            kind = await client.type(key)
            match kind:
                case b"string":
                    found.append(await client.get(key))
                case b"hash":
                    found.append(await client.hgetall(key))
                case b"stream":
                    found.append(await client.xrange(key))
                case b"zset":
                    found.append(await client.zrange(key, 0, -1))
                case b"set":
                    found.append(await client.smembers(key))
                case b"list":
                    found.append(await client.lrange(key, 0, -1))
                case _:
                    raise ValueError(f"a key of kind {kind!r}")
    finally:
        await client.aclose()
    return "\n".join(str(each) for each in found).encode()


async def runs(stack: Stack, query: str = "") -> list[WorkflowExecution]:
    return [each async for each in stack.temporal.list_workflows(query or None)]


async def histories(stack: Stack, query: str = "") -> bytes:
    """Return every event of every run that Temporal lists, with its memo and search attributes."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(run: WorkflowExecution) -> bytes:
        async with places:
            handle = stack.temporal.get_workflow_handle(run.id, run_id=run.run_id)
            history = await handle.fetch_history()
        events = b"".join(event.SerializeToString() for event in history.events)
        return run.raw_info.SerializeToString() + events

    return b"\n".join(await asyncio.gather(*map(one, await runs(stack, query))))


async def temporal_files(stack: Stack) -> bytes:
    """Return Temporal's database as it is on disk, including deleted pages."""
    files = sorted(stack.settings.data_dir.glob("temporal.db*"))
    return await asyncio.to_thread(lambda: b"\n".join(file.read_bytes() for file in files))


async def logs(stack: Stack) -> AsyncIterator[tuple[str, bytes]]:
    for path in sorted((stack.settings.data_dir / "logs").iterdir()):
        if path.is_file():
            yield path.name, await asyncio.to_thread(Path.read_bytes, path)
