"""A provider whose tokens are the times at which they were sent: `python -m benchmarks.clock PORT`.

It streams chat completions. The model's name sets the pace: `local/r100-n500` means 500 tokens at 100 per second. A
token consists of CLOCK_MONOTONIC in nanoseconds and a space; all processes on a machine share this clock.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.wires.chat_completions.frames import DONE, chunk, framed

_MODEL = re.compile(r"r(\d+)-n(\d+)")
FIRST_TOKEN_S = 0.2


async def complete(request: Request) -> Response:
    """Stream tokens at the pace and in the number that the model's name specifies."""
    asked = _MODEL.fullmatch((await request.json())["model"])
    if asked is None:
        return JSONResponse({"error": {"message": "no such model"}}, 404)
    return StreamingResponse(_tokens(int(asked[1]), int(asked[2])), media_type="text/event-stream")


async def _tokens(rate: int, count: int) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    begin = loop.time() + FIRST_TOKEN_S
    yield _chunk({"role": "assistant", "content": ""})
    for number in range(count):
        await asyncio.sleep(begin + number / rate - loop.time())
        yield _chunk({"content": f"{time.monotonic_ns()} "})
    yield _chunk({}, "stop")
    yield framed(DONE)


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    return framed(chunk(delta, finish, created=0, model="clock"))


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])]),
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
    )
