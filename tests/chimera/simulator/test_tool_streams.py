"""Tool calls on the wire: in a stream in pieces with numbers, and in a whole answer."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from models import errors
from tests.chimera.simulated import Running, answer_of, ask, running_simulator
from tests.chimera.simulator.conversing import READ, SEARCH
from tests.until import LIMIT_S

PROMPT = 'x [[sim: call=search; args={"query": "a long question about green tea"}; call=read; args={"path": "b"}]]'


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


def body(**fields: Any) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("search", "read")]
    return {"model": "fast", "messages": [{"role": "user", "content": PROMPT}], "tools": tools, **fields}


async def test_calls_are_streamed_in_numbered_pieces(simulator: Running) -> None:
    async with httpx2.AsyncClient(base_url=simulator.url, trust_env=False, timeout=LIMIT_S) as client:
        asked = body(stream=True, stream_options={"include_usage": True})
        lines = (await client.post("/v1/chat/completions", json=asked)).text.splitlines()
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    pieces = defaultdict[int, list[dict[str, Any]]](list)
    for chunk in chunks:
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls", ()):
                pieces[call["index"]].append(call)
    assert sorted(pieces) == [0, 1]
    for first, *rest in pieces.values():
        assert (first["type"], first["function"]["arguments"]) == ("function", "")
        assert len(rest) >= 2
        assert all("id" not in piece for piece in rest)
    joined = ["".join(piece["function"]["arguments"] for piece in pieces[index]) for index in (0, 1)]
    assert [json.loads(text) for text in joined] == [{"query": "a long question about green tea"}, {"path": "b"}]
    assert [call[0]["id"] for call in pieces.values()] == ["call_1", "call_1_2"]
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[-1]["usage"]["completion_tokens"] == sum(len(text) // 4 + 4 for text in joined)


async def test_calls_are_part_of_a_whole_answer(simulator: Running) -> None:
    async with httpx2.AsyncClient(base_url=simulator.url, trust_env=False, timeout=LIMIT_S) as client:
        answer = (await client.post("/v1/chat/completions", json=body())).json()
    calls = answer["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["search", "read"]
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("how", ["", ":broken", ":done", ":length"])
async def test_the_last_of_several_calls_is_cut(simulator: Running, how: str) -> None:
    with pytest.raises(errors.Truncated):
        await answer_of(simulator.provider, ask(f"{PROMPT} [[sim: cut=in_tool_args{how}]]", tools=(SEARCH, READ)))


async def test_long_arguments_are_streamed(simulator: Running) -> None:
    text = "tea " * 20_000
    prompt = f'x [[sim: call=search; args={{"query": "{text}"}}]]'
    (call,) = (await answer_of(simulator.provider, ask(prompt, tools=(SEARCH,)))).end.tool_calls
    assert json.loads(call.arguments) == {"query": text}
