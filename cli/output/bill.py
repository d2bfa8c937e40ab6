"""What a task has cost and may cost, in words: the same in every command."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from cli.output.text import count
from models.base import usd
from models.costs import CostView
from models.events import BudgetRaised
from models.tasks import BudgetView

ESTIMATED = "~"
"""Before counts and costs of which a provider told no usage, so that they are our estimate, at least in part."""


def marked(amount: str, *, estimated: bool) -> str:
    """An amount, with the sign of an estimate where it is one."""
    return f"{ESTIMATED}{amount}" if estimated else amount


def spent_of(cost: CostView) -> str:
    """Say what is booked, and for how much."""
    spent = marked(usd(cost.spent_micro_usd), estimated=cost.estimated)
    tokens = marked(count(cost.usage.input_tokens + cost.usage.output_tokens, "token"), estimated=cost.estimated)
    return f"{spent} for {count(cost.model_calls, 'request')} to models, {tokens}"


def in_doubt_of(cost: CostView) -> str:
    """Say what may have been spent beside that; nothing where nothing is in doubt."""
    if not cost.in_doubt_micro_usd:
        return ""
    return f"at most {usd(cost.in_doubt_micro_usd)}, for requests whose end nobody saw (they count for the budget)"


def limits_of(budget: BudgetView | BudgetRaised | None) -> str:
    """Name the limits that are set; nothing without any."""
    if budget is None:
        return ""
    limits = (
        usd(budget.max_cost_micro_usd) if budget.max_cost_micro_usd is not None else "",
        count(budget.max_tokens, "token") if budget.max_tokens is not None else "",
        count(budget.max_model_calls, "request") if budget.max_model_calls is not None else "",
    )
    return ", ".join(filter(None, limits))


def as_option(limit: str, amount: int) -> str:
    """Write a limit as commands take it; dollars to the millionth, because what is rounded down would not do."""
    if limit == "max_cost_micro_usd":
        return f"--usd {(Decimal(amount) / 1_000_000).normalize():f}"
    return f"{'--tokens' if limit == 'max_tokens' else '--requests'} {amount}"


def in_a_column(amounts: Iterable[int]) -> Callable[[int], str]:
    """Return how amounts that stand below each other are written: with as many digits as it takes to add them up."""
    every = list(amounts)
    digits = next((digits for digits in (2, 4) if all(amount % 10 ** (6 - digits) == 0 for amount in every)), 6)
    return lambda micro_usd: f"${micro_usd / 1e6:,.{digits}f}"
