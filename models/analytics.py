"""Figures of model calls and runs in a period. `docs/reference/analytics.md` defines each of them."""

from datetime import date

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import UserId
from models.usage import Usage

MAX_DAYS = 400
"""The longest period of a query: a year and a month."""
DEFAULT_DAYS = 7
MAX_GROUPS = 20
"""Maximum number of agents and models in an overview."""


class Period(Contract):
    """The period of the figures, in whole quarters of an hour."""

    since: UtcDatetime = Field(description="Beginning of the period")
    until: UtcDatetime = Field(description="End of the period, which is not included")
    time_zone: str = Field(default="UTC", description="Time zone of the dates")


class Durations(Contract):
    """Durations in milliseconds. Percentiles differ from the exact values by at most 9 %."""

    count: int = Field(description="Number of durations that were measured")
    p50_ms: int | None = Field(description="The median; `null` if nothing was measured")
    p95_ms: int | None = Field(description="95th percentile")
    p99_ms: int | None = Field(description="99th percentile")


class CallFigures(Contract):
    """The totals of attempts at model calls. An attempt counts in the period in which it started, once it has ended."""

    attempts: int = Field(description="Number of requests to providers that have ended or are in doubt")
    finished: int = Field(description="Number of attempts with an answer that was used")
    failed: int = Field(description="Number of attempts that failed")
    cancelled: int = Field(description="Number of attempts that were interrupted, for example by a cancelled task")
    in_doubt: int = Field(description="Number of attempts whose outcome is unknown")
    late: int = Field(description="Number of attempts that were answered too late, so that only their cost was booked")
    simulated: int = Field(description="Number of these attempts that the simulator answered")
    success_rate: float | None = Field(
        description="Share of `finished` in `finished`, `failed`, `in_doubt` and `late`; `null` without such attempts"
    )
    usage: Usage = Field(description="Token counts")
    cost_micro_usd: int = Field(description="Cost in millionths of a US dollar")
    estimated_micro_usd: int = Field(description="Part of the cost that is estimated")
    in_doubt_micro_usd: int = Field(
        description="Cost that attempts in doubt may have caused, in addition to `cost_micro_usd`"
    )


class ModelFigures(CallFigures):
    """The attempts with a model."""

    model: str = Field(description="Provider and model")


class AgentFigures(CallFigures):
    """The attempts of an agent."""

    agent: str = Field(description="Name of the agent")


class AgentPerformance(CallFigures):
    """The attempts of a version of an agent."""

    agent: str = Field(description="Name of the agent")
    version: int | None = Field(description="Version of the agent; `null` for built-in agents")
    latency: Durations = Field(description="Time from the request to the end of the answer, of finished attempts")
    first_token: Durations = Field(description="Time from the request to the first piece of a streamed answer")
    failures: dict[str, int] = Field(description="Number of attempts without an answer, by error code")


class AgentsPerformance(Contract):
    """The performance of agents, by version."""

    period: Period = Field(description="Period of these figures")
    items: tuple[AgentPerformance, ...] = Field(description="Agents by name, newest versions first")
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` to get the next page; `null` on the last page"
    )


class RunFigures(Contract):
    """The totals of runs. A run counts as created when it was accepted, and as ended when it last ended."""

    created: int = Field(description="Number of runs that were accepted in the period")
    completed: int = Field(description="Number of runs that completed in the period")
    failed: int = Field(description="Number of runs that failed in the period and were not retried since")
    cancelled: int = Field(description="Number of runs that were cancelled in the period")
    success_rate: float | None = Field(
        description="Share of `completed` in `completed` and `failed`; `null` if no run completed or failed"
    )
    duration: Durations = Field(description="Time from acceptance to the end, of runs that ended in the period")


class Point(Contract):
    """The figures of a day."""

    date: date
    attempts: int = Field(description="Number of attempts at model calls")
    finished: int = Field(description="Number of attempts with an answer that was used")
    input_tokens: int = Field(description="Number of input tokens")
    output_tokens: int = Field(description="Number of output tokens")
    cost_micro_usd: int = Field(description="Cost in millionths of a US dollar")


class Overview(Contract):
    """The figures of a period at a glance."""

    period: Period = Field(description="Period of these figures")
    model_calls: CallFigures = Field(description="Attempts at model calls")
    latency: Durations = Field(description="Time from the request to the end of the answer, of finished attempts")
    runs: RunFigures = Field(description="Runs of all kinds")
    by_model: tuple[ModelFigures, ...] = Field(
        description=f"The {MAX_GROUPS} models with the highest cost, then the most attempts"
    )
    by_agent: tuple[AgentFigures, ...] = Field(
        description=f"The {MAX_GROUPS} agents with the highest cost, then the most attempts"
    )
    days: tuple[Point, ...] = Field(description="Days with model calls, in order")


class LatencyPoint(Contract):
    """The durations of a day."""

    date: date
    latency: Durations = Field(description="Time from the request to the end of the answer, of finished attempts")
    first_token: Durations = Field(description="Time from the request to the first piece of a streamed answer")


class DailyLatency(Contract):
    """How long model calls took, by day."""

    period: Period = Field(description="Period of these figures, in whole days")
    agent: str | None = Field(description="The only agent whose calls are counted. `null` for all agents.")
    days: tuple[LatencyPoint, ...] = Field(description="Days with finished attempts, in order")


class TaskFigures(RunFigures):
    """The figures of tasks, or of another kind of run."""

    period: Period = Field(description="Period of these figures")
    kind: str = Field(description="Kind of the runs")
    simulated: int = Field(description="Number of ended runs in which the simulator answered")
    retries: int = Field(description="Number of retries of the runs that ended in the period")
    mean_queued_ms: int | None = Field(description="Mean time from acceptance to the start, of runs that ended")
    waited: Durations = Field(
        description="Time that runs waited for people (budgets, approvals, answers), of runs that waited and ended"
    )
    waited_ms: int = Field(description="Sum of these times")
    failures: dict[str, int] = Field(description="Number of failed runs by error code")
    open_now: dict[str, int] = Field(description="Number of runs that have not ended, by status, whenever created")


class DailyUsage(CallFigures):
    """The attempts of a user with a model on a day."""

    date: date
    user_id: UserId = Field(description="ID of the user")
    email: str = Field(description="E-mail address of the user")
    provider: str = Field(description="Name of the provider")
    model: str = Field(description="Provider and model")


class DailyUsagePage(Contract):
    """Usage by day, user and model, newest day first."""

    period: Period = Field(description="Period of these figures")
    items: tuple[DailyUsage, ...] = Field(description="Rows of this page")
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` to get the next page; `null` on the last page"
    )
