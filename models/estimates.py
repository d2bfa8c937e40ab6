"""Estimates: what a task would probably cost, before it is created."""

from typing import Literal

from pydantic import Field

from models.base import Contract

MIN_SAMPLES = 5
"""The fewest similar tasks that an estimate is based on. With fewer, a single unusual task would decide."""


class Spread(Contract):
    """A typical and a high value."""

    p50: int = Field(description="Typical value: half of the tasks need at most this much")
    p90: int = Field(description="High value: nine of ten tasks need at most this much")


class TaskEstimate(Contract):
    """What a task would probably need. Amounts are in millionths of a US dollar."""

    based_on: Literal["similar_tasks", "prices"] = Field(
        description="`similar_tasks`: your newest completed tasks with the same model and the same agents, or that were"
        " planned by a model too. `prices`: the prices of the models, with typical numbers of calls and tokens."
    )
    samples: int = Field(description="Number of similar tasks that were found, even if they were too few to use")
    model_calls: Spread = Field(description="Number of requests to providers")
    tokens: Spread = Field(description="Number of input and output tokens")
    cost_micro_usd: Spread = Field(description="Cost in millionths of a US dollar")
    duration_ms: Spread | None = Field(
        description="Time from the start to the end, without the time spent waiting for people. `null` if the estimate"
        " is based on prices, which say nothing about it."
    )
    within_budget: bool | None = Field(
        description="Whether the high values fit into the budget in the request. `null` without a budget. Even a task"
        " that fits may wait for a higher budget, because each call's highest possible cost is reserved before it"
        " starts."
    )
    simulated: bool = Field(description="`true` if the built-in simulator would answer at least one of the calls")
