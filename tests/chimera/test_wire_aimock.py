"""The same wire against a server that somebody else wrote: npm `@copilotkit/aimock`, where Node is there to run it.

CHIMERA_TEST_CACHE names a folder that keeps the installed package between runs.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from chimera.providers.base import Provider
from chimera.providers.chat_completions import ChatCompletions
from models import errors
from tests.chimera.simulated import CALCULATOR, answer_of, ask
from tests.parts import free_port

PACKAGE = "@copilotkit/aimock@1.43.0"
NODE_MAJOR = 20
INSTALL_LIMIT_S = 40

FIXTURES = [
    {
        "match": {"userMessage": "busy", "sequenceIndex": 0},
        "response": {"error": {"message": "Rate limited", "type": "rate_limit_error"}, "status": 429},
    },
    {"match": {"userMessage": "busy", "sequenceIndex": 1}, "response": {"content": "Now I have time."}},
    {
        "match": {"userMessage": "broken"},
        "response": {"error": {"message": "Boom", "type": "server_error"}, "status": 500},
    },
    {
        "match": {"userMessage": "17 * 23"},
        "response": {"toolCalls": [{"name": "calculator", "arguments": {"expression": "17 * 23"}}]},
    },
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {
        "match": {"userMessage": "torn"},
        "response": {"content": "This text is never told to its end, whatever one does. " * 20},
        "latency": 30,
        "truncateAfterChunks": 3,
    },
]


@pytest.fixture(scope="module")
async def aimock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Its address."""
    cli = await asyncio.to_thread(_installed, tmp_path_factory)
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        "node", cli, "--port", str(port), "--fixtures", fixtures, "--log-level", "silent"
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await _until_it_answers(url)
        yield url
    finally:
        server.terminate()
        await server.wait()


@pytest.fixture(scope="module")
async def provider(aimock: str) -> AsyncIterator[Provider]:
    provider = ChatCompletions(
        name="openai",
        base_url=f"{aimock}/v1",
        api_key="sk-test",
        first_byte_s=5,
        stall_s=5,
        max_answer_bytes=100_000,
        limit_field="max_completion_tokens",
        trust_env=False,
    )
    yield provider
    await provider.close()


async def test_text_streams_to_its_end(provider: Provider) -> None:
    reply = await answer_of(provider, ask("hello", model="gpt-4o"))
    assert reply.text == "Hello! How can I help you today?"
    assert len(reply.pieces) > 1
    assert reply.end.finish_reason == "stop"
    assert reply.end.usage is not None
    assert reply.end.usage.output_tokens == 8


async def test_a_tool_is_called(provider: Provider) -> None:
    reply = await answer_of(provider, ask("What is 17 * 23?", model="gpt-4o", tools=(CALCULATOR,)))
    (call,) = reply.end.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("calculator", {"expression": "17 * 23"})
    assert call.id


async def test_a_rate_limit_is_one_request_and_the_next_may_succeed(provider: Provider, aimock: str) -> None:
    with pytest.raises(errors.RateLimited):
        await answer_of(provider, ask("busy", model="gpt-4o"))
    assert await _asked(aimock, "busy") == 1
    assert (await answer_of(provider, ask("busy", model="gpt-4o"))).text == "Now I have time."
    assert await _asked(aimock, "busy") == 2


async def test_a_server_error_is_one_request(provider: Provider, aimock: str) -> None:
    with pytest.raises(errors.Overloaded):
        await answer_of(provider, ask("broken", model="gpt-4o"))
    assert await _asked(aimock, "broken") == 1


async def test_a_torn_stream_is_no_success(provider: Provider) -> None:
    with pytest.raises(errors.Truncated):
        await answer_of(provider, ask("torn", model="gpt-4o"))


def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"{PACKAGE} needs node and npm on the PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < NODE_MAJOR:
        pytest.skip(f"{PACKAGE} needs Node {NODE_MAJOR} or newer; this is {version}")
    cache = os.environ.get("CHIMERA_TEST_CACHE")
    folder = Path(cache) / "aimock" if cache else tmp_path_factory.mktemp("npm")
    cli = folder / "node_modules/@copilotkit/aimock/dist/cli.js"
    if not cli.exists():
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", PACKAGE]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_LIMIT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{PACKAGE} can't be installed: {str(error.stderr or error)[-200:]}")
    return cli


async def _until_it_answers(url: str) -> None:
    async with asyncio.timeout(15), httpx2.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"{url}/health")).is_success:
                    return
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)


async def _asked(url: str, prompt: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        entries = (await client.get(f"{url}/__aimock/journal")).json()
    return sum(entry["body"]["messages"][-1]["content"] == prompt for entry in entries)
