"""Rulings on tool calls: the first rule that applies decides, and the defaults are safe."""

from dataclasses import replace

import pytest

from chimera.tools.policy import HAS_EFFECTS, READ_UNTRUSTED, PolicyCall, rule, varies
from models.policies import PolicyRule, Verdict
from models.tools import ToolDefinition, ToolKind

READS = ToolDefinition(name="read", description="", parameters={}, kind=ToolKind.PURE, reads_only=True)
WRITES = ToolDefinition(name="mail__send", description="", parameters={}, kind=ToolKind.ONCE, egress=True)
FETCHES = READS.model_copy(update={"name": "fetch_page", "egress": True})
INSTANT = READS.model_copy(update={"name": "calculator", "instant": True})


def a_call(
    definition: ToolDefinition = READS,
    *,
    untrusted: bool = False,
    trusted_destination: bool = False,
    **arguments: object,
) -> PolicyCall:
    return PolicyCall(definition, arguments, "clerk", "ann@example.com", untrusted, trusted_destination)


def a_rule(verdict: Verdict = Verdict.ALLOW, **fields: object) -> PolicyRule:
    return PolicyRule.model_validate({"verdict": verdict, **fields})


@pytest.mark.parametrize(
    ("call", "verdict"),
    [
        (a_call(READS), Verdict.ALLOW),
        (a_call(INSTANT), Verdict.ALLOW),
        (a_call(WRITES), Verdict.ASK),
        (a_call(FETCHES), Verdict.ALLOW),
        (a_call(FETCHES, untrusted=True), Verdict.ASK),
        (a_call(FETCHES, untrusted=True, trusted_destination=True), Verdict.ALLOW),
        (a_call(READS, untrusted=True), Verdict.ALLOW),
    ],
    ids=["read", "instant", "effect", "egress", "egress-after-untrusted", "trusted-egress", "read-after-untrusted"],
)
def test_calls_with_effects_ask_by_default(call: PolicyCall, verdict: Verdict) -> None:
    assert rule((), call).verdict is verdict


def test_the_first_rule_that_applies_decides() -> None:
    rules = (a_rule(Verdict.DENY, tool="other"), a_rule(Verdict.DENY, reason="Never."), a_rule(Verdict.ALLOW))
    ruling = rule(rules, a_call())
    assert (ruling.verdict, ruling.reason) == (Verdict.DENY, "Never.")


@pytest.mark.parametrize(
    ("fields", "applies"),
    [
        ({"tool": "mail__*"}, True),
        ({"tool": "Mail__*"}, False),
        ({"agent": "clerk"}, True),
        ({"agent": "writer"}, False),
        ({"user": "*@example.com"}, True),
        ({"user": "*@example.org"}, False),
        ({"arguments": {"to": "*@example.com"}}, True),
        ({"arguments": {"to": "*@example.org"}}, False),
        ({"arguments": {"copy.count": "2"}}, True),
        ({"arguments": {"missing": "*"}}, False),
        ({"arguments": {"to": "*@example.com", "missing": "*"}}, False),
    ],
)
def test_a_rule_applies_if_all_patterns_match(fields: dict[str, object], applies: bool) -> None:
    call = a_call(WRITES, to="bob@example.com", copy={"count": 2})
    assert (rule((a_rule(Verdict.DENY, **fields),), call).verdict is Verdict.DENY) == applies


def test_an_allowed_effect_needs_no_approval() -> None:
    assert rule((a_rule(tool="mail__*"),), a_call(WRITES)).verdict is Verdict.ALLOW


def test_untrusted_content_overrides_a_plain_allowance() -> None:
    ruling = rule((a_rule(tool="mail__*"),), a_call(WRITES, untrusted=True))
    assert (ruling.verdict, ruling.reason) == (Verdict.ASK, READ_UNTRUSTED)


def test_a_rule_may_allow_egress_after_untrusted_content() -> None:
    rules = (a_rule(tool="mail__*", after_untrusted=True),)
    assert rule(rules, a_call(WRITES, untrusted=True)).verdict is Verdict.ALLOW


def test_the_default_says_why_it_asks() -> None:
    assert rule((), a_call(WRITES)).reason == HAS_EFFECTS


@pytest.mark.parametrize(
    ("earlier", "agent", "expected"),
    [
        ({"arguments": {"path": "/x"}}, "", True),
        ({"arguments": {"path": "/x"}}, "clerk", True),
        ({"agent": "poet"}, "", True),
        ({"agent": "poet"}, "clerk", False),
        ({"tool": "other", "agent": "poet"}, "", False),
        ({"user": "bob@example.com", "agent": "poet"}, "", False),
    ],
    ids=["arguments", "arguments-of-an-agent", "agent", "another-agent", "another-tool", "another-user"],
)
def test_a_ruling_varies_by_earlier_rules(earlier: dict[str, object], agent: str, expected: bool) -> None:
    rules = (a_rule(Verdict.DENY, **earlier), a_rule(Verdict.ALLOW))
    call = replace(a_call(), agent=agent)
    ruling = rule(rules, call)
    assert (ruling.place, varies(rules, ruling, call)) == (1, expected)
    assert varies(rules[:1], rule(rules[:1], call), call) is expected


def test_instant_tools_are_always_allowed() -> None:
    rules = (a_rule(Verdict.DENY),)
    ruling = rule(rules, a_call(INSTANT))
    assert (ruling.verdict, ruling.place, varies(rules, ruling, a_call(INSTANT))) == (Verdict.ALLOW, None, False)
