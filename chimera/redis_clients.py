"""How our clients of Redis are closed."""

from redis.asyncio import Redis


async def close(client: Redis) -> None:
    """Close a client so that nothing is left to do for whoever frees its memory.

    A pool with idle connections, closed ones too, imports modules of redis-py when it dies (`ConnectionPool.__del__`
    of 8.1). The garbage collector may come to it in the thread of a workflow, whose sandbox then loads all of redis-py
    anew, with a warning for each module.
    """
    await client.aclose()
    client.connection_pool.reset()  # type: ignore[no-untyped-call]
