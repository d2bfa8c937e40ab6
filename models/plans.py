"""Plans: a DAG of subtasks, as a caller or a model writes it and as a workflow carries it.

A `PlannedSubtask` contains the full texts. A `PlanNode` is the part of it that a history contains: key, agent, short
title and edges, but no instruction. `problems_of` validates the plans of callers and models alike.
"""

from collections.abc import Collection, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from models.agents import NOT_OFFERED, PLANNER
from models.base import Body, Contract, Flag, Key, OutputSchema, preview_of
from models.wording import instead_of

MAX_DEPTH = 4
MAX_NODES = 200
MAX_IN_FLIGHT = 50
MAX_PROBLEMS = 20
"""Maximum number of problems reported to a model: for each one, the intended name is searched among all names."""
LOOKED_FOR = 5
"""Maximum number of unknown dependencies for which the intended name is searched: a search among 200 takes 3 ms."""
MAX_NAMED = 10
"""Maximum number of subtasks that a message names."""


class PlannedSubtask(Body):
    """One subtask of a plan, with its texts."""

    key: Key = Field(description="Short name, unique in the plan. Other subtasks refer to the subtask by this name.")
    title: str = Field(default="", max_length=120)
    instruction: str = Field(min_length=1, max_length=20_000, description="Instruction for the agent")
    agent: str = Field(default="analyst", max_length=60, description="Name of the agent that works on the subtask")
    depends_on: tuple[str, ...] = Field(
        default=(),
        max_length=MAX_NODES,
        fail_fast=True,
        description="Keys of the subtasks whose results this subtask receives",
    )
    decompose: Flag = Field(default=False, description="`true` to have the subtask planned into smaller subtasks")
    output_schema: OutputSchema | None = None

    @field_validator("depends_on")
    @classmethod
    def _named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names))


class Plan(Body):
    """The answer that a planning model is asked for."""

    subtasks: tuple[PlannedSubtask, ...] = Field(min_length=1, max_length=MAX_NODES)

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema of a plan without the schemas of answers, because planners don't write schemas."""
        schema = super().model_json_schema(*args, **options)
        schema["$defs"]["PlannedSubtask"]["properties"].pop("output_schema")
        schema["$defs"].pop("JsonValue")
        return schema


class PlanNode(Contract):
    """A planned subtask in the form that workflows use."""

    key: str
    agent: str
    title: str = ""
    depends_on: tuple[str, ...] = ()
    decompose: bool = False


def node_of(subtask: PlannedSubtask) -> PlanNode:
    """Return the part of a planned subtask that a history may contain."""
    return PlanNode(
        key=subtask.key,
        agent=subtask.agent,
        title=subtask.title[:80],
        depends_on=subtask.depends_on,
        decompose=subtask.decompose,
    )


class PlanProblem(NamedTuple):
    """A reason why a plan can't run: a sentence, the subtask's index in the plan, and the field at fault."""

    message: str
    subtask: int | None = None
    field: str = ""

    @property
    def place(self) -> str:
        """The path of the problem in a request body whose field `plan` contains the subtasks."""
        return "plan" if self.subtask is None else f"plan.{self.subtask}.{self.field}"


def check_plan(
    subtasks: Sequence[PlannedSubtask],
    *,
    agents: Collection[str],
    depth: int = 1,
    nodes_left: int = MAX_NODES,
    at_most: int = MAX_PROBLEMS,
) -> list[str]:
    """Return the messages of `problems_of` without duplicates, for a model that has to plan again.

    An empty list means that the plan can run.
    """
    problems = problems_of(subtasks, agents=agents, depth=depth, nodes_left=nodes_left, at_most=at_most)
    return list(dict.fromkeys(problem.message for problem in problems))


def problems_of(
    subtasks: Sequence[PlannedSubtask],
    *,
    agents: Collection[str],
    depth: int = 1,
    nodes_left: int = MAX_NODES,
    at_most: int | None = None,
) -> list[PlanProblem]:
    """Return everything that keeps a plan from running; an empty list means that it can run.

    `depth` is the depth at which the plan's subtasks would be (1 directly below the task), and `nodes_left` how many
    more subtasks the task may have. Each problem is one sentence for a person or a model that names the subtask and the
    remedy. For the individual subtasks, at most `at_most` problems are returned.
    """
    problems = [
        *_problems_of_size(subtasks, depth, nodes_left),
        *islice(_problems_of_subtasks(subtasks, agents, depth), at_most),
    ]
    return problems or _cycle_in(subtasks)


