"""Decides what happens next to a tool call: it runs, waits for a person, or gets its result at once.

The decision depends only on the rows of the call and on the tool's definition, so it is the same after any crash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from models.tools import ToolDefinition, ToolKind

UNKNOWN = (
    "The call began, but its result was lost. It may or may not have had its effect. Find out whether it has, and"
    " decide."
)
_STRICTNESS = {Verdict.ALLOW: 0, Verdict.ASK: 1, Verdict.DENY: 2}
HAS_CHANGED = "A person decided that the call runs again, but its tool or its arguments have changed since."
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
    """The subtask fails, because no decision was made in time."""

    approval: ApprovalState


Next = Run | Wait | Fail | NewApproval | ToolOutput
"""The next step of a call. A ToolOutput is its result."""


def next_step(
    request: ToolCallRequest, asked: RequestedToolCall, tool: Tool | None, *, is_trusted_destination: bool
) -> Next:
    """Return the next step. Raises ToolError, with a message for the model, for a call that can't run."""
    approval = asked.approval
    if approval is not None and approval.status is ApprovalStatus.CANCELLED:
        # Its run or subtask ended before a decision. If that is retried, a new decision is needed.
        approval = None
    if approval is not None and approval.kind is ApprovalKind.OUTCOME and (known := _known(approval)) is not None:
        return known
    if asked.status == "started" and (tool is None or tool.definition.kind is ToolKind.ONCE):
        return _unknown(request, asked, tool)
    if tool is None:
        raise ToolError(f"There is no tool {asked.tool[:60]!r} for you.")
    arguments = arguments_in(ToolRequest(asked.tool_call_id, asked.tool, asked.arguments))
    check_arguments(asked.tool, tool.definition.parameters, arguments)
    if approval is not None and approval.kind is ApprovalKind.QUESTION:
        return _answered(approval)
    call_sha256 = sha256_of(request, tool, arguments)
    runs_again = approval is not None and approval.kind is ApprovalKind.OUTCOME
    if approval is not None and not runs_again and approval.sha256 != call_sha256:
        approval = None
    changed = None if approval is None else approval.changed_arguments
    runs_with = arguments if changed is None else changed
    ruling = _ruling(asked, tool.definition, runs_with, is_trusted_destination=is_trusted_destination)
    if ruling.verdict is Verdict.DENY:
        # Also for a call that a person has approved: the rules of the moment at which it runs count.
        raise ToolError(f"The policy doesn't allow this call. {ruling.reason}".strip())
    if approval is not None and not runs_again:
        return _approved(approval, tool, arguments)
    if approval is not None and approval.sha256 == sha256_of(request, tool, runs_with):
        # A person wants the call to run again, with the arguments that it had.
        return Run(tool, runs_with)
    if ruling.verdict is Verdict.ALLOW and not runs_again:
        return Run(tool, arguments)
    reason = HAS_CHANGED if runs_again else ruling.reason
    return NewApproval(ApprovalKind.TOOL_CALL, asked.agent, asked.tool, arguments, call_sha256, reason, ruling.terms)


def _ruling(
    asked: RequestedToolCall, definition: ToolDefinition, arguments: Mapping[str, Any], *, is_trusted_destination: bool
) -> Ruling:
    """Return the strictest ruling for the agent and those that delegated to it.

    Otherwise, an agent could have another one do what a rule allows only that one.
    """
    is_influenced = asked.is_influenced(definition.server)
    rulings = [
        rule(
            asked.rules,
            PolicyCall(definition, arguments, agent, asked.owner_email, is_influenced, is_trusted_destination),
        )
        for agent in (asked.agent_in_rules, *asked.delegators)
    ]
    return max(rulings, key=lambda ruling: _STRICTNESS[ruling.verdict])


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


def _known(approval: ApprovalState) -> Next | None:
    """Return the next step of a call whose outcome a person determines; None if the call has to run again."""
    match approval.status:
        case ApprovalStatus.PENDING:
            return Wait(approval)
        case ApprovalStatus.ANSWERED:
            return ToolOutput(approval.answer or "The call has had its effect. Its result was lost.")
        case ApprovalStatus.REJECTED:
            return ToolOutput("The call failed before it had any effect.", failed=True)
        case ApprovalStatus.EXPIRED:
            return ToolOutput("It is unknown whether the call had its effect. It was not repeated.", failed=True)
    return None


def _answered(approval: ApprovalState) -> Next:
    match approval.status:
        case ApprovalStatus.PENDING:
            return Wait(approval)
        case ApprovalStatus.ANSWERED:
            return ToolOutput(approval.answer or "")
    return ToolOutput("No answer arrived in time. Continue without the answer, and say what you assume.", failed=True)


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
    return ToolOutput("This call was not approved in time. It did not run.", failed=True)
