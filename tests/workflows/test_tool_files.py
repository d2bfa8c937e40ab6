"""Files and images that the tools of a task make: all agents see them, whatever happens to a worker."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import pytest

from chimera.config.settings import Settings
from chimera.ledger import run_files
from chimera.providers.base import ToolRequest
from chimera.store import agents, files, messages, tasks
from chimera.tools.base import ToolImage, ToolOutput
from chimera.tools.calculator import CalculatorArguments
from chimera.tools.context import ToolContext
from chimera.tools.files import WriteFile, WriteFileArguments
from models.agents import AgentSpec
from models.events import FileWritten, ToolCallFinished, ToolCallStarted
from models.ids import FileId, TaskId
from models.tasks import SubtaskMode
from tests.media import a_png
from tests.replaced_tools import StandIn, replace_calculator
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.base import ModelAnswer
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script
from tests.wires.vendors import WIRES

MODES = [SubtaskMode.CHILD]
[WIRE] = [wire for wire in WIRES if wire.name == "local"]
Happened = TypeVar("Happened")
TOOLS = ("calculator", "write_file", "read_file", "list_files")


class Chart(StandIn):
    """The calculator as a tool that returns images."""

    def __init__(self, *images: ToolImage) -> None:
        self.images = images

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return ToolOutput("A chart", images=self.images)


class Breaks(StandIn):
    """The calculator as a tool whose first attempt breaks."""

    def __init__(self) -> None:
        self.runs = 0

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("a mistake of ours")
        return ToolOutput("391")


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted, mode: SubtaskMode) -> AsyncIterator[Runs]:
    changes = {"local_base_url": f"{server.url}/v1", "local_api_key": WIRE.settings["local_api_key"]}
    merged = {**settings.model_dump(), **changes, "graceful_shutdown_s": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        async with runs_with_worker(Settings.model_validate(merged)) as started:
            started.mode = mode
            async with started.database.begin() as session:
                spec = AgentSpec(name="clerk", prompt="You keep files.", tools=TOOLS)
                await agents.create(session, started.caller.user_id, spec)
            yield started


def says(text: str = "Done.", **calls: Any) -> Script:
    """Return an answer that calls these tools with these arguments."""
    requests = [ToolRequest(f"c_{name}", name, json.dumps(arguments)) for name, arguments in calls.items()]
    return Script(WIRE.frames_of(ModelAnswer(pieces=() if calls else (text,), calls=tuple(requests))))


async def completed(runs: Runs, *keys: str) -> TaskId:
    """Run a task whose subtasks follow each other."""
    plan = [
        a_subtask(key, "Go", agent="clerk", depends_on=[keys[index - 1]] if index else [])
        for index, key in enumerate(keys)
    ]
    task_id = await runs.start("Work", model=WIRE_MODEL, plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    return task_id


WIRE_MODEL = f"local/{WIRE.model}"


async def events_of(runs: Runs, task_id: TaskId, *kinds: type[Happened]) -> list[Happened]:
    return [event for event in await runs.events(task_id) if isinstance(event, kinds)]


async def results_of(runs: Runs, task_id: TaskId) -> list[str]:
    query = "SELECT content FROM messages WHERE run_id = :id AND role = 'tool' ORDER BY path, seq"
    return [row["content"] for row in await runs.rows(query, task_id)]


async def test_a_later_subtask_reads_a_file(runs: Runs, server: Scripted) -> None:
    server.answers(
        says(write_file={"name": "notes/a.md", "content": "Tea\nCoffee\n"}),
        says(),
        says(list_files={}, read_file={"name": "notes/a.md", "start_line": 2}),
        says(),
    )
    task_id = await completed(runs, "one", "two")
    assert await results_of(runs, task_id) == [
        "Wrote notes/a.md (11 bytes).",
        "notes/a.md (text/plain, 11 bytes)",
        "Coffee\n[Lines 2 to 2 of 2.]",
    ]
    (written,) = await events_of(runs, task_id, FileWritten)
    assert (written.path, written.step, written.name, written.size_bytes) == ("one", 1, "notes/a.md", 11)
    async with runs.database.begin() as session:
        assert await files.content(session, written.file_id) == b"Tea\nCoffee\n"


async def test_a_repeated_write_has_one_effect(runs: Runs, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    real, writes = WriteFile.call, list[str]()

    async def call(self: WriteFile, arguments: WriteFileArguments, context: ToolContext) -> ToolOutput:
        output = await real(self, arguments, context)
        writes.append(output.text)
        if len(writes) == 1:
            raise RuntimeError("the worker lost the result")
        return output

    monkeypatch.setattr(WriteFile, "call", call)
    server.answers(says(write_file={"name": "a.md", "content": "x"}), says())
    task_id = await completed(runs, "one")
    assert writes == ["Wrote a.md (1 byte)."] * 2
    assert len(await events_of(runs, task_id, FileWritten)) == 1


async def test_a_deleted_task_leaves_no_file(runs: Runs, server: Scripted) -> None:
    server.answers(says(write_file={"name": "a.md", "content": "x"}), says())
    task_id = await completed(runs, "one")
    await runs.control(tasks.delete, task_id)
    async with runs.database.statements() as connection:
        assert await run_files.names(connection, task_id) == []


async def test_an_image_reaches_the_model(runs: Runs, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    png = a_png(3, 3)
    replace_calculator(monkeypatch, Chart(ToolImage("image/png", png), ToolImage("image/png", b"no image")))
    server.answers(says(calculator={"expression": "1"}), says(), says())
    task_id = await completed(runs, "one")
    note = "[1 image left out: not a PNG, JPEG, GIF or WebP image]"
    assert await results_of(runs, task_id) == [f"A chart\n{note}"]
    received = WIRE.parse(server.bodies[1], server.targets[1])
    assert received.items[-2:] == (
        ("user", "Images from the result of calculator:"),
        ("image", "image/png", b64encode(png).decode()),
    )
    async with runs.database.begin() as session:
        shown, _ = await messages.page(session, runs.caller, task_id, path=None, after=None, limit=100)
        (file_id,) = (image for message in shown for image in message.images)
        view = await files.view(session, runs.caller, FileId(file_id))
        assert await files.content(session, view.id) == png
    assert (view.task_id, view.media_type, view.name.startswith("images/calculator-")) == (task_id, "image/png", True)
    (finished,) = await events_of(runs, task_id, ToolCallFinished)
    assert finished.images == (file_id,)
    (tool,) = [message for message in shown if message.role == "tool"]
    assert tool.tokens > 1600


async def test_a_deleted_image_is_noted(runs: Runs, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deletes(Chart):
        """A chart whose image is deleted as soon as another tool runs."""

        async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
            if context.step == 1:
                return await super().call(arguments, context)
            async with runs.database.begin() as session:
                for view in (await files.page(session, runs.caller, after=None, limit=100, run_id=context.run_id))[0]:
                    await files.delete(session, runs.caller, view.id)
            return ToolOutput("Deleted")

    replace_calculator(monkeypatch, Deletes(ToolImage("image/png", a_png())))
    calls = says(calculator={"expression": "1"}), says(calculator={"expression": "2"})
    server.answers(*calls, says())
    await completed(runs, "one")
    received = WIRE.parse(server.bodies[2], server.targets[2])
    note = "[The result of calculator has 1 image that can't be shown: deleted, or too many newer ones]"
    assert ("user", note) in received.items
    assert not [item for item in received.items if item[0] == "image"]


async def test_a_tool_that_runs_is_an_event(runs: Runs, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks = Breaks()
    replace_calculator(monkeypatch, breaks)
    server.answers(says(calculator={"expression": "17 * 23"}), says())
    task_id = await completed(runs, "one")
    types = [event.type for event in await runs.events(task_id)]
    assert [each for each in types if each.startswith("tool_call.")] == ["tool_call.started", "tool_call.finished"]
    (started,) = await events_of(runs, task_id, ToolCallStarted)
    assert (started.path, started.step, started.attempt, started.index) == ("one", 1, 1, 0)
    assert (started.tool, started.preview, breaks.runs) == ("calculator", '{"expression":"17 * 23"}', 2)


async def test_a_cancelled_run_keeps_no_image(runs: Runs, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cancels(Chart):
        """A chart whose task is cancelled while it is made."""

        async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
            await runs.cancel(context.run_id)
            return await super().call(arguments, context)

    replace_calculator(monkeypatch, Cancels(ToolImage("image/png", a_png())))
    server.answers(says(calculator={"expression": "1"}))
    task_id = await runs.start("Work", model=WIRE_MODEL, plan=[a_subtask("one", "Go", agent="clerk")])
    assert (await runs.ended(task_id))["status"] == "cancelled"
    async with runs.database.statements() as connection:
        # A result that arrives before the run has ended is kept with its image, and a later one without it.
        kept = len(await run_files.names(connection, task_id))
    assert kept == len(await events_of(runs, task_id, ToolCallFinished))
