"""What happens next to a tool call, and which rights count when it has been approved."""

from dataclasses import replace
from typing import Any

import pytest

from activities.tool_rulings import Run, next_step, sha256_of
from chimera.ledger.approvals import ApprovalState, NewApproval
from chimera.ledger.tool_calls import RequestedToolCall
from chimera.tools.base import ToolError, ToolOutput
from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus
from models.ids import NodePath, RunId, UserId
from models.policies import ApprovalTerms, PolicyRule, Verdict
from models.tool_calls import ToolCallRequest
from models.tools import ToolDefinition, ToolKind

REQUEST = ToolCallRequest(run_id=RunId("r"), path=NodePath("a"), step=1, index=0)
DENIED = PolicyRule(tool="pay", verdict=Verdict.DENY, reason="No payments.")
DENIED_TO_EVE = PolicyRule(tool="pay", arguments={"to": "eve"}, verdict=Verdict.DENY)


class Pay:
    definition = ToolDefinition(
        name="pay", description="", parameters={"type": "object"}, kind=ToolKind.ONCE, server="bank", egress=True
    )

    async def run(self, arguments: Any, context: Any) -> ToolOutput:
        raise NotImplementedError


def asked(*rules: PolicyRule, approval: ApprovalState | None = None, **changes: Any) -> RequestedToolCall:
    call = RequestedToolCall(
        tool="pay",
        arguments='{"to": "bob"}',
        tool_call_id="c1",
        done=None,
        owner_id=UserId("u"),
        owner_email="ann@example.com",
        agent="clerk",
        delegators=(),
        agent_spec=None,
        allowed=None,
        status=None,
        is_untrusted=False,
        described_by=frozenset(),
        rules=rules,
        approval=approval,
    )
    return replace(call, **changes)


def approved(**changes: Any) -> ApprovalState:
    sha256 = sha256_of(REQUEST, Pay(), {"to": "bob"})
    state = ApprovalState(
        ApprovalId("a"), ApprovalKind.TOOL_CALL, ApprovalStatus.APPROVED, sha256, None, None, ApprovalTerms(), None
    )
    return replace(state, **changes)


def step_of(call: RequestedToolCall) -> Any:
    return next_step(REQUEST, call, Pay(), is_trusted_destination=False)


def test_an_approved_call_runs() -> None:
    assert isinstance(step_of(asked(approval=approved())), Run)


def test_a_later_denial_overrules_an_approval() -> None:
    with pytest.raises(ToolError, match="No payments"):
        step_of(asked(DENIED, approval=approved()))


def test_changed_arguments_are_checked_for_denials() -> None:
    with pytest.raises(ToolError, match="The policy doesn't allow this call"):
        step_of(asked(DENIED_TO_EVE, approval=approved(changed_arguments={"to": "eve"})))


def test_a_denied_call_is_not_repeated() -> None:
    again = approved(kind=ApprovalKind.OUTCOME)
    with pytest.raises(ToolError, match="The policy doesn't allow this call"):
        step_of(asked(DENIED, approval=again))


def test_the_strictest_agents_rule_counts() -> None:
    allowed = PolicyRule(tool="pay", agent="clerk", verdict=Verdict.ALLOW)
    denied = PolicyRule(tool="pay", agent="trainee", verdict=Verdict.DENY)
    assert isinstance(step_of(asked(allowed, denied)), Run)
    assert isinstance(step_of(asked(allowed, denied, delegators=("boss",))), NewApproval)
    with pytest.raises(ToolError, match="The policy doesn't allow this call"):
        step_of(asked(allowed, denied, delegators=("trainee", "boss")))


def test_only_another_servers_description_asks() -> None:
    allowed = PolicyRule(tool="pay", verdict=Verdict.ALLOW)
    assert isinstance(step_of(asked(allowed, described_by=frozenset({"bank"}))), Run)
    assert isinstance(step_of(asked(allowed, described_by=frozenset({"bank", "shop"}))), NewApproval)
