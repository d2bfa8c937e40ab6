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
from chimera.simulator.steps import STEP_KEYS, TOOL_KEYS, ScriptedCall, steps_in
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
    reading = _Reading(purpose)
    for number, text in enumerate(texts):
        reading.take(text, since[number] if since else 1)
    return reading.script()


class _Reading:
    """Collects the directives of several texts."""

    def __init__(self, purpose: Purpose) -> None:
        self._purpose = purpose
        self._values: dict[str, Item] = {}
        self._steps: tuple[tuple[ScriptedCall, ...], ...] = ()
        self._since = 1
        self._problems: list[str] = []

    def take(self, text: str, since: int) -> None:
        """Read a text's directives, which override those of earlier texts."""
        directives = [each for each in directives_in(text) if _is_read(each.scope, self._purpose)]
        keys = {item.key for directive in directives for item in directive.items}
        if keys.intersection(TOOL_KEYS) and "turns" not in keys:
            # The number of turns belongs to the calls of an earlier text.
            self._values.pop("turns", None)
        if keys.intersection((*TOOL_KEYS, "turns")):
            self._since = since
        for directive in directives:
            self._problems += [directive.problem] if directive.problem else []
            self._values |= {item.key: item for item in directive.items}
            found = steps_in(directive.items)
            self._problems += found.problems
            self._steps = tuple(map(tuple, found.turns)) if found.given else self._steps

    def script(self) -> Script:
        """Return the merged script. Raises ScriptError."""
        problems = [*_unknown([key for key in self._values if key not in _KEYS]), *self._problems]
        read = {key: parsed(item, problems) for key, item in self._values.items() if key in PARSERS}
        if problems:
            raise ScriptError(" ".join(problems[:_MOST_PROBLEMS]))
        return Script(**read, steps=self._steps, since=self._since)  # type: ignore[arg-type]


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
