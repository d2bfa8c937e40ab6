"""Expected model calls of a task that hasn't run: their number, tokens and cost, from typical figures.

The figures are assumptions, stated in docs/reference/tasks.md. They are used until there are similar tasks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chimera.content.text import estimate_tokens
from chimera.pricing.prices import Own, cost_of, price_of
from models.agents import BUILT_IN_BY_NAME, COORDINATOR, PLANNER, AgentSpec, AgentView
from models.estimates import Spread
from models.plans import MAX_NODES, PlannedSubtask
from models.tasks import RunLimits
from models.usage import Usage

FRAME_TOKENS = 200
"""What Chimera adds to a prompt."""
AGENTS_TOKENS = 600
"""The list of agents and the form of a plan, in a planner's prompt."""
IMAGE_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Typical:
    """Typical figures of calls."""

    answer_tokens: int
    turns: int
    """Calls per subtask, if its agent has tools."""
    tool_result_tokens: int
    planned: int
    """Subtasks that a model plans."""
    rounds: int
    """Calls for a plan, or for the answer that combines the results."""


LOW = Typical(answer_tokens=400, turns=3, tool_result_tokens=300, planned=3, rounds=1)
HIGH = Typical(answer_tokens=1200, turns=8, tool_result_tokens=1500, planned=8, rounds=2)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a task is expected to need."""

    model_calls: Spread
    tokens: Spread
    cost_micro_usd: Spread
    models: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewTask:
    """What the expected calls of a task depend on. `plan` None: a model plans the subtasks."""

    goal: str
    model: str
    plan: Sequence[PlannedSubtask] | None
    agents: Mapping[str, AgentSpec | AgentView]
    limits: RunLimits
    images: int = 0


@dataclass(frozen=True, slots=True)
class _Call:
    model: str
    usage: Usage


def expected_of(task: NewTask, own_prices: Own) -> Expected:
    """Return what a task is expected to need. Reads price lists, so call it in a thread. Raises UnknownPrice."""
    low, high = (list(_calls_of(task, typical)) for typical in (LOW, HIGH))
    return Expected(
        model_calls=Spread(p50=len(low), p90=len(high)),
        tokens=Spread(p50=sum(map(_tokens_of, low)), p90=sum(map(_tokens_of, high))),
        cost_micro_usd=Spread(p50=_cost_of(low, own_prices), p90=_cost_of(high, own_prices)),
        models=frozenset(call.model for call in (*low, *high)),
    )


def _cost_of(calls: Sequence[_Call], own_prices: Own) -> int:
    prices = {model: price_of(model, own_prices) for model in {call.model for call in calls}}
    return sum(cost_of(call.usage, prices[call.model]) for call in calls)


def _tokens_of(call: _Call) -> int:
    return call.usage.input_tokens + call.usage.output_tokens


def _calls_of(task: NewTask, typical: Typical) -> Iterator[_Call]:
    goal = estimate_tokens(task.goal)
    if task.plan is None:
        yield from _planned_by_a_model(task, typical, goal)
        return
    room = MAX_NODES - len(task.plan)
    for subtask in task.plan:
        asked = estimate_tokens(subtask.instruction)
        given = len(subtask.depends_on) * typical.answer_tokens
        if subtask.decompose and room > 0:
            room -= min(room, typical.planned)
            yield from _planned_by_a_model(task, typical, asked + given)
        else:
            yield from _turns_of(task, typical, task.agents[subtask.agent], asked + given)
    if len(task.plan) > 1:
        yield from _combined(task, typical, goal, len(task.plan))


def _planned_by_a_model(task: NewTask, typical: Typical, asked: int) -> Iterator[_Call]:
    planner = BUILT_IN_BY_NAME[PLANNER]
    for _ in range(typical.rounds):
        yield _call(task, typical, planner, asked + AGENTS_TOKENS)
    # Which agents the planner will choose is unknown; the analyst is the default, and stands for those with tools.
    for _ in range(typical.planned):
        yield from _turns_of(task, typical, BUILT_IN_BY_NAME["analyst"], asked)
    yield from _combined(task, typical, asked, typical.planned)


def _turns_of(task: NewTask, typical: Typical, agent: AgentSpec | AgentView, asked: int) -> Iterator[_Call]:
    most = min(task.limits.max_turns, agent.limits.max_turns or task.limits.max_turns)
    for turn in range(min(typical.turns, most) if agent.tools else 1):
        # Each turn sends the earlier ones again, with the results of their tool calls.
        said = turn * (typical.answer_tokens + typical.tool_result_tokens)
        yield _call(task, typical, agent, asked + said)


def _combined(task: NewTask, typical: Typical, goal: int, results: int) -> Iterator[_Call]:
    for _ in range(typical.rounds):
        yield _call(task, typical, BUILT_IN_BY_NAME[COORDINATOR], goal + results * typical.answer_tokens)


def _call(task: NewTask, typical: Typical, agent: AgentSpec | AgentView, asked: int) -> _Call:
    longest = agent.max_output_tokens
    if agent.name in BUILT_IN_BY_NAME and task.limits.max_output_tokens is not None:
        longest = task.limits.max_output_tokens
    usage = Usage(
        input_tokens=estimate_tokens(agent.prompt) + FRAME_TOKENS + asked + task.images * IMAGE_TOKENS,
        output_tokens=min(typical.answer_tokens, longest),
    )
    return _Call(agent.model or task.model, usage)
