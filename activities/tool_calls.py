"""Tool calls: decides what happens to a call, runs the tool, and appends its result to the transcript.

Running the activity twice is safe: what is known about a call is in its rows. If a call waits for a person or for a
subtask, the activity returns, and the workflow repeats it later.
"""

from collections.abc import Sequence

import structlog
from temporalio import activity

from activities.agents import agent_in
from activities.calls.heartbeats import heartbeats
from activities.tool_images import kept_images
from activities.tool_results import (
    Overdue,
    ToolResult,
    event_of,
    limits_from_now,
    not_available,
    output_of,
    result_of,
    row_of,
)
from activities.tool_rulings import Fail, Run, Wait, next_step, sha256_of
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Connection, Database
from chimera.failpoints import Failpoints
from chimera.ledger import ai_calls, approvals, delegation, run_files, tool_calls
from chimera.ledger.approvals import ApprovalState, NewApproval
from chimera.ledger.delegation import CannotDelegate, Delegated
from chimera.ledger.tool_calls import Claim, RequestedToolCall
from chimera.providers.base import ToolRequest
from chimera.tools.base import OutcomeUnknown, Tool, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.catalog import Catalog
from chimera.tools.context import ToolContext
from chimera.tools.people import Delegation, Question
from models import activities as contract
from models.approvals import ApprovalKind, ApprovalStatus
from models.errors import ApprovalExpired, ChimeraError, RootStopped
from models.ids import FileId, call_id_of
from models.model_calls import Purpose
from models.policies import ApprovalTerms
from models.subtasks import OPEN_SUBTASKS, SubtaskStatus
from models.tool_calls import ToolCallOutcome, ToolCallRequest, ToolCallWait
from models.tools import ToolDefinition, ToolKind

log = structlog.get_logger()

MAX_ATTEMPTS = 3
"""Attempts at a tool that is unavailable or breaks. After that, the model hears of it and continues without it."""


