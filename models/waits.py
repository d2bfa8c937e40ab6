"""The waits of a task: a tagged union, one contract per kind."""

from typing import Literal

from pydantic import Field

from models.base import Contract
from models.ids import RunId
from models.remedies import Remedy, raise_budget


class BudgetWait(Contract):
    """What a task is waiting for when its budget is used up."""

    kind: Literal["budget"] = "budget"
    limit: str = Field(description="Limit that was reached")
    needed: int | None = Field(default=None, description="Lowest limit that allows the next call")
    message: str = Field(description="Why the next call was rejected")
    remedy: Remedy = Field(
        description="Action that lets the task continue: `raise_budget`, with a limit that allows further calls"
    )


Waiting = BudgetWait
"""All kinds of waits. With a second kind, this becomes `Annotated[… | …, Field(discriminator="kind")]`."""


def budget_wait(run_id: RunId, *, limit: str, message: str, needed: int | None = None) -> BudgetWait:
    """Return the wait of a run whose account rejected a call, from the event `budget.reached`."""
    remedy = raise_budget(run_id, limit, needed)
    return BudgetWait(limit=limit, needed=needed, message=message, remedy=remedy)
