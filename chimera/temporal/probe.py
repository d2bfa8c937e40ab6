"""`python -m chimera.temporal.probe`: try to sign in to Temporal, and print the problem, if any, as JSON.

This is a process of its own, for commands that end soon: a client of Temporal's SDK can abort the interpreter at exit
(sdk-python #300).
"""

import asyncio
import os
import sys
from dataclasses import asdict

from pydantic_core import to_json
from temporalio.service import RPCError

from chimera.config.errors import read_settings
from chimera.config.settings import Settings
from chimera.temporal import connections
from chimera.temporal.reach import AWAY, Problem


async def problem_of(settings: Settings) -> Problem | None:
    """Sign in and look up the namespace; return the problem, or None if that succeeds."""
    try:
        await connections.check(await connections.connect(settings, lazy=True))
    except (RPCError, RuntimeError) as error:
        return await connections.problem_of(error, settings) or AWAY
    return None


def main() -> None:
    """Print the problem and exit at once, without shutting down the interpreter."""
    problem = asyncio.run(problem_of(read_settings()))
    sys.stdout.write(to_json(None if problem is None else asdict(problem)).decode())
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