class ToolCalls(contract.ToolCalls):
    """Implements `run_tool_call`."""

    def __init__(
        self, *, settings: Settings, database: Database, bus: Bus, catalog: Catalog, failpoints: Failpoints
    ) -> None:
        self._settings = settings
        self._database = database
        self._bus = bus
        self._catalog = catalog
        self._failpoints = failpoints

    @activity.defn(name=contract.RUN_TOOL_CALL)
    async def run(self, request: ToolCallRequest) -> ToolCallOutcome:
        """Take a tool call to its result, or to the next wait for a person or a subtask.

        Raises ApprovalExpired if no decision was made in time and the subtask has to fail for that, and what
        `tool_calls.read` raises.
        """
        async with heartbeats():
            async with self._database.statements() as connection:
                asked, tools = await self._read(connection, request)
            if asked.done is not None:
                return asked.done
            try:
                return await self._take(request, asked, tools)
            except ToolError as error:
                return await self._finish(request, asked, ToolOutput(error.message, failed=True))

    async def _read(
        self, connection: Connection, request: ToolCallRequest
    ) -> tuple[RequestedToolCall, dict[str, Tool]]:
        """Read a call and the tools that its agent may use now. A decision whose time has come expires first."""
        asked = await tool_calls.read(connection, request)
        if asked.done is not None:
            return asked, {}
        pending = asked.approval
        if pending is not None and pending.status is ApprovalStatus.PENDING and _is_due(pending):
            seq = await approvals.look_again(connection, request, pending)
            if seq is not None:
                self._bus.wake(request.run_id, seq)
            asked = await tool_calls.read(connection, request)
        agent = agent_in(asked.agent, asked.agent_spec)
        tools = await self._catalog.matching(connection, asked.owner_id, agent.tools)
        if asked.allowed is not None:
            tools = {name: tool for name, tool in tools.items() if name in asked.allowed}
        return asked, tools

    async def _take(
        self, request: ToolCallRequest, asked: RequestedToolCall, tools: dict[str, Tool]
    ) -> ToolCallOutcome:
        if asked.status == "started" and (delegated := await self._delegated(request)) is not None:
            # Its answer is paid for, so the agent gets it even if it may not delegate anymore.
            return await self._follow(request, asked, delegated)
        tool = tools.get(asked.tool)
        if tool is None and asked.status != "started":
            raise not_available(asked.tool, tools)
        is_trusted = tool is not None and self._catalog.is_trusted_destination(tool, asked.arguments)
        match next_step(request, asked, tool, is_trusted_destination=is_trusted):
            case Wait(approval):
                return _waiting(asked, approval)
            case Fail(approval):
                raise ApprovalExpired(asked.tool)
            case NewApproval() as new:
                return await self._request(request, asked, new)
            case ToolOutput() as output:
                return await self._finish(request, asked, output)
            case Run() as run:
                return await self._run(request, asked, run, tools)

    async def _request(self, request: ToolCallRequest, asked: RequestedToolCall, new: NewApproval) -> ToolCallOutcome:
        """Request a decision, and let the workflow wait for it."""
        async with self._database.statements() as connection:
            approval, seq = await approvals.request(connection, request, new)
            if approval is None:
                return await _finished(connection, request)
        if seq is not None:
            self._bus.wake(request.run_id, seq)
        return _waiting(asked, approval)

    async def _run(
        self, request: ToolCallRequest, asked: RequestedToolCall, run: Run, tools: dict[str, Tool]
    ) -> ToolCallOutcome:
        """Run the tool. The call is claimed first, so that an unknown outcome can be detected."""
        definition = run.tool.definition
        async with self._database.statements() as connection:
            claim = await tool_calls.claim(connection, request, asked.tool, run.arguments)
        if claim is not None:
            self._bus.wake(request.run_id, claim.seq)
        elif definition.kind is ToolKind.ONCE:
            # Another attempt has the call. The next one reads how far it got.
            raise OutcomeUnknown(f"Another attempt runs {asked.tool}.")
        try:
            output = await output_of(run.tool, run.arguments, self._context_of(request, asked, definition.server))
            await self._failpoints.hit("after_effect")
        except ToolUnavailable as error:
            return await self._unavailable(request, asked, claim, error, definition)
        except Exception as error:  # noqa: BLE001  (whatever the tool raises, a call may have had its effect)
            if definition.kind is ToolKind.ONCE:
                log.warning("tool_outcome_unknown", tool=asked.tool, error=type(error).__name__)
                return await self._run_again_never(request, asked, run)
            return await self._broken(request, asked, error, definition)
        match output:
            case Question():
                return await self._request(request, asked, _question(request, asked, run, output))
            case Delegation():
                return await self._delegate(request, asked, output, tools)
        output = ToolOutput(run.note + output.text, failed=output.failed, images=output.images)
        return await self._finish(request, asked, output, untrusted=definition.untrusted)

    async def _run_again_never(self, request: ToolCallRequest, asked: RequestedToolCall, run: Run) -> ToolCallOutcome:
        """Let a person determine the outcome of a call that may have had its effect."""
        async with self._database.statements() as connection:
            known = await tool_calls.read(connection, request)
        if known.done is not None:
            return known.done
        step = next_step(request, known, run.tool, is_trusted_destination=True)
        match step:
            case Wait(approval):
                return _waiting(asked, approval)
            case NewApproval() as new:
                return await self._request(request, asked, new)
        # A person has decided in the meantime, because this attempt was slow. The next one reads the decision.
        raise OutcomeUnknown(f"The outcome of {asked.tool} has been decided.")

    async def _unavailable(
        self,
        request: ToolCallRequest,
        asked: RequestedToolCall,
        claim: Claim | None,
        error: ToolUnavailable,
        definition: ToolDefinition,
    ) -> ToolCallOutcome:
        """Let a call that had no effect be repeated, or give up. The message may contain a server's own words."""
        if claim is not None:
            async with self._database.statements() as connection:
                await tool_calls.release(connection, request, claim.attempt)
        if activity.info().attempt < MAX_ATTEMPTS:
            raise error
        output = ToolOutput(f"{asked.tool} is unavailable: {error.message}", failed=True)
        return await self._finish(request, asked, output, untrusted=definition.untrusted)

    async def _broken(
        self, request: ToolCallRequest, asked: RequestedToolCall, error: Exception, definition: ToolDefinition
    ) -> ToolCallOutcome:
        """Let a call that may be repeated be repeated, or give up. The message may contain a server's own words."""
        is_final = isinstance(error, ChimeraError) and not error.retryable
        if is_final or (activity.info().attempt < MAX_ATTEMPTS and not isinstance(error, Overdue)):
            raise error
        text = f"{asked.tool} failed: {error.message if isinstance(error, OutcomeUnknown) else type(error).__name__}."
        return await self._finish(request, asked, ToolOutput(text, failed=True), untrusted=definition.untrusted)

    async def _delegate(
        self, request: ToolCallRequest, asked: RequestedToolCall, work: Delegation, tools: dict[str, Tool]
    ) -> ToolCallOutcome:
        """Delegate the work to a subtask, and return the subtask that has to run."""
        async with self._database.statements() as connection:
            try:
                delegated = await delegation.delegate(
                    connection,
                    request,
                    tool=asked.tool,
                    agent=work.agent,
                    instruction=work.text,
                    title=work.title,
                    tools=list(tools),
                )
            except CannotDelegate as error:
                raise ToolError(str(error)) from None
        if delegated.seq is not None:
            self._bus.wake(request.run_id, delegated.seq)
        return await self._follow(request, asked, delegated)

    async def _delegated(self, request: ToolCallRequest) -> Delegated | None:
        async with self._database.statements() as connection:
            return await delegation.find(connection, request)

    async def _follow(
        self, request: ToolCallRequest, asked: RequestedToolCall, delegated: Delegated
    ) -> ToolCallOutcome:
        """Return the subtask that has to run, or finish the call with the subtask's answer."""
        if delegated.status in OPEN_SUBTASKS:
            return ToolCallOutcome(tool=asked.tool, child=delegated.node)
        return await self._finish(request, asked, _answer_of(delegated))

    async def _finish(
        self, request: ToolCallRequest, asked: RequestedToolCall, output: ToolOutput, *, untrusted: bool = False
    ) -> ToolCallOutcome:
        """Append the result, and return the outcome in the ledger, which may be that of another attempt.

        Raises RootStopped if the ledger rejects the result.
        """
        async with self._database.statements() as connection:
            if output.images:
                seq, result = await self._write_with_images(connection, request, asked, output, untrusted=untrusted)
            else:
                result = _result(request, asked, output, untrusted=untrusted)
                seq = await _write(connection, request, result)
            if seq is None:
                return await _finished(connection, request)
        self._bus.wake(request.run_id, seq)
        return ToolCallOutcome(tool=result.tool, failed=result.failed)

    async def _write_with_images(
        self,
        connection: Connection,
        request: ToolCallRequest,
        asked: RequestedToolCall,
        output: ToolOutput,
        *,
        untrusted: bool,
    ) -> tuple[int | None, ToolResult]:
        """Append the result, and store the images that the run and its owner have room for, in one transaction."""
        async with connection.transaction():
            room = await run_files.room(connection, request.run_id, asked.owner_id, most=self._settings.max_kept_bytes)
            kept = kept_images(output.images, room)
            new = kept.files_of(asked.tool, asked.owner_id, request.run_id)
            output = ToolOutput(kept.noted(output.text), failed=output.failed)
            result = _result(request, asked, output, untrusted=untrusted, images=[file.id for file in new])
            seq = await _write(connection, request, result)
            if seq is not None:
                await ai_calls.keep(connection, new)
        return seq, result

    def _context_of(self, request: ToolCallRequest, asked: RequestedToolCall, server: str | None) -> ToolContext:
        return ToolContext(
            owner_id=asked.owner_id,
            run_id=request.run_id,
            path=request.path,
            step=request.step,
            index=request.index,
            idempotency_key=f"{call_id_of(request.run_id, request.path, Purpose.TURN, request.step)}.{request.index}",
            limits=limits_from_now(),
            is_untrusted=asked.is_influenced(server),
            report=activity.heartbeat,
        )


