"""The tasks that experiments offer: bodies of POST /api/v1/tasks whose calls the simulator scripts.

Without a model: `Offers` names the one of its wire.
"""

from collections.abc import Sequence
from typing import Any


def one_call(directives: str, words: str = "Say something about tides.", agent: str = "writer") -> dict[str, Any]:
    """A task of one subtask: one model call (more with an agent that has tools), no plan and no aggregation."""
    return _task(words, [_subtask("only", f"{words} [[sim: {directives}]]", agent=agent)])


def planned(directives: str, words: str = "Compare tides and seasons.") -> dict[str, Any]:
    """A task that a model plans as scripted; the rest goes without a script."""
    return {"goal": f"{words} [[sim plan: {directives}]] [[sim aggregate: tokens=10]]"}


def quick_then(directives: str, words: str = "Say something about tides.") -> dict[str, Any]:
    """A task of three calls: a quick one, one that is scripted, and the aggregation."""
    plan = [
        _subtask("quick", "Say a word. [[sim: tokens=10]]"),
        _subtask("scripted", f"{words} [[sim: {directives}]]", depends_on=["quick"]),
    ]
    return _task(f"{words} [[sim aggregate: tokens=10]]", plan)


def chain(directives: Sequence[str], words: str = "Say something about tides.") -> dict[str, Any]:
    """A task of subtasks one after the other, a scripted call each, and the aggregation."""
    plan = [
        _subtask(f"s{n}", f"{words} [[sim: {script}]]", depends_on=[f"s{n - 1}"] if n else [])
        for n, script in enumerate(directives)
    ]
    return _task(f"{words} [[sim aggregate: tokens=10]]", plan)


def side_by_side(
    directives: str, number: int, aggregate: str = "tokens=10", words: str = "Say something about tides."
) -> dict[str, Any]:
    """A task of subtasks that start together, each with the same script, and the aggregation."""
    plan = [_subtask(f"s{n}", f"{words} [[sim: {directives}]]") for n in range(number)]
    return _task(f"{words} [[sim aggregate: {aggregate}]]", plan)


def planned_further(directives: str, words: str = "Compare tides and seasons.") -> dict[str, Any]:
    """A task of two subtasks, of which a model plans the first one further, as scripted."""
    deep = _subtask("deep", f"{words} [[sim plan: {directives}]]", decompose=True)
    return _task(f"{words} [[sim aggregate: tokens=10]]", [deep, _subtask("flat", "Say a word. [[sim: tokens=10]]")])


def six_calls(call_s: float, words: str = "Say something about tides.") -> dict[str, Any]:
    """A task that a model plans: a plan, two subtasks of two calls one after the other, and the aggregation.

    Both agents are given a calculator, so `turns=1` is a call with a tool and a call that answers.
    """
    tokens = 20
    sub = f"turns=1,tokens={tokens},drip={tokens / call_s:g}"
    goal = f"{words} [[sim plan: chain=2; sub={chr(34)}{sub}{chr(34)}]] [[sim aggregate: tokens=10]]"
    return {"goal": goal}


def _task(goal: str, plan: list[dict[str, Any]]) -> dict[str, Any]:
    return {"goal": goal, "plan": plan}


def _subtask(key: str, instruction: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "instruction": instruction, "agent": "writer"} | fields