def _problems_of_subtasks(
    subtasks: Sequence[PlannedSubtask], agents: Collection[str], depth: int
) -> Iterator[PlanProblem]:
    keys = [subtask.key for subtask in subtasks]
    first = {key: index for index, key in reversed(list(enumerate(keys)))}
    count = 0
    for index, subtask in enumerate(subtasks):
        key = subtask.key
        if first[key] != index:
            yield PlanProblem(f"Key {key!r} is used more than once. Keys must be unique.", index, "key")
        if subtask.agent == PLANNER or subtask.agent not in agents:
            yield PlanProblem(_wrong_agent(subtask, agents), index, "agent")
        if subtask.decompose and depth >= MAX_DEPTH:
            message = f"Subtask {key!r} can't be split further at depth {depth}. Set decompose to false."
            yield PlanProblem(message, index, "decompose")
        for name in subtask.depends_on:
            if name not in first:
                count += 1
                if count > MAX_PROBLEMS:  # without details: there may be thousands
                    yield PlanProblem("The subtask depends on a subtask that is not in the plan.", index, "depends_on")
                    continue
                shown = preview_of(name, 60)
                meant = instead_of(name, first) if count <= LOOKED_FOR else "Use one of the plan's keys."
                message = f"Subtask {key!r} depends on {shown!r}, which is not in the plan. {meant}"
                yield PlanProblem(message, index, "depends_on")


def _wrong_agent(subtask: PlannedSubtask, agents: Collection[str]) -> str:
    why = "can't be given to" if subtask.agent in NOT_OFFERED else "names the unknown agent"
    advice = instead_of(subtask.agent, [name for name in agents if name != PLANNER])
    if subtask.agent == PLANNER:
        advice = f"{advice} To split the subtask further, set decompose to true instead."
    return f"Subtask {subtask.key!r} {why} {subtask.agent!r}. {advice}"


def _problems_of_size(subtasks: Sequence[PlannedSubtask], depth: int, nodes_left: int) -> list[PlanProblem]:
    problems: list[PlanProblem] = []
    splitting = [subtask.key for subtask in subtasks if subtask.decompose]
    room = nodes_left - len(subtasks)
    if room < 0:
        message = (
            f"{len(subtasks)} subtasks are too many. A task can contain at most {MAX_NODES} subtasks, so only"
            f" {nodes_left} can be added to this task. Plan fewer subtasks."
        )
        problems.append(PlanProblem(message))
    elif room < len(splitting):
        message = (
            f"{', '.join(map(repr, splitting[:MAX_NAMED]))} can't be split further. A task can contain at most"
            f" {MAX_NODES} subtasks. This plan leaves room for {room} more, but splits {len(splitting)} of its"
            " subtasks. Set decompose to false, or plan fewer subtasks."
        )
        problems.append(PlanProblem(message))
    if depth > MAX_DEPTH:
        message = (
            f"These subtasks would be at depth {depth}, but a task can contain at most {MAX_DEPTH} levels of subtasks."
            " Answer without planning further."
        )
        problems.append(PlanProblem(message))
    return problems


def _cycle_in(subtasks: Sequence[PlannedSubtask]) -> list[PlanProblem]:
    try:
        TopologicalSorter({s.key: s.depends_on for s in subtasks}).prepare()
    except CycleError as error:
        # The sorter lists the members so that each waits for the one before it, and repeats the first one at the end.
        members: list[str] = error.args[1][:0:-1]
        keys = [subtask.key for subtask in subtasks]
        first = min(range(len(members)), key=lambda n: keys.index(members[n]))
        return [_cyclic([*members[first:], *members[:first]], keys)]
    return []


def _cyclic(members: Sequence[str], keys: Sequence[str]) -> PlanProblem:
    others = [repr(key) for key in (*members[1:], members[0])]
    if len(others) > MAX_NAMED:
        others[MAX_NAMED - 1 : -1] = ["…"]
    # The remedy comes first, because the message to a model may be shortened.
    message = (
        "The plan is cyclic. Remove one of these dependencies from depends_on:"
        f" {members[0]!r} waits for {', which waits for '.join(others)}."
    )
    return PlanProblem(message, keys.index(members[0]), "depends_on")
