"""The script: the directives of one request, such as `[[sim: delay=2; tokens=50]]`, merged and validated.

Directives are read from the first user message and from guidance, but never from other subtasks' results or from
replies, so that they can't spread. Misspelt ones are rejected with status 400, all of them at once: a test that injects
a fault must not pass without it. Valid directives without effect are handled in `idle`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Literal

from chimera.simulator.directives import SHOWN_CHARS, Item, directives_in
from chimera.simulator.steps import STEP_KEYS, ScriptedCall, steps_in
from chimera.simulator.values import PARSERS, parsed

Purpose = Literal["plan", "turn", "aggregate"]

_MOST_UNKNOWN = 8
_MOST_PROBLEMS = 4
"""All unknown keys together count as one problem."""
_KEYS = (*PARSERS, *STEP_KEYS)
_RENAMED = {"tool": "call"}


class ScriptError(ValueError):
    """An invalid directive."""


@dataclass(frozen=True, slots=True)
class Script:
    """The merged directives of one request. Every key of the syntax is a field, except those of `steps`."""

    # When: only for the first `times` arrivals of a call (rounds of a plan), this share of all calls, or this model.
    times: int | None = None
    share: float = 1.0
    model: str = ""
    # Speed.
    delay: float = 0.0
    drip: float | None = None
    # Length.
    tokens: int | None = None
    bytes: int | None = None
    # Content.
    turns: int = 0
    same: bool = False
    say: str = ""
    obey: bool = False
    badjson: int = 0
    wrongjson: int = 0
    split: int | None = None
    chain: int | None = None
    sub: str = ""
    """Directives for subtasks, as they are written into their instructions."""
    agent: str = ""
    nest: int = 0
    # Faults.
    status: int | None = None
    code: str = ""
    retry_after: str = ""
    hang: bool = False
    cut: str = ""
    finish: str = ""
    html: bool = False
    garbage: bool = False
    shape: bool = False
    null: bool = False
    poison: int = 0
    badargs: bool = False
    nousage: bool = False
    badplan: str = ""
    # Not keys of the syntax.
    steps: tuple[tuple[ScriptedCall, ...], ...] = ()
    """The tool calls of each turn."""
    since: int = 1
    """The first turn that could see the directives for tool calls. Guidance may arrive in a later one."""

    @property
    def cuts_a_call(self) -> bool:
        """Whether the answer is cut in a tool call instead of in its text."""
        return self.cut.startswith("in_tool_args")

    def given(self) -> frozenset[str]:
        """Return the keys that differ from the defaults, and those that demand tool calls."""
        keys = [key for key in PARSERS if getattr(self, key) != getattr(_NOTHING, key)]
        return frozenset([*keys, *(call.key for step in self.steps for call in step)])

    def without_faults(self) -> "Script":
        """Return the script without its faults, for an arrival to which they don't apply."""
        return replace(self, **{name: getattr(_NOTHING, name) for name in FAULTS})


def read_script(texts: Sequence[str], purpose: Purpose, since: Sequence[int] = ()) -> Script:
    """Merge the directives in `texts` that apply to this purpose; later ones win. Raises `ScriptError`.

    `[[sim plan: …]]` applies only to planning. `[[sim: …]]` applies to turns, and to the aggregation for the goal that
    contains it. `since` is the turn in which each text arrived; default: 1.
    """
    values, problems = dict[str, Item](), list[str]()
    steps: tuple[tuple[ScriptedCall, ...], ...] = ()
    begins = 1
    for number, text in enumerate(texts):
        for directive in directives_in(text):
            problems += [directive.problem] if directive.problem and _is_read(directive.scope, purpose) else []
            items = directive.items if _is_read(directive.scope, purpose) else ()
            values |= {item.key: item for item in items}
            found = steps_in(items)
            problems += found.problems
            steps = tuple(map(tuple, found.turns)) if found.given else steps
            if found.given or any(item.key == "turns" for item in items):
                begins = since[number] if since else 1
    problems[:0] = _unknown([key for key in values if key not in _KEYS])
    read = {key: parsed(item, problems) for key, item in values.items() if key in PARSERS}
    if problems:
        raise ScriptError(" ".join(problems[:_MOST_PROBLEMS]))
    return Script(**read, steps=steps, since=begins)  # type: ignore[arg-type]


def _is_read(scope: str | None, purpose: Purpose) -> bool:
    """Return whether a directive applies to a purpose. A misspelt scope is a problem for every purpose."""
    return scope is None or scope == purpose or (not scope and purpose != "plan")


def _unknown(keys: list[str]) -> list[str]:
    """Return the error for unknown keys, with the likely intended ones."""
    if not keys:
        return []
    shown = keys[:_MOST_UNKNOWN]
    named = ", ".join(repr(key[:SHOWN_CHARS]) for key in shown)
    if len(keys) > len(shown):
        named += f" and {len(keys) - len(shown)} more"
    close = [[_RENAMED[key]] if key in _RENAMED else get_close_matches(key[:SHOWN_CHARS], _KEYS, n=1) for key in shown]
    meant = ", ".join(dict.fromkeys(repr(key) for found in close for key in found))
    advice = f"Did you mean {meant}?" if meant else "All directives are listed in docs/reference/simulator.md."
    return [f"There is no directive {named}. {advice}"]


FAULTS = (
    "status",
    "hang",
    "cut",
    "finish",
    "html",
    "garbage",
    "shape",
    "null",
    "poison",
    "badargs",
    "nousage",
    "badplan",
    "delay",
)
_NOTHING = Script()

assert {*PARSERS, "steps", "since"} == {field.name for field in fields(Script)}