def _result(
    request: ToolCallRequest,
    asked: RequestedToolCall,
    output: ToolOutput,
    *,
    untrusted: bool,
    images: Sequence[FileId] = (),
) -> ToolResult:
    call = ToolRequest(asked.tool_call_id, asked.tool, asked.arguments)
    return result_of(request.index, call, output, untrusted=untrusted, images=images)


async def _finished(connection: Connection, request: ToolCallRequest) -> ToolCallOutcome:
    """Return the outcome that another attempt has recorded. Raises RootStopped if there is none."""
    done = (await tool_calls.read(connection, request)).done
    if done is None:
        raise RootStopped(request.run_id)
    return done


async def _write(connection: Connection, request: ToolCallRequest, result: ToolResult) -> int | None:
    row, event = row_of(result, request.step), event_of(result, request.path, request.step)
    return await tool_calls.finish(connection, request, row, event, untrusted=result.untrusted)


def _is_due(pending: ApprovalState) -> bool:
    return pending.timeout_s is not None and pending.timeout_s <= 0


def _waiting(asked: RequestedToolCall, approval: ApprovalState) -> ToolCallOutcome:
    timeout_s = None if approval.timeout_s is None else max(0.0, approval.timeout_s)
    return ToolCallOutcome(tool=asked.tool, wait=ToolCallWait(approval_id=approval.id, timeout_s=timeout_s))


def _question(request: ToolCallRequest, asked: RequestedToolCall, run: Run, question: Question) -> NewApproval:
    return NewApproval(
        ApprovalKind.QUESTION,
        asked.agent,
        asked.tool,
        run.arguments,
        sha256_of(request, run.tool, run.arguments),
        "An agent has a question.",
        ApprovalTerms(expires_after_s=question.expires_after_s),
        question=question.text,
        options=question.options,
        default=question.default,
    )


def _answer_of(delegated: Delegated) -> ToolOutput:
    if delegated.status is SubtaskStatus.COMPLETED:
        return ToolOutput(delegated.result or "")
    why = delegated.error or f"It is {delegated.status}."
    return ToolOutput(f"Agent {delegated.node.agent!r} did not finish the work: {why}", failed=True)
