"""Agents: a role, a prompt, tools and, optionally, a model. Built-in agents are defined here, others in the table."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from models.base import AGENT_NAME, Body, Contract, Fallbacks, ModelRef, Number, OutputSchema, Whole
from models.ids import AgentId, UserId
from models.pages import Page
from models.shares import Right

ReasoningEffort = Literal["none", "low", "medium", "high"]

AgentName = Annotated[str, StringConstraints(pattern=AGENT_NAME)]


AnswerTokens = Annotated[Whole, Field(ge=16, le=131_072)]
"""Maximum number of tokens in a model call's answer."""


IDENTICAL_CALLS = 3
"""Default of `AgentLimits.max_identical_calls`."""
MAX_SECONDS = 30 * 24 * 3600


class AgentLimits(Body):
    """Limits on each subtask that an agent works on.

    When a limit other than the cost is reached, the agent's next turn is its last one: it can't call tools, and its
    answer is final. A call that could exceed the maximum cost fails the subtask.
    """

    max_turns: Whole | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Maximum number of model calls per subtask. The task's `limits.max_turns` applies too.",
    )
    max_tool_calls: Whole | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Number of tool calls per subtask after which the agent has to answer. The tool calls of a turn"
        " always run together.",
    )
    max_identical_calls: Whole = Field(
        default=IDENTICAL_CALLS,
        ge=2,
        le=100,
        description="Number of turns in a row with the same tool calls after which the agent has to answer",
    )
    max_seconds: Whole | None = Field(
        default=None,
        ge=1,
        le=MAX_SECONDS,
        description="Seconds after the start of a subtask after which the agent has to answer. Waiting counts too.",
    )
    max_cost_micro_usd: Whole | None = Field(
        default=None,
        ge=1,
        le=10**13,
        description="Maximum cost of an agent's own model calls per subtask, in millionths of a US dollar. A call that"
        " could exceed it fails the subtask.",
    )


class AgentSpec(Body):
    """A custom agent, as its owner defines it."""

    name: AgentName
    role: str = Field(default="custom", max_length=40)
    description: str = Field(default="", max_length=500, description="When the planner should choose this agent")
    prompt: str = Field(min_length=1, max_length=20_000, description="System prompt for the agent")
    model: ModelRef | None = Field(
        default=None, description="Model for the agent, as `provider/model`. Default: the task's model."
    )
    fallbacks: Fallbacks = Field(
        default=(), description="Fallback models. When a model fails, the next one in this list is tried."
    )
    tools: tuple[str, ...] = Field(default=(), max_length=32, fail_fast=True)
    temperature: Number | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Sampling temperature. Not sent to models that don't accept a temperature.",
    )
    reasoning_effort: ReasoningEffort | None = Field(
        default=None, description="Reasoning effort, for reasoning models. Default: the model's default."
    )
    max_output_tokens: AnswerTokens = 2048
    limits: AgentLimits = AgentLimits()
    output_schema: OutputSchema | None = None


class AgentView(Contract):
    """An agent as returned by the API, in its newest version."""

    id: AgentId | None = Field(default=None, description="ID of the agent. `null` for built-in agents.")
    owner_id: UserId | None = Field(
        default=None, description="ID of the user who owns the agent. `null` for built-in agents."
    )
    name: str
    role: str
    description: str
    prompt: str
    model: str | None
    fallbacks: tuple[str, ...] = ()
    tools: tuple[str, ...]
    temperature: float | None
    reasoning_effort: ReasoningEffort | None
    max_output_tokens: int
    limits: AgentLimits = AgentLimits()
    output_schema: OutputSchema | None = None
    built_in: bool
    version: int | None = Field(default=None, description="Newest version. `null` for built-in agents.")
    active: bool = Field(default=True, description="Whether new tasks and schedules can use the agent")
    right: Right | None = Field(
        default=None,
        description="Your right to an agent that another user shares with you. `null` for built-in and own agents.",
    )


