"""Runs tools and writes their results for the transcript and the events."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from activities.prompts import messages
from chimera.content.text import clean_text
from chimera.ledger.transcripts import TranscriptRow
from chimera.providers.base import ToolRequest
from chimera.tools import TOOLS
from chimera.tools.base import ToolError
from chimera.tools.context import ToolContext, ToolLimits
from models.base import preview_of
from models.events import ToolCallFinished
from models.ids import NodePath
from models.tool_calls import TOOL_SECONDS

log = structlog.get_logger()

MAX_RESULT_CHARS = 256 * 1024
AT_ONCE_SECONDS = 1.0
"""Time limit for all pure tools of a turn together, because the answer that requests them is paid for but not yet
stored.
"""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """Result of the `index`-th tool call of a turn. `failed` means that the model sees an error; the run continues."""

    index: int
    tool: str
    tool_call_id: str
    text: str
    failed: bool


def limits_from_now() -> ToolLimits:
    """Return the limits of a tool call that begins now."""
    return ToolLimits(asyncio.get_running_loop().time() + TOOL_SECONDS, MAX_RESULT_CHARS)


async def result_of(index: int, call: ToolRequest, context: ToolContext | None = None) -> ToolResult:
    """Run a tool within its limits. A pure tool runs without a context.

    If the call is wrong, the result contains the error, so that the model can correct it. Other errors in the tool are
    raised, for example the TimeoutError of its own client.
    """
    limits = context.limits if context else limits_from_now()
    seconds = max(0.0, limits.deadline - asyncio.get_running_loop().time())
    limit = asyncio.timeout_at(limits.deadline)
    try:
        async with limit:
            text, failed = await TOOLS.run(call.name, call.arguments, context), False
    except ToolError as error:
        text, failed = error.message, True
    except TimeoutError:
        if not limit.expired():
            raise
        text, failed = f"{call.name} took longer than {round(seconds, 1):g} s and was stopped.", True
    return ToolResult(index, call.name, call.id, clean_text(text)[: limits.max_result_chars], failed)


def unknown_result_of(index: int, call: ToolRequest) -> ToolResult:
    """Return the error for a call that began earlier, whose end was never reported, and that must not run again."""
    text = (
        f"{call.name} began, but its result was lost. It may or may not have taken effect. It was not run again."
        " Find out which before you call it once more, or say that the outcome is unknown."
    )
    return ToolResult(index, call.name, call.id, text, failed=True)


async def results_at_once(calls: Sequence[ToolRequest]) -> tuple[ToolResult, ...]:
    """Run the calls that need only their arguments. Calls of unknown tools also get their error at once.

    Never raises, because the answer that contains the calls is paid for. Tools that break, or that take longer than a
    second, are left to activities of their own.
    """
    results: list[ToolResult] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(AT_ONCE_SECONDS):
            for index, call in enumerate(calls):
                if not TOOLS.is_answered_at_once(call.name):
                    continue
                try:
                    results.append(await result_of(index, call))
                except Exception:
                    log.exception("pure_tool_failed", tool=call.name)
    return tuple(results)


def row_of(result: ToolResult, step: int) -> TranscriptRow:
    """Return the transcript row for the model."""
    return TranscriptRow(
        seq=step * 1000 + messages.TOOL_RESULT + result.index,
        role="tool",
        content=result.text,
        tokens=messages.tokens_of(result.text),
        tool_call_id=result.tool_call_id,
    )


def event_of(result: ToolResult, path: NodePath, step: int) -> ToolCallFinished:
    """Return the event for clients that follow the run."""
    return ToolCallFinished(
        path=path,
        step=step,
        index=result.index,
        tool=result.tool,
        failed=result.failed,
        preview=preview_of(result.text),
    )
