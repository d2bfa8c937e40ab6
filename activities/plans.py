"""Parses plans from a model's answer: lenient where the meaning is clear, strict where something would be lost.

Field names may be spelled differently, a null stands for a default, and a wrapper around the plan is removed.
Unknown fields are rejected, because they may describe dependencies.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import JsonValue, ValidationError

from chimera.content.json_values import json_in
from chimera.ledger.plans import PlanRoom
from models.base import preview_of
from models.plans import MAX_NODES, Plan, PlannedSubtask, check_plan
from models.wording import fields_at, reportable, sentence_of

MAX_CHARS = 200_000
"""Maximum length of an answer that is parsed: some 100 words for each possible subtask of a task."""
MAX_PROBLEMS = 10
MAX_WRAPPERS = 4
MAX_PLANS = 20
"""Maximum number of plans that are considered in an answer, starting from its end."""
SHAPE = '{"subtasks": [{"key": …, "instruction": …, "agent": …, "depends_on": […]}, …]}'

TOO_LONG = f"plan: It is longer than {MAX_CHARS} characters. Plan fewer subtasks, in fewer words."
CUT_OFF = "plan: It is cut off, or its brackets don't match. Close every bracket. Plan fewer subtasks, in fewer words."

_TITLE_CHARS = 120
_REQUIRED = ("key", "instruction")
_NOTHING = ("", "-", "none", "null", "nil", "n/a", "na", "nothing", "[]")
"""Words that mean an empty list, unless they are the key of a subtask."""
_REMARKS = frozenset(
    (
        "notes",
        "note",
        "reasoning",
        "thoughts",
        "thinking",
        "rationale",
        "assumptions",
        "risks",
        "explanation",
        "analysis",
    )
)
"""Fields beside a plan that can't describe dependencies."""

Read = tuple[tuple[PlannedSubtask, ...], list[str]]
"""Subtasks, or the problems that keep them from running."""
Plans = tuple[Read, ...]
"""The plans in an answer, the likeliest first; at least one."""


def plans_in(answer: str) -> Plans:
    """Find the plans in an answer. Never raises, because the answer is paid for.

    Call this in a thread, because repairing an answer can take a second. The last plan is the likeliest. If a plan is
    cut off, the plans before it don't count, because they would be different plans, or parts of it.
    """
    if len(answer) > MAX_CHARS:
        return (((), [TOO_LONG]),)
    found = json_in(answer)
    if _is_about_a_plan(found.cut_off):
        return (((), [CUT_OFF]),)
    plans = [plan for value in found.values if (plan := _plan_in(value)) is not None]
    if not plans and not found.error and found.values and all(map(_is_subtask, found.values)):
        plans = [{"subtasks": list(found.values)}]
    if plans:
        return tuple(map(_read, reversed(plans[-MAX_PLANS:])))
    if found.error:
        return (((), [f"plan: Invalid JSON: {preview_of(found.error, 80)}."]),)
    return (
        (
            (),
            [f"plan: The answer must have exactly one list of subtasks. Answer only with JSON, as in {SHAPE}."],
        ),
    )


def chosen(plans: Plans, room: PlanRoom, *, depth: int) -> Read:
    """Choose the likeliest plan that can run here; if there is none, return the problems of the first plan."""
    first = _judged(plans[0], room, depth, MAX_PROBLEMS)
    others = (_judged(plan, room, depth, 1) for plan in plans[1:])
    return first if first[0] else next((plan for plan in others if plan[0]), first)


def _judged(plan: Read, room: PlanRoom, depth: int, at_most: int) -> Read:
    subtasks, problems = plan
    if not problems:
        problems = check_plan(subtasks, agents=room.agents, depth=depth, nodes_left=room.nodes_left, at_most=at_most)
    return ((), problems) if problems else plan