PLANNER = "planner"
COORDINATOR = "coordinator"

BUILT_IN: tuple[AgentSpec, ...] = (
    AgentSpec(
        name=PLANNER,
        role="planner",
        description="Splits a goal into subtasks.",
        prompt=(
            "You split a goal into the fewest subtasks that can be worked on separately. Let subtasks run in parallel"
            " where nothing forces an order. Give each one everything it needs in its instruction: an agent sees only"
            " its own instruction and the results of the subtasks it depends on."
        ),
    ),
    AgentSpec(
        name=COORDINATOR,
        role="coordinator",
        description="Combines the results of subtasks into one answer.",
        prompt=(
            "You are given a goal and the results of the subtasks that worked on it. Write the one answer that the"
            " person who set the goal should read. Where results contradict each other or are missing, say so."
        ),
    ),
    AgentSpec(
        name="researcher",
        role="researcher",
        description="Searches the web, reads pages, and names the source of each fact.",
        prompt=(
            "You collect facts that bear on the question. Search the web, read the best pages, and name the source of"
            " each fact. Separate what you read from what you already know and what you infer. If web search isn't"
            " configured or a page can't be read, say so. Never name a source that you haven't read."
        ),
        tools=("web_search", "fetch_page", "calculator", "current_time"),
    ),
    AgentSpec(
        name="analyst",
        role="analyst",
        description="Works out numbers, compares options and draws conclusions.",
        prompt=(
            "You analyze. Compute every figure with a tool: single expressions with calculator, anything longer with"
            " run_python. Show the figures that carry your conclusion, and end with the conclusion in one sentence."
        ),
        tools=("calculator", "run_python"),
    ),
    AgentSpec(
        name="writer",
        role="writer",
        description="Writes clear prose from given material, in its answer or in a file.",
        prompt=(
            "You write clear, plain prose from the material that you are given. You add no facts of your own. Read the"
            " task's files if your instruction refers to them. If it asks for a file, write it, and name it in your"
            " answer."
        ),
        tools=("read_file", "list_files", "write_file"),
    ),
    AgentSpec(
        name="coder",
        role="coder",
        description="Writes code, tries out Python, and explains how to run it.",
        prompt=(
            "You write small, correct, readable programs and explain how to run them. Try out Python with run_python,"
            " as far as its sandbox allows, and say what you couldn't try. Write a program that is longer than a page"
            " to a file, and name it in your answer."
        ),
        tools=("run_python", "write_file", "read_file", "list_files"),
    ),
    AgentSpec(
        name="reviewer",
        role="reviewer",
        description="Checks another agent's work, including its files and figures, and lists its problems.",
        prompt=(
            "You check the work that you are given against its instruction. Read the files that it names, and"
            " recalculate its figures. List each problem with its severity and a suggested fix."
        ),
        tools=("calculator", "read_file", "list_files"),
    ),
    AgentSpec(
        name="critic",
        role="critic",
        description="Makes the best case against a proposal.",
        prompt="You make the strongest honest case against what you are given, and say what would change your mind.",
    ),
)

BUILT_IN_BY_NAME = {agent.name: agent for agent in BUILT_IN}


def with_built_in(specs: Iterable[object]) -> dict[str, AgentSpec]:
    """Return all agents of a user by name: the built-in ones, then the user's own, as stored in the table."""
    own = [AgentSpec.model_validate(spec) for spec in specs]
    return BUILT_IN_BY_NAME | {agent.name: agent for agent in own}


NOT_OFFERED = frozenset({PLANNER, COORDINATOR})
"""Agents that aren't offered to planning models, because they work before and after the subtasks. A caller's own plan
may use the coordinator to combine some results. The planner is rejected there too, because its answer would be a plan
that never runs.
"""


class AgentPage(Page):
    """A page of agents: the built-in ones, then your own by name."""

    items: tuple[AgentView, ...]
