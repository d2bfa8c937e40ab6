"""Prints the estimate of a task: a typical and a high value of each figure, and what it is based on."""

from datetime import timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_prose
from cli.output.tables import print_table
from cli.output.text import count
from models.base import usd
from models.estimates import Spread, TaskEstimate


def print_estimate(estimate: TaskEstimate) -> None:
    """Print an estimate."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("Typical", "High"):
        table.add_column(heading, no_wrap=True, justify="right")
    calls, tokens, cost, took = estimate.model_calls, estimate.tokens, estimate.cost_micro_usd, estimate.duration_ms
    table.add_row("Requests", f"{calls.p50:,}", f"{calls.p90:,}")
    table.add_row("Tokens", f"{tokens.p50:,}", f"{tokens.p90:,}")
    table.add_row("Cost (simulated)" if estimate.simulated else "Cost", usd(cost.p50), usd(cost.p90))
    if took is not None:
        table.add_row("Duration", *_durations(took))
    print_table(console, table)
    console.print()
    print_prose(console, Text(_basis_of(estimate)))
    if estimate.within_budget is not None:
        fits = "The high values fit" if estimate.within_budget else "The high values don't fit"
        print_prose(console, Text(f"{fits} into the budget."))


def _basis_of(estimate: TaskEstimate) -> str:
    if estimate.based_on == "similar_tasks":
        return f"Based on {count(estimate.samples, 'similar task')} of yours."
    return "Based on the prices of the models and typical numbers of calls, because you have too few similar tasks."


def _durations(took: Spread) -> tuple[str, str]:
    return _duration(took.p50), _duration(took.p90)


def _duration(ms: int) -> str:
    return str(timedelta(seconds=round(ms / 1000)))
