"""Runs tools and writes their results for the transcript and the events."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from activities.prompts import messages
from chimera.content import schemas
from chimera.content.text import clean_json, clean_text
from chimera.ledger.transcripts import TranscriptRow
from chimera.providers.base import ToolRequest
from chimera.tools.base import OutcomeUnknown, Tool, ToolError, ToolOutput, problems_of
from chimera.tools.context import ToolContext, ToolLimits
from models.base import preview_of
from models.events import ToolCallFinished
from models.ids import FileId, NodePath
from models.tool_calls import TOOL_SECONDS

log = structlog.get_logger()

MAX_RESULT_CHARS = 256 * 1024
AT_ONCE_SECONDS = 1.0
"""Time limit for all instant tools of a turn together, because the answer that requests them is paid for but not yet
stored.
"""

_ARGUMENTS: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


@dataclass(frozen=True, slots=True)
class ToolResult:
    """Result of the `index`-th tool call of a turn. `failed` means that the model sees an error; the run continues."""

    index: int
    tool: str
    tool_call_id: str
    text: str
    failed: bool
    untrusted: bool = False
    """Whether the text comes from outside."""
    images: tuple[FileId, ...] = ()
    """The files with its images."""


class Overdue(OutcomeUnknown):
    """A tool that took too long was stopped."""

    def __init__(self) -> None:
        super().__init__(f"It took longer than {TOOL_SECONDS} s and was stopped.")


def limits_from_now() -> ToolLimits:
    """Return the limits of a tool call that begins now."""
    return ToolLimits(asyncio.get_running_loop().time() + TOOL_SECONDS, MAX_RESULT_CHARS)


def arguments_in(call: ToolRequest) -> dict[str, Any]:
    """Read the JSON object that a model wrote as the arguments of a call. Raises ToolError.

    JSON can describe characters that can't be stored, such as NUL, so the values are cleaned like any text.
    """
    try:
        arguments = _ARGUMENTS.validate_json(call.arguments or "{}")
        return {clean_text(name): clean_json(value, depth=1) for name, value in arguments.items()}
    except ValidationError:
        raise ToolError(f"The arguments for {call.name!r} are not a JSON object. Send one JSON object.") from None


def check_arguments(name: str, schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raise ToolError if arguments don't match a tool's schema. A schema that can't be checked accepts all."""
    with suppress(ValueError):
        if problems := schemas.check(schema, arguments):
            raise ToolError(problems_of(name, problems))


def not_available(name: str, offered: Collection[str]) -> ToolError:
    """Return the error for a tool that doesn't exist, or that the agent may not use."""
    known = f"Use one of {', '.join(sorted(offered)[:40])}." if offered else "You have no tools. Answer without them."
    return ToolError(f"There is no tool {name[:60]!r} for you. {known}")


async def output_of(tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
    """Run a tool within its time limit.

    If the call is wrong, the output is the error, so that the model can correct it. Raises Overdue if the tool took
    too long and was stopped, and whatever else the tool raises.
    """
    limit = asyncio.timeout_at(context.limits.deadline)
    try:
        async with limit:
            output = await tool.run(arguments, context)
    except ToolError as error:
        return ToolOutput(error.message, failed=True)
    except TimeoutError:
        if not limit.expired():
            raise
        raise Overdue from None
    return replace(output, text=output.text[: context.limits.max_result_chars])


def result_of(
    index: int, call: ToolRequest, output: ToolOutput, *, untrusted: bool = False, images: Sequence[FileId] = ()
) -> ToolResult:
    """Return a result whose text is cleaned. Its images are in `images`, and not those of the output."""
    text = clean_text(output.text)
    return ToolResult(index, call.name, call.id, text, output.failed, untrusted, tuple(images))


async def results_at_once(
    calls: Sequence[ToolRequest],
    offered: Mapping[str, Mapping[str, Any]],
    tools: Mapping[str, Tool],
    context: ToolContext,
) -> tuple[ToolResult, ...]:
    """Run the calls that need only their arguments. Calls that can't run get their error at once, too.

    `offered` are the schemas of the tools that the model was offered, by name. Never raises, because the answer that
    contains the calls is paid for. Tools that break, or that take longer than a second, are left to activities of their
    own.
    """
    results: list[ToolResult] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(AT_ONCE_SECONDS):
            for index, call in enumerate(calls):
                try:
                    output = await _output_at_once(call, offered, tools.get(call.name), context)
                except Exception:
                    log.exception("instant_tool_failed", tool=call.name)
                else:
                    if output is not None:
                        results.append(result_of(index, call, output))
    return tuple(results)


_NOT_YET = (
    "This function is run by the user's application, and it wasn't run yet, because other tools were called in the same"
    " turn. If you still need it, call it again, without other tools."
)


def not_yet(calls: Sequence[ToolRequest], client_tools: Collection[str]) -> tuple[ToolResult, ...]:
    """Return the results of the caller's functions that an answer calls together with other tools.

    The other tools run first. A call that is handed over ends the reply, and their results would be lost with it.
    """
    return tuple(
        result_of(index, call, ToolOutput(_NOT_YET, failed=True))
        for index, call in enumerate(calls)
        if call.name in client_tools
    )


async def _output_at_once(
    call: ToolRequest, offered: Mapping[str, Mapping[str, Any]], tool: Tool | None, context: ToolContext
) -> ToolOutput | None:
    """Return the output of a call that needs no activity, or None."""
    try:
        if call.name not in offered:
            raise not_available(call.name, offered)
        arguments = arguments_in(call)
        check_arguments(call.name, offered[call.name], arguments)
        if tool is None or not tool.definition.instant:
            return None
        return await tool.run(arguments, context)
    except ToolError as error:
        return ToolOutput(error.message, failed=True)


def row_of(result: ToolResult, step: int) -> TranscriptRow:
    """Return the transcript row for the model."""
    return TranscriptRow(
        seq=step * 1000 + messages.TOOL_RESULT + result.index,
        role="tool",
        content=result.text,
        tokens=messages.tokens_of(result.text) + messages.IMAGE_TOKENS * len(result.images),
        tool_call_id=result.tool_call_id,
        images=result.images,
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
        images=result.images,
    )
