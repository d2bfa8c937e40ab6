"""Plans: a DAG of subtasks, as a caller or a model writes it and as a workflow carries it.

A `PlannedSubtask` has the words (title, instruction); a `PlanNode` is what a history keeps of it: keys, agents and
edges only. `check_plan` is the one judge of both origins.
"""

from collections.abc import Collection, Sequence
from graphlib import CycleError, TopologicalSorter

from pydantic import Field, field_validator

from models.base import Body, Contract, Flag, Key

MAX_DEPTH = 4
MAX_NODES = 200
MAX_IN_FLIGHT = 50


class PlannedSubtask(Body):
    """One subtask of a plan, with its words."""

    key: Key = Field(description="Short name, unique in the plan; other subtasks refer to it")
    title: str = Field(default="", max_length=120)
    instruction: str = Field(min_length=1, max_length=20_000, description="What the agent is asked to do")
    agent: str = Field(default="analyst", max_length=60, description="Name of the agent that works on it")
    depends_on: tuple[str, ...] = Field(default=(), description="Keys whose results it is given")
    decompose: Flag = Field(default=False, description="Let it be planned into smaller subtasks of its own")

    @field_validator("depends_on")
    @classmethod
    def _named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names))


class Plan(Body):
    """What a planning model is asked to answer with."""

    subtasks: tuple[PlannedSubtask, ...] = Field(min_length=1, max_length=MAX_NODES)


class PlanNode(Contract):
    """A subtask as a workflow knows it."""

    key: str
    agent: str
    title: str = ""
    depends_on: tuple[str, ...] = ()
    decompose: bool = False


def node_of(subtask: PlannedSubtask) -> PlanNode:
    """Leave the words behind: what a history may carry of a planned subtask."""
    return PlanNode(
        key=subtask.key,
        agent=subtask.agent,
        title=subtask.title[:80],
        depends_on=subtask.depends_on,
        decompose=subtask.decompose,
    )


def check_plan(
    subtasks: Sequence[PlannedSubtask], *, agents: Collection[str], depth: int = 1, nodes_left: int = MAX_NODES
) -> list[str]:
    """Name everything that keeps a plan from running; an empty list means that it can.

    `depth` is the depth at which its subtasks would stand (1 directly below the task) and `nodes_left` how many more
    the task may have. Each problem is one sentence that names the subtask and the way out, for a person or a model.
    """
    problems: list[str] = []
    splitting = [subtask.key for subtask in subtasks if subtask.decompose]
    room = nodes_left - len(subtasks)
    if room < 0:
        problems.append(
            f"{len(subtasks)} subtasks are too many: {nodes_left} are left of {MAX_NODES} a task; plan fewer"
        )
    elif room < len(splitting):
        problems.append(
            f"{', '.join(map(repr, splitting[:10]))} can't decompose: of {MAX_NODES} subtasks a task {room} would be"
            f" left for {len(splitting)} to split into; set decompose to false or plan fewer"
        )
    if depth > MAX_DEPTH:
        problems.append(f"depth {depth} is too deep: at most {MAX_DEPTH} levels; answer without planning further")
    keys = [subtask.key for subtask in subtasks]
    problems += [
        f"key {key!r} is used twice; keys must be unique" for key in sorted({k for k in keys if keys.count(k) > 1})
    ]
    for subtask in subtasks:
        if subtask.agent not in agents:
            problems.append(
                f"subtask {subtask.key!r} names unknown agent {subtask.agent!r}; use {', '.join(sorted(agents))}"
            )
        if subtask.decompose and depth >= MAX_DEPTH:
            problems.append(f"subtask {subtask.key!r} can't decompose at depth {depth}; set decompose to false")
        problems += [
            f"subtask {subtask.key!r} depends on {name!r}, which is not in the plan; use one of its keys"
            for name in subtask.depends_on
            if name not in keys
        ]
    return problems or _cycle_in(subtasks)


def _cycle_in(subtasks: Sequence[PlannedSubtask]) -> list[str]:
    try:
        TopologicalSorter({s.key: s.depends_on for s in subtasks}).prepare()
    except CycleError as error:
        return [f"the plan is cyclic: {' → '.join(error.args[1])}; remove one of these dependencies"]
    return []
