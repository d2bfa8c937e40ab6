"""Tool calls that need an activity: runs the tool and appends its result to the transcript."""

from temporalio import activity

from activities.calls.heartbeats import heartbeats
from activities.tool_results import ToolResult, event_of, limits_from_now, result_of, row_of, unknown_result_of
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import tool_calls
from chimera.providers.base import ToolRequest
from chimera.tools import TOOLS
from chimera.tools.context import ToolClients, ToolContext
from models import activities as contract
from models.errors import RootStopped
from models.ids import UserId, call_id_of
from models.model_calls import Purpose
from models.tool_calls import ToolCallOutcome, ToolCallRequest


class ToolCalls(contract.ToolCalls):
    """Implements `run_tool_call`."""

    def __init__(self, *, settings: Settings, database: Database, bus: Bus) -> None:
        self._clients = ToolClients(settings, database)
        self._database = database
        self._bus = bus

    @activity.defn(name=contract.RUN_TOOL_CALL)
    async def run(self, request: ToolCallRequest) -> ToolCallOutcome:
        """Run the tool and append its result. The call is claimed first, so that an unknown outcome can be detected."""
        async with heartbeats():
            async with self._database.statements() as connection:
                asked = await tool_calls.read(connection, request)
                if asked.done is not None:
                    return asked.done
                is_new = await tool_calls.claim(connection, request, asked.tool)
            call = ToolRequest(asked.tool_call_id, asked.tool, asked.arguments)
            if is_new or TOOLS.may_run_again(call.name):
                result = await result_of(request.index, call, self._context_of(request, asked.owner_id))
            else:
                result = unknown_result_of(request.index, call)
            return await self._finish(request, result)

    async def _finish(self, request: ToolCallRequest, result: ToolResult) -> ToolCallOutcome:
        """Append the result, and return the outcome in the ledger, which may be that of another attempt.

        Raises RootStopped if the ledger rejects the result.
        """
        row, event = row_of(result, request.step), event_of(result, request.path, request.step)
        async with self._database.statements() as connection:
            seq = await tool_calls.finish(connection, request, row, event)
            if seq is None:
                done = (await tool_calls.read(connection, request)).done
                if done is None:
                    raise RootStopped(request.run_id)
                return done
        self._bus.wake(request.run_id, seq)
        return ToolCallOutcome(tool=result.tool, failed=result.failed)

    def _context_of(self, request: ToolCallRequest, owner_id: UserId) -> ToolContext:
        return ToolContext(
            owner_id=owner_id,
            run_id=request.run_id,
            path=request.path,
            step=request.step,
            index=request.index,
            idempotency_key=f"{call_id_of(request.run_id, request.path, Purpose.TURN, request.step)}.{request.index}",
            clients=self._clients,
            limits=limits_from_now(),
        )
