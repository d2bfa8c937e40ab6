"""The cost of a task: in total, by model, by node of its tree, and of each attempt."""

from pydantic import Field

from models.base import Contract
from models.ids import NodePath
from models.model_calls import ModelCallView
from models.tasks import BudgetView
from models.usage import Usage

MAX_ATTEMPTS = 1000


class CostSum(Contract):
    """The totals of a group of attempts."""

    attempts: int = Field(
        description="Number of attempts, including failed attempts and those whose outcome is unknown"
    )
    cost_micro_usd: int = Field(
        description="Cost charged for these attempts. In each list, these costs add up to the task's `spent_micro_usd`."
    )
    in_doubt_micro_usd: int = Field(
        description="Estimated cost of attempts whose outcome is unknown (in doubt), in addition to `cost_micro_usd`"
    )
    usage: Usage
    estimated: bool = Field(
        default=False,
        description="`true` if part of the cost is an estimate because a provider didn't report an attempt's usage",
    )


class ModelCost(CostSum):
    model: str
    simulated: bool


class AgentCost(CostSum):
    agent: str


class NodeCost(CostSum):
    path: NodePath = Field(
        description="Path of the subtask. Empty for the task's own calls, which produce its plan and answer."
    )


class CostView(Contract):
    """The cost of a task. Amounts are in millionths of a US dollar."""

    spent_micro_usd: int
    reserved_micro_usd: int = Field(description="Cost reserved for model calls in flight")
    in_doubt_micro_usd: int = Field(description="Estimated cost of attempts whose outcome is unknown (in doubt)")
    model_calls: int
    usage: Usage
    estimated: bool = Field(default=False, description="`true` if parts of `usage` and `spent_micro_usd` are estimates")
    budget: BudgetView | None
    by_model: tuple[ModelCost, ...]
    by_agent: tuple[AgentCost, ...]
    by_subtask: tuple[NodeCost, ...]
    attempts: tuple[ModelCallView, ...] = Field(
        description=f"Attempts at model calls, oldest first. The list contains at most {MAX_ATTEMPTS} attempts."
    )
