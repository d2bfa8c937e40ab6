"""Decides by rules whether a tool call may run: the first rule that applies counts, and then the defaults.

By default, calls that change nothing are allowed, and others have to be approved. A run that has read content from
outside may have been hijacked, so its calls that send data out have to be approved too, unless their destination is
trusted or a rule says otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pydantic_core import to_json

from models.policies import ApprovalTerms, PolicyRule, Verdict
from models.tools import ToolDefinition

INSTANT = "The tool has no effect and sends nothing, so it is always allowed."
HAS_EFFECTS = "The tool can change something."
READ_UNTRUSTED = "The task has read content from outside, and the tool sends data out."


@dataclass(frozen=True, slots=True)
class PolicyCall:
    """A tool call, as rules see it."""

    definition: ToolDefinition
    arguments: Mapping[str, Any]
    agent: str
    user: str
    """The e-mail address of the task's owner."""
    is_untrusted: bool
    """Whether the run has read content from outside."""
    is_trusted_destination: bool
    """Whether the administrator allows data to be sent to the destination even then."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What happens to a call, and why."""

    verdict: Verdict
    reason: str = ""
    terms: ApprovalTerms = field(default_factory=ApprovalTerms)
    place: int | None = None
    """The position of the rule that applies; None for a default."""


def rule(rules: Iterable[PolicyRule], call: PolicyCall) -> Ruling:
    """Return the ruling on a call. Instant tools, which have no effect and send nothing, are always allowed."""
    if call.definition.instant:
        # They run with the answer that requests them, before any rule is read.
        return Ruling(Verdict.ALLOW, INSTANT)
    place, found = next(((i, each) for i, each in enumerate(rules) if _applies(each, call)), (None, None))
    ruling = _default(call) if found is None else Ruling(found.verdict, found.reason, found.approval, place)
    if ruling.verdict is not Verdict.ALLOW or not _may_leak(call) or (found is not None and found.after_untrusted):
        return ruling
    return Ruling(Verdict.ASK, READ_UNTRUSTED, ruling.terms, place)


def varies(rules: Sequence[PolicyRule], ruling: Ruling, call: PolicyCall) -> bool:
    """Return whether a rule before the deciding one applies to other calls of the tool: those with other arguments,
    or, if the call's agent is empty, those of other agents.
    """
    if call.definition.instant:
        return False
    earlier = rules[: ruling.place]
    return any(
        fnmatchcase(call.definition.name, each.tool)
        and matches_user(each, call.user)
        and (not call.agent or fnmatchcase(call.agent, each.agent))
        for each in earlier
    )


def matches_user(rule: PolicyRule, email: str) -> bool:
    """Return whether a rule can apply to the tasks of a user."""
    return fnmatchcase(email, rule.user)


def _default(call: PolicyCall) -> Ruling:
    if call.definition.reads_only:
        return Ruling(Verdict.ALLOW)
    return Ruling(Verdict.ASK, HAS_EFFECTS)


def _may_leak(call: PolicyCall) -> bool:
    return call.definition.egress and call.is_untrusted and not call.is_trusted_destination


def _applies(rule: PolicyRule, call: PolicyCall) -> bool:
    return (
        fnmatchcase(call.definition.name, rule.tool)
        and fnmatchcase(call.agent, rule.agent)
        and matches_user(rule, call.user)
        and all(_fits(call.arguments, name, pattern) for name, pattern in rule.arguments.items())
    )


def _fits(arguments: Mapping[str, Any], name: str, pattern: str) -> bool:
    """Return whether an argument, named with dots, fits a pattern. A missing argument fits none."""
    value: Any = arguments
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return fnmatchcase(value if isinstance(value, str) else to_json(value).decode(), pattern)
