"""A tool call: run it once, append what it says to the transcript, tell the model when it failed."""

import asyncio

from temporalio import activity

from activities import prompts
from activities.heartbeats import heartbeats
from chimera.bus import Bus
from chimera.db import tool_calls
from chimera.db.engine import Connection, Database
from chimera.db.tool_calls import Asked
from chimera.db.transcripts import TranscriptRow
from chimera.text import clean_text
from chimera.tools import run_tool
from chimera.tools.base import ToolError
from models import activities as contract
from models.base import preview_of
from models.events import ToolCallFinished
from models.tool_calls import LOCAL_TOOLS, ToolCallOutcome, ToolCallRequest

MAX_RESULT_CHARS = 256 * 1024
TOOL_SECONDS = 50.0


class ToolCalls(contract.ToolCalls):
    """Serves `run_tool_call`."""

    def __init__(self, *, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    @activity.defn(name=contract.RUN_TOOL_CALL)
    async def run(self, request: ToolCallRequest) -> ToolCallOutcome:
        """Run the tool once and append its result. A wrong call is the model's to mend: it doesn't fail the run.

        A tool without effects just runs, again after a crash; one that has any is claimed before.
        """
        async with heartbeats():
            async with self._database.statements() as connection:
                asked = await tool_calls.read(connection, request)
                if asked.done is not None:
                    return asked.done
                if asked.tool in LOCAL_TOOLS:
                    return await self._run(connection, request, asked)
                await tool_calls.claim(connection, request, asked.tool)
            text, failed = await _outcome_of(asked)
            async with self._database.statements() as connection:
                return await self._finish(connection, request, asked, text, failed)

    async def _run(self, connection: Connection, request: ToolCallRequest, asked: Asked) -> ToolCallOutcome:
        text, failed = await _outcome_of(asked)
        return await self._finish(connection, request, asked, text, failed)

    async def _finish(
        self, connection: Connection, request: ToolCallRequest, asked: Asked, text: str, failed: bool
    ) -> ToolCallOutcome:
        event = ToolCallFinished(
            path=request.path,
            step=request.step,
            index=request.index,
            tool=asked.tool,
            failed=failed,
            preview=preview_of(text),
        )
        row = TranscriptRow(
            seq=request.step * 1000 + prompts.TOOL_RESULT + request.index,
            role="tool",
            content=text,
            tokens=prompts.tokens_of(text),
            tool_call_id=asked.tool_call_id,
        )
        self._bus.wake(request.task_id, await tool_calls.finish(connection, request, row, event))
        return ToolCallOutcome(tool=asked.tool, failed=failed)


async def _outcome_of(asked: Asked) -> tuple[str, bool]:
    try:
        async with asyncio.timeout(TOOL_SECONDS):
            text = await run_tool(asked.tool, asked.arguments)
    except ToolError as error:
        return error.message, True
    except TimeoutError:
        return f"{asked.tool} took longer than {TOOL_SECONDS:g} s and was stopped.", True
    return clean_text(text)[:MAX_RESULT_CHARS], False
