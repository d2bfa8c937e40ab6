"""The tasks that experiments offer: bodies for POST /api/v1/tasks whose calls the simulator scripts.

They name no model: `Offers` adds the model of its wire.
"""

from collections.abc import Sequence
from typing import Any


def one_call(directives: str, words: str = "Say something about tides.", agent: str = "writer") -> dict[str, Any]:
    """Return a task with one subtask: one model call (more if the agent has tools), no plan and no aggregation."""
    return _task(words, [_subtask("only", f"{words} [[sim: {directives}]]", agent=agent)])


def planned(directives: str, words: str = "Compare tides and seasons.") -> dict[str, Any]:
    """Return a task that a model plans as scripted. Nothing else is scripted except the length of the aggregation."""
    return {"goal": f"{words} [[sim plan: {directives}]] [[sim aggregate: tokens=10]]"}


def quick_then(directives: str, words: str = "Say something about tides.") -> dict[str, Any]:
    """Return a task with three calls: a quick one, a scripted one, and the aggregation."""
    plan = [
        _subtask("quick", "Say a word. [[sim: tokens=10]]"),
        _subtask("scripted", f"{words} [[sim: {directives}]]", depends_on=["quick"]),
    ]
    return _task(f"{words} [[sim aggregate: tokens=10]]", plan)


def chain(directives: Sequence[str], words: str = "Say something about tides.") -> dict[str, Any]:
    """Return a task with subtasks that run one after another, each with a scripted call, and the aggregation."""
    plan = [
        _subtask(f"s{n}", f"{words} [[sim: {script}]]", depends_on=[f"s{n - 1}"] if n else [])
        for n, script in enumerate(directives)
    ]
    return _task(f"{words} [[sim aggregate: tokens=10]]", plan)


def side_by_side(
    directives: str, number: int, aggregate: str = "tokens=10", words: str = "Say something about tides."
) -> dict[str, Any]:
    """Return a task with subtasks that start together, each with the same script, and the aggregation."""
    plan = [_subtask(f"s{n}", f"{words} [[sim: {directives}]]") for n in range(number)]
    return _task(f"{words} [[sim aggregate: {aggregate}]]", plan)


def planned_further(directives: str, words: str = "Compare tides and seasons.") -> dict[str, Any]:
    """Return a task with two subtasks, the first of which a model plans further, as scripted."""
    deep = _subtask("deep", f"{words} [[sim plan: {directives}]]", decompose=True)
    return _task(f"{words} [[sim aggregate: tokens=10]]", [deep, _subtask("flat", "Say a word. [[sim: tokens=10]]")])


def six_calls(call_s: float, words: str = "Say something about tides.") -> dict[str, Any]:
    """Return a task that a model plans: a plan, two subtasks in sequence with two calls each, and the aggregation.

    Both agents have a calculator, so `turns=1` is a call with a tool followed by a call that answers.
    """
    tokens = 20
    sub = f"turns=1,tokens={tokens},drip={tokens / call_s:g}"
    goal = f"{words} [[sim plan: chain=2; sub={chr(34)}{sub}{chr(34)}]] [[sim aggregate: tokens=10]]"
    return {"goal": goal}


def _task(goal: str, plan: list[dict[str, Any]]) -> dict[str, Any]:
    return {"goal": goal, "plan": plan}


def _subtask(key: str, instruction: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "instruction": instruction, "agent": "writer"} | fields