def _read(plan: Mapping[str, Any]) -> Read:
    # One more than allowed is enough to report that there are too many.
    subtasks = [_shaped(subtask) for subtask in plan["subtasks"][: MAX_NODES + 1]]
    keys = {str(subtask.get("key")) for subtask in subtasks if isinstance(subtask, dict)}
    for subtask in subtasks:
        if isinstance(subtask, dict) and isinstance(names := subtask.get("depends_on"), list):
            subtask["depends_on"] = [name for name in names if not _is_nothing(name, keys)]
    try:
        checked = Plan.model_validate({**plan, "subtasks": subtasks})
    except ValidationError as error:
        found = reportable([dict(entry) for entry in error.errors()])[:MAX_PROBLEMS]
        return (), [f"{'.'.join(map(str, entry['loc']))}: {_sentence(entry)}" for entry in found]
    typed = [f"subtasks.{index}.output_schema" for index, each in enumerate(checked.subtasks) if each.output_schema]
    return ((), [f"{typed[0]}: Unknown field. Remove it."]) if typed else (checked.subtasks, [])


def _sentence(entry: Mapping[str, Any]) -> str:
    return sentence_of(entry, fields_at(Plan, entry["loc"]))


def _plan_in(value: JsonValue, wrappers: int = 0) -> dict[str, Any] | None:
    """Return the plan that a value is or contains, if any, with the fields that may belong to it."""
    if isinstance(value, list):
        if value and all(map(_is_subtask, value)):
            return {"subtasks": value}
        return _plan_in(value[0], wrappers + 1) if len(value) == 1 and isinstance(value[0], dict) else None
    if not isinstance(value, dict) or wrappers > MAX_WRAPPERS or _is_subtask(value):
        return None
    lists = {name: _listed(_inner(entry)) for name, entry in value.items() if _plain(name) == "subtasks"}
    within = {name: entry for name, entry in value.items() if isinstance(entry, dict | list)}
    texts = {name: entry for name, entry in value.items() if isinstance(entry, str)}
    plans = {name: {"subtasks": listed} for name, listed in lists.items() if listed is not None}
    plans = plans or _plans_within(within, wrappers)
    plans = plans or _plans_within({name: _inner(entry) for name, entry in texts.items()}, wrappers)
    if len(plans) != 1:
        return None
    [(place, plan)] = plans.items()
    # A goal, a thought or other text beside the plan doesn't change it. Edges would, even as text.
    edges = {name: _inner(entry) for name, entry in texts.items() if _plain(name) in _EDGES}
    beside = {
        name: entry
        for name, entry in {**within, **edges}.items()
        if name != place and isinstance(entry, dict | list) and entry and _plain(name) not in _REMARKS
    }
    return {**beside, **plan}


def _plans_within(values: Mapping[str, JsonValue], wrappers: int) -> dict[str, dict[str, Any]]:
    """Return the plans that are wrapped in `values`, by the name of the value that contains each."""
    plans = {name: _plan_in(value, wrappers + 1) for name, value in values.items()}
    return {name: plan for name, plan in plans.items() if plan is not None}


