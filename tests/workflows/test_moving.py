"""A task whose model fails permanently during its work, with another vendor's model as the fallback."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from chimera.config.settings import Settings
from chimera.providers.base import ToolRequest
from chimera.providers.chat_completions.chat import ChatCompletions
from models.events import ModelCallFellBack
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.base import Kind, ModelAnswer, Wire
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script, plain
from tests.wires.vendors import WIRES

BY_NAME = {wire.name: wire for wire in WIRES}
CALLS = (
    ToolRequest("call_0", "calculator", '{"expression": "17 * 23"}'),
    ToolRequest("call_1", "calculator", '{"expression": "2 + 2"}'),
)

TOOLS = ("calculator", "run_python")
"""Those of the analyst."""


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[dict[str, Scripted]]:
    """Run one server for each vendor."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(running_script()) for name in BY_NAME}


@pytest.fixture(scope="module")
async def runs(settings: Settings, servers: dict[str, Scripted]) -> AsyncIterator[Runs]:
    changes: dict[str, object] = {"graceful_shutdown_s": 1.0}
    for name, wire in BY_NAME.items():
        changes |= {**wire.settings, wire.address_setting: servers[name].url + wire.path}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        async with runs_with_worker(Settings.model_validate({**settings.model_dump(), **changes})) as started:
            yield started


async def test_an_sdk_that_cannot_be_loaded_holds_no_money(
    runs: Runs, servers: dict[str, Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    connect = ChatCompletions.connect

    async def connect_at_last(provider: ChatCompletions) -> None:
        tries.append(provider.name)
        if len(tries) == 1:
            raise ImportError("no memory")
        await connect(provider)

    monkeypatch.setattr(ChatCompletions, "connect", connect_at_last)
    wire = BY_NAME["openai"]
    servers["openai"].answers(Script(wire.frames_of(ModelAnswer(pieces=("Tea.",)))))
    task_id = await runs.start("Say", plan=[a_subtask("one", "Say a word.")], model=f"openai/{wire.model}")
    row = await runs.ended(task_id)
    assert (row["status"], tries) == ("completed", ["openai", "openai"])
    (attempt,) = await runs.attempts(task_id)
    assert (attempt["attempt"], attempt["status"]) == (1, "finished"), "nothing was reserved before it was loaded"
    assert len(servers["openai"].bodies) == 1


def refusal(wire: Wire, kind: Kind) -> Script:
    status, body = wire.refused(kind, "No.")
    return plain(status, body)


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("openai", "anthropic", "wrong_key"),
        ("anthropic", "google", "no_quota"),
        ("google", "local", "unknown_model"),
        ("local", "openai", "context_too_long"),
        ("openai", "google", "bad_request"),
    ],
)
async def test_a_tool_conversation_moves_to_another_vendor(
    runs: Runs, servers: dict[str, Scripted], first: str, second: str, kind: Kind
) -> None:
    mine, other = BY_NAME[first], BY_NAME[second]
    thought = ModelAnswer(thoughts=("Two sums.",), signed=mine.sends_state, pieces=("I work it out.",), calls=CALLS)
    servers[first].answers(Script(mine.frames_of(thought)), refusal(mine, kind))
    servers[second].answers(Script(other.frames_of(ModelAnswer(pieces=("They are 391 and 4.",)))))
    models = [f"{wire.name}/{wire.model}" for wire in (mine, other)]

    plan = [a_subtask("sum", "What are 17 * 23 and 2 + 2?", agent="analyst")]
    task_id = await runs.start("Compute", plan=plan, model=models[0], fallbacks=models[1:], limits={"max_turns": 2})
    row = await runs.ended(task_id)

    assert (row["status"], row["error"]) == ("completed", None)
    assert "They are 391 and 4." in row["result"]
    attempts = [(attempt["model"], attempt["error_code"]) for attempt in await runs.attempts(task_id)]
    assert attempts == [(models[0], None), (models[0], kind), (models[1], None)]
    fell_back = [event for event in await runs.events(task_id) if isinstance(event, ModelCallFellBack)]
    assert [(event.from_model, event.to_model, event.code) for event in fell_back] == [(*models, kind)]

    received = other.parse(servers[second].bodies[0], servers[second].targets[0])
    assert received.items[1:] == (
        ("assistant", "I work it out."),
        ("call", "calculator", CALLS[0].arguments),
        ("call", "calculator", CALLS[1].arguments),
        ("result", CALLS[0].arguments, "391"),
        ("result", CALLS[1].arguments, "4"),
    )
    assert received.state == ""
    assert received.tools == (TOOLS if other.keeps_tools else ())
    assert not received.may_call, "it is the last permitted turn"
    before = mine.parse(servers[first].bodies[1], servers[first].targets[1])
    assert (before.items, before.may_call) == (received.items, False)
    assert before.tools == (TOOLS if mine.keeps_tools else ())
    assert bool(before.state) == mine.sends_state, "the vendor's own reasoning holds, though no tool may be called"
