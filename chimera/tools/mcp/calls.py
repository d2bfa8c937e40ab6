"""Calls a tool of a connected server, and says what a failure means for the call."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from pydantic import JsonValue, ValidationError

from chimera.content.text import clean_text
from chimera.tools.base import OutcomeUnknown, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.context import ToolContext
from chimera.tools.mcp.codes import EXPIRED, LOST, NOT_SENT, REFUSED, TOO_LARGE
from chimera.tools.mcp.connection import Connection
from chimera.tools.mcp.content import output_of
from chimera.tools.mcp.servers import without_secrets
from chimera.tools.mcp.transport import TOO_LARGE_TEXT
from chimera.tools.mcp.watching import KEY

if TYPE_CHECKING:
    from mcp import MCPError
    from mcp.shared.dispatcher import ProgressFnT
    from mcp_types import RequestParamsMeta

MARGIN_S = 1.0
"""How long before a call's deadline it is cancelled, so that the server hears of it."""
REPORT_EVERY_S = 0.5
MAX_REPORTS = 200
REPORT_CHARS = 200


async def call(
    connection: Connection, tool: str, arguments: Mapping[str, JsonValue], context: ToolContext
) -> ToolOutput:
    """Call a tool by its server's own name.

    Raises ToolError if the server answered with an error, ToolUnavailable if the request certainly wasn't sent, and
    OutcomeUnknown if it was, without an answer. If this task is cancelled, the server is told.
    """
    from mcp import MCPError

    key, limit = context.idempotency_key, asyncio.timeout_at(context.limits.deadline - MARGIN_S)
    connection.calls += 1
    try:
        async with limit:
            result = await connection.client.call_tool(
                tool, dict(arguments), progress_callback=_progress(context), meta=cast("RequestParamsMeta", {KEY: key})
            )
        return output_of(result)
    except MCPError as error:
        raise _meaning_of(error, connection, tool, key) from None
    except TimeoutError:
        if limit.expired() and not connection.watch.was_sent(key):
            raise ToolUnavailable(f"{tool} wasn't sent in time: its MCP server takes no messages.") from None
        raise OutcomeUnknown(f"{tool} didn't answer in time and was cancelled. It may have taken effect.") from None
    except (ValidationError, RuntimeError):
        # The SDK can't read the result; also raised if the server asks for input again and again.
        raise ToolError(
            f"{tool} ran, but its MCP server answered with something that isn't a valid result. It may have taken"
            " effect."
        ) from None
    finally:
        connection.calls -= 1
        connection.watch.forget(key)


def _meaning_of(error: "MCPError", connection: Connection, tool: str, key: str) -> Exception:
    import mcp_types as types

    text = without_secrets(clean_text(error.message), connection.server)
    match error.code:
        case _ if not connection.watch.was_sent(key):
            return ToolUnavailable(f"{tool} wasn't sent: the connection to its MCP server is closed.")
        case code if code in (NOT_SENT, EXPIRED):
            return ToolUnavailable(f"{tool} wasn't run. {text}")
        case code if code in (LOST, types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT):
            return OutcomeUnknown(f"The connection broke while {tool} was running. It may have taken effect.")
        case code if code == REFUSED:
            return ToolError(f"{tool} wasn't run. {text} An administrator has to correct the server's headers.")
        case code if code == TOO_LARGE or TOO_LARGE_TEXT in text:
            return ToolError(f"{tool} ran, but its answer is too large. Ask for less, such as fewer or smaller items.")
        case types.PARSE_ERROR:
            return OutcomeUnknown(f"The answer of {tool} can't be read. It may have taken effect.")
    return ToolError(f"{tool} failed: {text}")


def _progress(context: ToolContext) -> "ProgressFnT":
    """Return a callback that reports progress, but not more often than a person can read."""
    last, reports = float("-inf"), 0

    async def report(progress: float, total: float | None = None, message: str | None = None) -> None:
        nonlocal last, reports
        now = asyncio.get_running_loop().time()
        if now - last < REPORT_EVERY_S or reports >= MAX_REPORTS:
            return
        last, reports = now, reports + 1
        amount = f"{progress:g}" if total is None else f"{progress:g} of {total:g}"
        text = f"{clean_text(message)} ({amount})" if message else amount
        context.report(text[:REPORT_CHARS])

    return report
