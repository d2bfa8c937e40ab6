"""How a failed task goes on: the command to type, and whether its budget is enough for that."""

from cli.http.ids import short
from cli.live.lines import short_of
from cli.output.bill import as_option
from models.costs import CostView
from models.model_calls import AttemptStatus, ModelCallView
from models.remedies import remedy_for
from models.tasks import TaskView

_OPTIONS = {"model": "--model <provider/model>", "guidance": '--guidance "…"'}


def way_on_of(task: TaskView) -> str:
    """Say what helps a task that failed, with the command."""
    # An older API doesn't say it.
    remedy = task.remedy or remedy_for(task.error_code)
    if not remedy.retry:
        return f"{remedy.message.rstrip('.')}: chimera run"
    command = f"chimera retry {short(task.id)}"
    changed = [f"{command} {_OPTIONS[field]}" for field in (*remedy.change, *remedy.instead) if field in _OPTIONS]
    ways = [*([] if remedy.change else [command]), *changed, *(["chimera run"] if remedy.new_task else [])]
    return f"{short_of(remedy.message).rstrip('.')}: {', or: '.join(ways)}"


def shortfall_of_retry(cost: CostView, model: str | None = None) -> str | None:
    """Say when a task that goes on will wait at once: its budget is too small for any of the calls that failed.

    The bill knows what was held for each. At another model the price is another.
    """
    failed = _latest_failed(cost)
    if cost.budget is None or not failed:
        return None
    used = cost.usage.input_tokens + cost.usage.output_tokens
    needed = {
        "max_cost_micro_usd": cost.spent_micro_usd
        + cost.doubtful_micro_usd
        + min(each.reserved_micro_usd for each in failed),
        "max_tokens": used + min(each.reserved_tokens for each in failed),
        "max_model_calls": cost.model_calls + 1,
    }
    if model is not None:
        del needed["max_cost_micro_usd"]
    short = [
        as_option(limit, amount)
        for limit, amount in needed.items()
        if (given := getattr(cost.budget, limit)) is not None and given < amount
    ]
    if not short:
        return None
    return f"Its budget is too small to go on: the call that failed needs {' '.join(short)} at least."


def _latest_failed(cost: CostView) -> list[ModelCallView]:
    """The newest attempt of each call whose attempts all failed."""
    newest = {(each.path, each.purpose, each.step): each for each in cost.attempts}
    return [each for each in newest.values() if each.status is AttemptStatus.FAILED]
