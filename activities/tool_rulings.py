"""Decides what happens next to a tool call: it runs, waits for a person, or gets its result at once.

The decision depends only on the rows of the call and on the tool's definition, so it is the same after any crash.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from activities.tool_results import arguments_in, check_arguments
from chimera.ledger.approvals import ApprovalState, NewApproval
from chimera.ledger.tool_calls import RequestedToolCall
from chimera.providers.base import ToolRequest
from chimera.tools.base import Tool, ToolError, ToolOutput
from chimera.tools.policy import PolicyCall, Ruling, rule
from models.approvals import ApprovalKind, ApprovalStatus
from models.policies import ApprovalTerms, OnExpiry, Verdict
from models.tool_calls import ToolCallRequest
from models.tools import ToolKind

UNKNOWN = (
    "The call began, but its result was lost. It may or may not have had its effect. Find out whether it has, and"
    " decide."
)
_STRICTNESS = {Verdict.ALLOW: 0, Verdict.ASK: 1, Verdict.DENY: 2}
NO_EXPIRY = ApprovalTerms(expires_after_s=None)


@dataclass(frozen=True, slots=True)
class Run:
    """The call runs, with these arguments."""

    tool: Tool
    arguments: Mapping[str, Any]
    note: str = ""
    """The beginning of the result, if a person has changed the arguments."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The call waits for a decision that is pending."""

    approval: ApprovalState


@dataclass(frozen=True, slots=True)
class Fail:
    """The subtask fails, because nobody decided in time."""

    approval: ApprovalState


Next = Run | Wait | Fail | NewApproval | ToolOutput
"""The next step of a call. A ToolOutput is its result."""


def next_step(
    request: ToolCallRequest, asked: RequestedToolCall, tool: Tool | None, *, is_trusted_destination: bool
) -> Next:
    """Return the next step. Raises ToolError, with a message for the model, for a call that can't run."""
    if asked.status == "started" and (tool is None or tool.definition.kind is ToolKind.ONCE):
        return _unknown(request, asked, tool)
    if tool is None:
        raise ToolError(f"There is no tool {asked.tool[:60]!r} for you.")
    arguments = arguments_in(ToolRequest(asked.tool_call_id, asked.tool, asked.arguments))
    check_arguments(asked.tool, tool.definition.parameters, arguments)
    approval = asked.approval
    if approval is not None and approval.kind is ApprovalKind.QUESTION:
        return _answered(approval)
    call = PolicyCall(
        tool.definition,
        arguments,
        asked.agent,
        asked.owner_email,
        asked.is_influenced(tool.definition.server),
        is_trusted_destination,
    )
    if approval is not None and approval.kind is ApprovalKind.OUTCOME:
        # A person wants the call to run again, with the arguments that it had.
        again = arguments if approval.changed_arguments is None else approval.changed_arguments
        return _unless_denied(asked, call, Run(tool, again))
    call_sha256 = sha256_of(request, tool, arguments)
    if approval is not None and approval.sha256 == call_sha256 and approval.status is not ApprovalStatus.CANCELLED:
        return _unless_denied(asked, call, _approved(approval, tool, arguments))
    ruling = _ruling(asked, call)
    if ruling.verdict is Verdict.DENY:
        raise _denied(ruling)
    if ruling.verdict is Verdict.ALLOW:
        return Run(tool, arguments)
    return NewApproval(
        ApprovalKind.TOOL_CALL, asked.agent, asked.tool, arguments, call_sha256, ruling.reason, ruling.terms
    )


def _ruling(asked: RequestedToolCall, call: PolicyCall) -> Ruling:
    """Return the strictest ruling for the agent and those that delegated to it.

    Otherwise, an agent could have another one do what a rule allows only that one.
    """
    rulings = [rule(asked.rules, replace(call, agent=agent)) for agent in (asked.agent, *asked.delegators)]
    return max(rulings, key=lambda ruling: _STRICTNESS[ruling.verdict])


def _unless_denied(asked: RequestedToolCall, call: PolicyCall, step: Next) -> Next:
    """Return the step, unless it runs a call that a rule denies by now: a rule may have come after the approval."""
    if isinstance(step, Run):
        ruling = _ruling(asked, replace(call, arguments=step.arguments))
        if ruling.verdict is Verdict.DENY:
            raise _denied(ruling)
    return step


def _denied(ruling: Ruling) -> ToolError:
    return ToolError(f"The policy doesn't allow this call. {ruling.reason}".strip())


def sha256_of(request: ToolCallRequest, tool: Tool | None, arguments: Mapping[str, Any]) -> str:
    """Return the hash of the exact call: its run and place, the tool and its definition, and the arguments."""
    place = [request.run_id, request.path, request.step, request.index]
    definition = None if tool is None else tool.definition.model_dump(mode="json")
    return sha256(to_json([place, definition, _sorted(arguments)])).hexdigest()


def _sorted(value: Any) -> Any:
    """Return a value whose objects have their keys in order."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value


def _unknown(request: ToolCallRequest, asked: RequestedToolCall, tool: Tool | None) -> Next:
    """Return the next step of a call that may have had its effect, and that may not run twice."""
    approval = asked.approval
    if approval is not None and approval.kind is ApprovalKind.OUTCOME:
        match approval.status:
            case ApprovalStatus.PENDING:
                return Wait(approval)
            case ApprovalStatus.ANSWERED:
                return ToolOutput(approval.answer or "The call has had its effect. Its result was lost.")
            case ApprovalStatus.REJECTED:
                return ToolOutput("The call failed before it had any effect.", failed=True)
            case ApprovalStatus.EXPIRED:
                return ToolOutput("Nobody knows whether the call had its effect. It was not repeated.", failed=True)
    try:
        arguments = arguments_in(ToolRequest(asked.tool_call_id, asked.tool, asked.arguments))
    except ToolError:
        arguments = {}
    if approval is not None and approval.status is ApprovalStatus.APPROVED and approval.changed_arguments is not None:
        arguments = dict(approval.changed_arguments)
    return NewApproval(
        ApprovalKind.OUTCOME,
        asked.agent,
        asked.tool,
        arguments,
        sha256_of(request, tool, arguments),
        UNKNOWN,
        NO_EXPIRY,
    )


def _answered(approval: ApprovalState) -> Next:
    match approval.status:
        case ApprovalStatus.PENDING:
            return Wait(approval)
        case ApprovalStatus.ANSWERED:
            return ToolOutput(approval.answer or "")
    return ToolOutput("Nobody answered in time. Continue without the answer, and say what you assume.", failed=True)


def _approved(approval: ApprovalState, tool: Tool, arguments: Mapping[str, Any]) -> Next:
    match approval.status:
        case ApprovalStatus.PENDING:
            return Wait(approval)
        case ApprovalStatus.APPROVED if approval.changed_arguments is None:
            return Run(tool, arguments)
        case ApprovalStatus.APPROVED:
            changed = approval.changed_arguments or {}
            check_arguments(tool.definition.name, tool.definition.parameters, changed)
            return Run(tool, changed, f"A person changed the arguments to {to_json(changed).decode()}.\n\n")
        case ApprovalStatus.REJECTED:
            reason = f" The reason: {approval.answer}" if approval.answer else ""
            return ToolOutput(f"A person rejected this call. It did not run.{reason}", failed=True)
    if approval.terms.on_expiry is OnExpiry.FAIL:
        return Fail(approval)
    return ToolOutput("Nobody approved this call in time. It did not run.", failed=True)
