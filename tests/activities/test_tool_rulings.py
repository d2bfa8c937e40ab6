"""The next step of a tool call depends on its rows: its status, the newest decision, the rules and the tool."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from activities.tool_rulings import HAS_CHANGED, Run, Wait, next_step, sha256_of
from chimera.ledger.approvals import ApprovalState, NewApproval
from chimera.ledger.tool_calls import RequestedToolCall
from chimera.tools.base import Tool, ToolError, ToolOutput
from chimera.tools.calculator import Calculator
from chimera.tools.people import AskPerson
from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus
from models.ids import NodePath, RunId, UserId
from models.policies import ApprovalTerms, PolicyRule, Verdict
from models.tool_calls import ToolCallRequest
from models.tools import ToolKind

ARGUMENTS = {"expression": "1 + 1"}
OTHERS = {"expression": "2 + 2"}
PLACE = ToolCallRequest(run_id=RunId(str(uuid4())), path=NodePath("a"), step=1, index=0)
DENY = PolicyRule(verdict=Verdict.DENY, reason="Not now.")
ASK = PolicyRule(verdict=Verdict.ASK)


class Effect(Calculator):
    """A tool that may not run twice."""

    kind = ToolKind.ONCE
    instant = False


class Newer(Effect):
    description = "Does something else."


CALL = RequestedToolCall(
    tool="calculator",
    arguments='{"expression": "1 + 1"}',
    tool_call_id="c1",
    done=None,
    owner_id=UserId(str(uuid4())),
    owner_email="a@example.com",
    agent="clerk",
    delegators=(),
    agent_spec=None,
    allowed=None,
    status="waiting",
    is_untrusted=False,
    described_by=frozenset(),
    rules=(ASK,),
    approval=None,
)


def decided(
    kind: ApprovalKind, status: ApprovalStatus, tool: Tool, arguments: dict[str, Any] = ARGUMENTS, **fields: Any
) -> ApprovalState:
    state = ApprovalState(
        id=ApprovalId(str(uuid4())),
        kind=kind,
        status=status,
        sha256=sha256_of(PLACE, tool, arguments),
        changed_arguments=None,
        answer=None,
        terms=ApprovalTerms(),
        timeout_s=None,
    )
    return replace(state, **fields)


def step_of(tool: Tool, /, **changes: Any) -> object:
    return next_step(PLACE, replace(CALL, **changes), tool, is_trusted_destination=False)


def test_a_cancelled_question_is_asked_again() -> None:
    tool = AskPerson()
    words = {"question": "Which color?"}
    asked = decided(ApprovalKind.QUESTION, ApprovalStatus.CANCELLED, tool, words)
    step = step_of(
        tool, tool="ask_person", arguments='{"question": "Which color?"}', status="started", rules=(), approval=asked
    )
    assert isinstance(step, Run)


@pytest.mark.parametrize("status", ["waiting", "started"])
def test_an_outcome_that_a_person_knows_runs_nothing(status: str) -> None:
    tool = Effect()
    happened = decided(ApprovalKind.OUTCOME, ApprovalStatus.ANSWERED, tool, answer="Done.")
    assert step_of(tool, status=status, approval=happened) == ToolOutput("Done.")
    pending = decided(ApprovalKind.OUTCOME, ApprovalStatus.PENDING, tool)
    assert step_of(tool, status=status, approval=pending) == Wait(pending)


def test_a_call_runs_again_with_the_arguments_it_had() -> None:
    tool = Effect()
    again = decided(ApprovalKind.OUTCOME, ApprovalStatus.APPROVED, tool)
    assert step_of(tool, approval=again) == Run(tool, ARGUMENTS)
    changed = decided(ApprovalKind.OUTCOME, ApprovalStatus.APPROVED, tool, OTHERS, changed_arguments=OTHERS)
    assert step_of(tool, approval=changed) == Run(tool, OTHERS)


def test_a_changed_tool_doesnt_run_again_unasked() -> None:
    again = decided(ApprovalKind.OUTCOME, ApprovalStatus.APPROVED, Effect())
    for rules in ((ASK,), (PolicyRule(verdict=Verdict.ALLOW),)):
        step = step_of(Newer(), approval=again, rules=rules)
        assert isinstance(step, NewApproval)
        assert (step.kind, step.reason) == (ApprovalKind.TOOL_CALL, HAS_CHANGED)


@pytest.mark.parametrize("kind", [ApprovalKind.TOOL_CALL, ApprovalKind.OUTCOME])
def test_a_rule_denies_what_was_approved(kind: ApprovalKind) -> None:
    tool = Effect()
    approved = decided(kind, ApprovalStatus.APPROVED, tool)
    assert isinstance(step_of(tool, approval=approved), Run)
    with pytest.raises(ToolError, match="Not now"):
        step_of(tool, approval=approved, rules=(DENY,))


def test_rules_apply_to_changed_arguments() -> None:
    tool = Effect()
    changed = decided(ApprovalKind.TOOL_CALL, ApprovalStatus.APPROVED, tool, changed_arguments=OTHERS)
    denied = PolicyRule(verdict=Verdict.DENY, arguments={"expression": "2*"})
    with pytest.raises(ToolError):
        step_of(tool, approval=changed, rules=(denied,))
