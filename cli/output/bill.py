"""A task's cost and limits in words, the same in every command."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from cli.output.text import count
from models.base import usd
from models.costs import CostView
from models.events import BudgetRaised
from models.tasks import BudgetView

ESTIMATED = "~"
"""Marks counts and costs that are estimates, at least in part, because a provider reported no usage."""


def marked(amount: str, *, estimated: bool) -> str:
    """Return an amount, marked if it is an estimate."""
    return f"{ESTIMATED}{amount}" if estimated else amount


def spent_of(cost: CostView) -> str:
    """Describe the booked cost and usage."""
    spent = marked(usd(cost.spent_micro_usd), estimated=cost.estimated)
    tokens = marked(count(cost.usage.input_tokens + cost.usage.output_tokens, "token"), estimated=cost.estimated)
    return f"{spent} for {count(cost.model_calls, 'model request')}, {tokens}"


def in_doubt_of(cost: CostView) -> str:
    """Describe the cost in doubt; empty if there is none."""
    if not cost.in_doubt_micro_usd:
        return ""
    amount = f"at most {usd(cost.in_doubt_micro_usd)}"
    return f"{amount} for requests whose outcome is unknown, which counts toward the budget"


def limits_of(budget: BudgetView | BudgetRaised | None) -> str:
    """List the limits that are set; empty if there are none."""
    if budget is None:
        return ""
    limits = (
        usd(budget.max_cost_micro_usd) if budget.max_cost_micro_usd is not None else "",
        count(budget.max_tokens, "token") if budget.max_tokens is not None else "",
        count(budget.max_model_calls, "request") if budget.max_model_calls is not None else "",
    )
    return ", ".join(filter(None, limits))


def as_option(limit: str, amount: int) -> str:
    """Return a limit as an option. Dollars are exact to the millionth, because a lower limit wouldn't be enough."""
    if limit == "max_cost_micro_usd":
        return f"--usd {(Decimal(amount) / 1_000_000).normalize():f}"
    return f"{'--tokens' if limit == 'max_tokens' else '--requests'} {amount}"


def in_a_column(amounts: Iterable[int]) -> Callable[[int], str]:
    """Return a formatter for a column of amounts, with as many decimal places as the amounts need to add up."""
    every = list(amounts)
    digits = next((digits for digits in (2, 4) if all(amount % 10 ** (6 - digits) == 0 for amount in every)), 6)
    return lambda micro_usd: f"${micro_usd / 1e6:,.{digits}f}"
