"""What a task has cost: in all, by model, by node of its tree, and every attempt at a provider."""

from pydantic import Field

from models.base import Contract
from models.ids import NodePath
from models.model_calls import ModelCallView
from models.tasks import Budget, Usage

MAX_ATTEMPTS = 1000


class CostSum(Contract):
    """Some attempts, added up."""

    attempts: int = Field(description="Failed and doubtful ones included")
    cost_micro_usd: int
    usage: Usage


class ModelCost(CostSum):
    model: str
    simulated: bool


class NodeCost(CostSum):
    path: NodePath


class CostView(Contract):
    """The bill of a task. Money is in millionths of a US dollar."""

    spent_micro_usd: int
    reserved_micro_usd: int = Field(description="Held for model calls in flight")
    doubtful_micro_usd: int = Field(description="Estimated cost of attempts whose end nobody saw")
    model_calls: int
    usage: Usage
    budget: Budget | None
    by_model: tuple[ModelCost, ...]
    by_subtask: tuple[NodeCost, ...]
    attempts: tuple[ModelCallView, ...] = Field(description=f"Oldest first, at most {MAX_ATTEMPTS}")
