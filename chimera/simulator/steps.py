"""Scripted tool calls: `call=search; args={"query": "tea"}; then; ask="Which?"` is two turns with one call each.

A call's details follow it, so several calls can have details of their own. `then` begins the next turn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chimera.simulator.directives import SHOWN_CHARS, THEN, Item
from chimera.simulator.values import count_of

TURN, RESULT, RESULTS = "$turn", "$result", "$results"
"""Placeholders in arguments: the number of the turn, and the newest result of a tool or all of them."""
ASK_TOOL, DELEGATE_TOOL = "ask_person", "delegate"
_TOOLS = {"call": "", "ask": ASK_TOOL, "delegate": DELEGATE_TOOL}
_DETAILS = {
    "args": ("call", "ask", "delegate"),
    "options": ("ask",),
    "default": ("ask",),
    "wait": ("ask",),
    "instruction": ("delegate",),
    "grow": ("delegate",),
    "width": ("delegate",),
}
"""Each detail, and the directives that it can follow."""
_ARGUMENTS = {"default": "default", "wait": "wait_s", "instruction": "instruction"}
"""Details that are arguments of the tool, with their names."""

TOOL_KEYS = tuple(_TOOLS)
"""Directives that demand tool calls."""
STEP_KEYS = (*_TOOLS, *_DETAILS, THEN)


@dataclass(slots=True)
class ScriptedCall:
    """A tool call that a directive demands. The tool may be one that isn't offered."""

    key: str
    """The directive: call, ask or delegate."""
    tool: str
    arguments: dict[str, Any] | None = None
    """None: arguments are generated from the tool's schema."""
    text: str | None = None
    """The arguments as text that is sent as it is, instead of `arguments`."""
    grow: int = 1
    """For `delegate`, the number of levels that are delegated to."""
    width: int = 1
    """For `delegate`, how often the call is made in its turn."""


@dataclass(slots=True)
class Steps:
    """The calls of each turn, in order."""

    turns: list[list[ScriptedCall]] = field(default_factory=lambda: [[]])
    problems: list[str] = field(default_factory=list)

    @property
    def given(self) -> frozenset[str]:
        """The directives that demand calls."""
        return frozenset(call.key for turn in self.turns for call in turn)


def steps_in(items: Sequence[Item]) -> Steps:
    """Read the calls from the items of a directive, with the problems that were found."""
    steps, latest = Steps(), list[ScriptedCall]()
    for item in items:
        if item.key == THEN:
            if not latest:
                steps.problems.append(f"{THEN!r} begins the next turn, so it has to follow call, ask or delegate.")
            steps.turns.append([])
            latest = []
        elif item.key in _TOOLS:
            latest = _calls(item)
            steps.turns[-1] += latest
            if not latest:
                steps.problems.append(f"{item.key!r} needs a value, such as {_EXAMPLES[item.key]}.")
        elif item.key in _DETAILS:
            steps.problems += _add(item, latest)
    if len(steps.turns) > 1 and not steps.turns[-1]:
        steps.problems.append(f"After {THEN!r}, add the calls of the next turn.")
    return steps


_EXAMPLES = {
    "call": "call=calculator",
    "ask": 'ask="Which color?"',
    "delegate": "delegate=analyst",
    "args": 'args={"query": "tea"}',
}


def _calls(item: Item) -> list[ScriptedCall]:
    if item.key == "ask":
        return [ScriptedCall("ask", ASK_TOOL, {"question": item.value})] if item.value else []
    names = [name.strip() for name in item.value.split(",") if name.strip()]
    if item.key == "call":
        return [ScriptedCall("call", name) for name in names]
    return [ScriptedCall("delegate", DELEGATE_TOOL, {"agent": name}) for name in names]


def _add(item: Item, calls: list[ScriptedCall]) -> list[str]:
    """Add a detail to the calls before it, and return the problems."""
    allowed = _DETAILS[item.key]
    if not calls or calls[0].key not in allowed:
        return [f"{item.key!r} has to follow {_listed(allowed)}, such as {_EXAMPLES[allowed[0]]}."]
    try:
        for call in calls:
            _set(item, call)
    except (ValueError, OverflowError, RecursionError):
        known = {"args": f" Use JSON in braces, such as {_EXAMPLES['args']}."}.get(item.key, " Use a positive number.")
        return [f"{item.value[:SHOWN_CHARS]!r} is not a valid value for {item.key!r}.{known}"]
    return []


def _listed(keys: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))


def _set(item: Item, call: ScriptedCall) -> None:
    arguments = call.arguments or {}
    if item.key in ("grow", "width"):
        count = count_of(item.value)
        if count == 0:
            raise ValueError(item.value)
        setattr(call, item.key, count)
    elif item.key == "args" and item.form == "quoted":
        call.text = item.value
    elif item.key == "args":
        call.arguments = arguments | _object(item)
    elif item.key == "options":
        call.arguments = arguments | {"options": [option.strip() for option in item.value.split(",")]}
    else:
        value = _seconds(item.value) if item.key == "wait" else item.value
        call.arguments = arguments | {_ARGUMENTS[item.key]: value}


def _seconds(value: str) -> int | float:
    seconds = float(value)
    return int(seconds) if seconds.is_integer() else seconds


def _object(item: Item) -> dict[str, Any]:
    if item.form != "braced":
        raise ValueError(item.value)
    value = json.loads(f"{{{item.value}}}")
    assert isinstance(value, dict)
    return value
