"""Numbers for a home page: a user's tasks by status, what waits for the user, and today's cost."""

from pydantic import Field

from models.analytics import Period
from models.base import Contract
from models.runs import RunStatus

MAX_COUNTED = 1000
"""Each number is counted up to this one, so that the queries stay cheap."""

_UP_TO = f"Counted up to {MAX_COUNTED}."


class WaitingCounts(Contract):
    """What waits for a user."""

    approvals: int = Field(
        description=f"Number of tool calls, and of their unknown outcomes, that you can decide about. {_UP_TO}"
    )
    questions: int = Field(description=f"Number of agents' questions that you can answer. {_UP_TO}")
    budgets: int = Field(description=f"Number of your tasks and replies that wait for a higher budget. {_UP_TO}")


class TodaysCost(Contract):
    """The cost of the model calls of all your runs that started today. Amounts are in millionths of a US dollar."""

    period: Period = Field(description="The day, up to the end of the current quarter of an hour")
    cost_micro_usd: int = Field(description="Cost in millionths of a US dollar, including that of simulated calls")
    simulated_micro_usd: int = Field(description="Part of the cost that the built-in simulator invented")
    in_doubt_micro_usd: int = Field(description="Estimated cost of attempts whose outcome is unknown (in doubt)")


class TaskCounts(Contract):
    """The numbers of your own tasks, what waits for you, and today's cost."""

    by_status: dict[RunStatus, int] = Field(description=f"Number of your tasks in each state. {_UP_TO}")
    waiting: WaitingCounts = Field(description="What waits for you")
    unread_notifications: int = Field(description=f"Number of notifications that you haven't read. {_UP_TO}")
    today: TodaysCost = Field(description="Cost of today")
