"""Tool policies: rules that allow tool calls, have a person approve them, or deny them."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from models.base import Body, Contract, Flag, Whole

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A pattern in which `*` stands for any characters; upper and lower case differ."""

MAX_RULES = 200
DAY_S = 24 * 60 * 60


class Verdict(StrEnum):
    """What happens to a tool call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class OnExpiry(StrEnum):
    """What happens without a decision in time."""

    REJECT = "reject"
    """The call counts as rejected, and the agent continues without it."""
    FAIL = "fail"
    """The subtask fails."""


class ApprovalTerms(Body):
    """Who decides about a call, and by when."""

    approvers: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="E-mail addresses of the users who may decide. Default: the owner of the task. Administrators can"
        " always decide.",
    )
    quorum: Whole = Field(default=1, ge=1, le=20, description="Number of users who have to approve")
    expires_after_s: Whole | None = Field(
        default=7 * DAY_S, ge=1, le=365 * DAY_S, description="Seconds until the approval expires. `null` for never."
    )
    on_expiry: OnExpiry = OnExpiry.REJECT
    escalate_after_s: Whole | None = Field(
        default=None, ge=1, le=365 * DAY_S, description="Seconds until the users in `escalate_to` may decide, too"
    )
    escalate_to: tuple[str, ...] = Field(default=(), max_length=20, description="E-mail addresses of further approvers")

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        deciders = len({*self.approvers, *self.escalate_to}) or 1
        if self.approvers and self.quorum > deciders:
            raise ValueError(
                f"A quorum of {self.quorum} can't be reached by {deciders} approvers. Name more approvers."
            )
        if (self.escalate_after_s is None) != (not self.escalate_to):
            raise ValueError("Set both escalate_after_s and escalate_to, or neither.")
        return self


class PolicyRule(Body):
    """A rule. It applies to a call if all of its patterns match."""

    tool: Pattern = Field(default="*", description="Pattern of tool names, such as `github__*`")
    agent: Pattern = Field(default="*", description="Pattern of agent names")
    arguments: dict[Annotated[str, Field(max_length=200)], Pattern] = Field(
        default_factory=dict,
        max_length=20,
        description='Patterns of arguments by name, such as `{"path": "/reports/*"}`. Nested arguments are named'
        " with dots. An argument that isn't text is compared as JSON.",
    )
    user: Pattern = Field(
        default="*", description="Pattern of the task owner's e-mail address; useful only for the installation's rules"
    )
    verdict: Verdict
    after_untrusted: Flag = Field(
        default=False,
        description="For `allow`: `true` if the call is also allowed to send data out after the task has read untrusted"
        " content",
    )
    reason: str = Field(default="", max_length=500, description="Shown to approvers, or to the agent if it is denied")
    approval: ApprovalTerms = ApprovalTerms()


class Policy(Body):
    """An ordered list of rules. The first rule that applies to a call decides."""

    rules: tuple[PolicyRule, ...] = Field(default=(), max_length=MAX_RULES, fail_fast=True)


class PolicyView(Contract):
    """The rules that apply to a user's tasks, in their order: those of the installation, the user's own, the
    defaults.
    """

    installation: tuple[PolicyRule, ...]
    own: tuple[PolicyRule, ...]


DecidedBy = Literal["installation", "own", "default"]
"""The list that the deciding rule is in."""


class ToolRuling(Contract):
    """What the rules say about calls of a tool whose arguments aren't known yet."""

    verdict: Verdict
    after_untrusted: Verdict = Field(
        description="Verdict after the task has read content from outside, unless the call's destination is trusted"
    )
    reason: str = Field(description="Reason of the rule, or of the default")
    decided_by: DecidedBy = Field(description="The list that the rule is in")
    rule: int | None = Field(description="Position of the rule in that list, from 0. `null` for a default.")
    varies: bool = Field(
        description="`true` if an earlier rule decides for some arguments or, if no agent was named, for some agents"
    )


class PolicyTest(Body):
    """A tool call that is tried against the rules; nothing runs."""

    tool: str = Field(min_length=1, max_length=64, description="Name of the tool")
    agent: str = Field(default="researcher", min_length=1, max_length=60, description="Name of the agent")
    arguments: dict[str, JsonValue] = Field(default_factory=dict, description="Arguments of the call")
    after_untrusted: Flag = Field(
        default=False, description="`true` if the task has read content from outside before the call"
    )


class PolicyTestView(Contract):
    """The ruling on a tried tool call."""

    verdict: Verdict
    reason: str = Field(description="Reason of the rule, or of the default")
    decided_by: DecidedBy = Field(description="The list that the rule is in")
    rule: int | None = Field(description="Position of the rule in that list, from 0. `null` for a default.")
    known: bool = Field(
        description="Whether the tool is known. An unknown tool is treated as one that can change something."
    )
    approval: ApprovalTerms | None = Field(description="Who would have to decide, for `ask`")
