"""Closing clients of Redis."""

from redis.asyncio import Redis


async def close(client: Redis) -> None:
    """Close a client so that nothing is left to do when its memory is freed.

    When a pool with idle connections is freed, even if they are closed, it imports modules of redis-py
    (`ConnectionPool.__del__` of 8.1). The garbage collector may free it in the thread of a workflow, whose sandbox then
    loads all of redis-py again, with a warning for each module.
    """
    await client.aclose()
    client.connection_pool.reset()  # type: ignore[no-untyped-call]