def _inner(value: JsonValue) -> JsonValue:
    """Return the JSON value in a string that contains nothing else; return other values unchanged."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    found = json_in(value)
    return found.values[0] if len(found.values) == 1 and not found.cut_off else value


def _listed(value: JsonValue) -> list[JsonValue] | None:
    """Return subtasks as a list, even if they are strings, or an object by key or number; None for anything else."""
    if isinstance(value, list):
        return [_unwrapped(_inner(subtask)) for subtask in value]
    if not isinstance(value, dict) or not value or not all(isinstance(subtask, dict) for subtask in value.values()):
        return None
    listed: list[JsonValue] = []
    for key, subtask in value.items():
        named = {"key": key, **subtask} if isinstance(subtask, dict) else subtask
        if not _is_subtask(named) or not _is_described(named):
            return None
        listed.append(named)
    return listed


def _unwrapped(subtask: JsonValue) -> JsonValue:
    """Unwrap `{"subtask": {…}}`."""
    if isinstance(subtask, dict) and len(subtask) == 1 and not _is_subtask(subtask):
        inner = next(iter(subtask.values()))
        return inner if _is_subtask(inner) else subtask
    return subtask


def _is_described(subtask: JsonValue) -> bool:
    return isinstance(subtask, dict) and any(_FIELDS.get(_plain(name)) == "instruction" for name in subtask)


def _is_subtask(value: JsonValue) -> bool:
    names = set(map(_plain, value)) if isinstance(value, dict) else set()
    # Synonyms only count if both are present: "id" or "description" alone may belong to anything.
    fields = {_FIELDS.get(name) for name in names}
    return "key" in names or ("subtasks" not in names and ("instruction" in names or fields.issuperset(_REQUIRED)))


def _shaped(subtask: JsonValue) -> JsonValue:
    """Return a subtask with our names for its fields and without nulls that stand for a default."""
    if not isinstance(subtask, dict):
        return subtask
    shaped: dict[str, JsonValue] = {}
    # Our own names come first, so that a synonym of a field that is already present counts as an extra field.
    for name, value in sorted(subtask.items(), key=lambda entry: _plain(entry[0]) not in _OWN_FIELDS):
        field = _FIELDS.get(_plain(name), name)
        if value is not None or field in _REQUIRED:
            shaped[name if field in shaped else field] = _SHAPES.get(field, _as_it_is)(value)
    return shaped


def _key(value: JsonValue) -> JsonValue:
    """Normalize a key. Only the plan itself uses its keys, so changing a number or the case has no effect elsewhere."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return re.sub(r"\s+", "-", value.strip().lower()) if isinstance(value, str) else value


def _keys(value: JsonValue) -> JsonValue:
    value = _inner(value)
    if isinstance(value, str):
        return [_key(name) for name in re.split(r"[,;]", value) if name.strip()]
    return [_key(_key_in(name)) for name in value] if isinstance(value, list) else _keys([value])


def _key_in(value: JsonValue) -> JsonValue:
    """Return the key of a subtask that is given as an object with nothing else; return other values unchanged."""
    return value["key"] if isinstance(value, dict) and value.keys() == {"key"} else value


def _is_nothing(name: JsonValue, keys: Collection[str]) -> bool:
    return name is None or name is False or (isinstance(name, str) and name in _NOTHING and name not in keys)


def _flag(value: JsonValue) -> JsonValue:
    return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


def _name(value: JsonValue) -> JsonValue:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and value.keys() == {"name"}:
        value = value["name"]
    return value.strip().lower() if isinstance(value, str) else value


def _instruction(value: JsonValue) -> JsonValue:
    """Treat an instruction of nothing but dots as empty, because small models copy the ellipses of the example form."""
    return value.strip(" .…") and value if isinstance(value, str) else value


def _title(value: JsonValue) -> JsonValue:
    """Shorten a title that is too long, because titles are only displayed."""
    return preview_of(value.strip(), _TITLE_CHARS) if isinstance(value, str) else value


def _as_it_is(value: JsonValue) -> JsonValue:
    return value


def _is_about_a_plan(words: str) -> bool:
    words = words.lower()
    return any(name in words for name in ("subtask", *_REQUIRED))


def _plain(name: str) -> str:
    """Normalize a field's name, so that dependsOn, Depends-On and depends_on are the same."""
    return re.sub(r"[\W_]+", "", name).lower()


_OWN_FIELDS = {_plain(name): name for name in PlannedSubtask.model_fields}
_FIELDS = _OWN_FIELDS | {
    "dependencies": "depends_on",
    "dependency": "depends_on",
    "depends": "depends_on",
    "deps": "depends_on",
    "requires": "depends_on",
    "prerequisites": "depends_on",
    "id": "key",
    "instructions": "instruction",
    "description": "instruction",
    "prompt": "instruction",
}
_EDGES = frozenset(("edges", *(name for name, field in _FIELDS.items() if field == "depends_on")))
"""Fields beside a plan that may describe dependencies."""
_SHAPES = {
    "key": _key,
    "depends_on": _keys,
    "decompose": _flag,
    "agent": _name,
    "title": _title,
    "instruction": _instruction,
}
