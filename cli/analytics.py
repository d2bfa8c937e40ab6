"""Shows the figures of the last days, with a chart of the cost or of the model calls."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.http import signed_in
from cli.input.amounts import whole
from cli.input.arguments import AsJson
from cli.output.printing import print_json
from cli.output.tables import MODEL_CHARS, print_table
from cli.output.text import count, one_line, plain
from models.base import usd

if TYPE_CHECKING:
    from models.analytics import CallFigures, Durations, Overview, Point

MAX_BARS = 31
BAR_CHARS = 40

Days = Annotated[int, typer.Option(parser=whole(1, 400), help="How many days to show, up to now.")]
Zone = Annotated[str, typer.Option("--time-zone", metavar="NAME", help="The time zone of the days.")]
AllUsers = Annotated[bool, typer.Option("--all-users", help="Include all users. Only administrators can do this.")]


async def analytics(
    days: Days = 7, time_zone: Zone = "UTC", all_users: AllUsers = False, as_json: AsJson = False
) -> int:
    """Show the model calls, tasks, tokens and cost of the last days, with a chart."""
    since = datetime.now(UTC) - timedelta(days=days)
    params = {"since": since.isoformat(), "time_zone": time_zone}
    async with signed_in() as client:
        found = await client.overview({**params, "user_id": "all"} if all_users else params)
    if as_json:
        print_json(found)
        return 0
    print_overview(Console(highlight=False), found)
    return 0


def print_overview(console: Console, found: "Overview") -> None:
    """Print the figures, the chart, and a table of models and one of agents."""
    for label, value in facts_of(found):
        console.print(Text.assemble((f"{label:<13}", "dim"), value), soft_wrap=True)
    for title, lines in charts_of(found.days):
        console.print(Text(f"\n{title}", style="bold"))
        for line in lines:
            console.print(Text(line), soft_wrap=True)
    for heading, rows in (
        ("Model", [(each.model, each) for each in found.by_model]),
        ("Agent", [(each.agent, each) for each in found.by_agent]),
    ):
        if rows:
            console.print()
            print_table(console, table_of(heading, rows))


def facts_of(found: "Overview") -> Iterator[tuple[str, str]]:
    """Yield the totals, each with its label."""
    calls, runs = found.model_calls, found.runs
    yield "Model calls", f"{calls.attempts:,}, {_share(calls.success_rate)} successful{_unclear(calls)}"
    yield "Tokens", f"{calls.usage.input_tokens:,} input, {calls.usage.output_tokens:,} output"
    estimated = f", {usd(calls.estimated_micro_usd)} of it estimated" if calls.estimated_micro_usd else ""
    in_doubt = f"; in doubt: {usd(calls.in_doubt_micro_usd)}" if calls.in_doubt_micro_usd else ""
    yield "Cost", f"{usd(calls.cost_micro_usd)}{estimated}{in_doubt}"
    yield "Answers", _durations(found.latency)
    ended = f"{runs.completed:,} completed, {runs.failed:,} failed, {runs.cancelled:,} cancelled"
    yield "Runs", f"{runs.created:,} created, {ended}"
    yield "Run time", _durations(runs.duration)
    if calls.simulated:
        yield "Note", f"{count(calls.simulated, 'model call')} simulated"


def charts_of(days: "tuple[Point, ...]") -> Iterator[tuple[str, list[str]]]:
    """Yield a chart of the cost by day, or of the model calls if nothing had a cost; nothing without model calls."""
    if not days:
        return
    has_cost = any(day.cost_micro_usd for day in days)
    values = {day.date: day.cost_micro_usd if has_cost else day.attempts for day in days}
    shown = _with_gaps(values)[-MAX_BARS:]
    most = max((value for _, value in shown), default=0) or 1
    lines = [
        f"{day:%Y-%m-%d}  {'█' * max(round(BAR_CHARS * value / most), 1 if value else 0):<{BAR_CHARS}}"
        f"  {usd(value) if has_cost else f'{value:,}'}"
        for day, value in shown
    ]
    yield ("Cost by day" if has_cost else "Model calls by day"), lines


def table_of(heading: str, rows: "Sequence[tuple[str, CallFigures]]") -> Table:
    """Return a table with a line for each model or agent."""
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, overflow="fold", max_width=MODEL_CHARS)
    for column in ("Calls", "Success", "Input", "Output", "Cost"):
        table.add_column(column, no_wrap=True, justify="right")
    for name, figures in rows:
        table.add_row(
            Text(plain(one_line(name, 250))),
            f"{figures.attempts:,}",
            _share(figures.success_rate),
            f"{figures.usage.input_tokens:,}",
            f"{figures.usage.output_tokens:,}",
            usd(figures.cost_micro_usd),
        )
    return table


def _with_gaps(values: dict[date, int]) -> list[tuple[date, int]]:
    first, last = min(values), max(values)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, values.get(day, 0)) for day in days]


def _unclear(calls: "CallFigures") -> str:
    return f", {calls.in_doubt:,} in doubt" if calls.in_doubt else ""


def _share(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1%}"


def _durations(found: "Durations") -> str:
    if found.p50_ms is None or found.p95_ms is None:
        return "–"
    return f"half within {_seconds(found.p50_ms)}, 95 % within {_seconds(found.p95_ms)}"


def _seconds(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
