"""How long building a request blocks a worker's other calls, by the length of the conversation.

    python -m benchmarks requests

Both ways use the `openai` SDK with an HTTP transport that responds at once, and they take turns. The output shows the
median milliseconds and their ratio.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import httpx2
from openai import AsyncOpenAI

from chimera.providers.base import ChatMessage, ChatRequest, ToolRequest
from chimera.providers.chat_completions.chat import ask
from chimera.providers.chat_completions.requests import body_of

LENGTHS = (2, 10, 50, 200)
ROUNDS = 30


async def main() -> None:
    client = AsyncOpenAI(api_key="none", http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(_answer)))
    ways: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
        "create": lambda body: client.chat.completions.create(**body),
        "ours": lambda body: ask(client, body, {}),
    }
    print("| messages | SDK's create, ms | ours, ms | ratio |\n|---:|---:|---:|---:|")
    for length in LENGTHS:
        body = body_of(_conversation(length), "max_tokens")
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                began = time.perf_counter()
                stream = await way(body)
                taken[name].append((time.perf_counter() - began) * 1000)
                await stream.close()
        create, ours = median(taken["create"]), median(taken["ours"])
        print(f"| {length} | {create:.1f} | {ours:.1f} | {create / ours:.1f} |", flush=True)


def _conversation(length: int) -> ChatRequest:
    turns = [
        message
        for index in range(length // 2)
        for message in (
            ChatMessage("assistant", "y" * 500, tool_calls=(ToolRequest(f"call-{index}", "calculator", "{}"),)),
            ChatMessage("tool", "z" * 500, tool_call_id=f"call-{index}"),
        )
    ]
    return ChatRequest(model="any", messages=tuple(turns), call_id="call", attempt=1, max_output_tokens=1000, tools=())


def _answer(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=b"data: [DONE]\n\n")


if __name__ == "__main__":
    asyncio.run(main())
