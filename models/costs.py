"""What a task has cost: in all, by model, by node of its tree, and every attempt at a provider."""

from pydantic import Field

from models.base import Contract
from models.ids import NodePath
from models.model_calls import ModelCallView
from models.tasks import BudgetView
from models.usage import Usage

MAX_ATTEMPTS = 1000


class CostSum(Contract):
    """Some attempts, added up."""

    attempts: int = Field(description="Failed and in-doubt ones included")
    cost_micro_usd: int = Field(description="What is booked: all of these add up to `spent_micro_usd`")
    in_doubt_micro_usd: int = Field(description="Beside it: the estimate of those whose end nobody saw")
    usage: Usage
    estimated: bool = Field(
        default=False, description="true where the provider of at least one told no usage: that share is our estimate"
    )


class ModelCost(CostSum):
    model: str
    simulated: bool


class AgentCost(CostSum):
    agent: str


class NodeCost(CostSum):
    path: NodePath = Field(description="Empty for the task's own calls: its plan and its answer")


class CostView(Contract):
    """The bill of a task. Money is in millionths of a US dollar."""

    spent_micro_usd: int
    reserved_micro_usd: int = Field(description="Held for model calls in flight")
    in_doubt_micro_usd: int = Field(description="Estimated cost of attempts whose end nobody saw")
    model_calls: int
    usage: Usage
    estimated: bool = Field(default=False, description="true where `usage` and `spent_micro_usd` are so in part")
    budget: BudgetView | None
    by_model: tuple[ModelCost, ...]
    by_agent: tuple[AgentCost, ...]
    by_subtask: tuple[NodeCost, ...]
    attempts: tuple[ModelCallView, ...] = Field(description=f"Oldest first, at most {MAX_ATTEMPTS}")
