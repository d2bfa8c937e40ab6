"""Builds request bodies from options and files. The API validates these bodies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from cli.errors import WrongUsage
from cli.input.files import json_of
from cli.output.text import one_line
from models.agents import AgentSpec, AgentView
from models.ids import NodePath
from models.schedules import ScheduleView
from models.tasks import Budget, Guidance, TaskRetry
from models.users import Password
from models.wording import instead_of

_PASSWORD: TypeAdapter[str] = TypeAdapter(Password)

_AN_AGENT = (
    '. For example, run: chimera agents create poet --prompt "You write four lines that rhyme." You can also put the'
    " name and the prompt in a JSON file and pass its path with --file."
)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the options that weren't typed."""
    return {name: value for name, value in options.items() if value is not None}


def task_body(
    goal: str | None,
    *,
    budget_micro_usd: int | None = None,
    plan: Path | None = None,
    output_schema: Path | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Build the body of a task from options. Raises WrongUsage if the plan or the JSON Schema can't be read."""
    limits = given({name: others.pop(name, None) for name in ("max_output_tokens", "max_turns")})
    return given(
        {
            "goal": goal,
            **others,
            "plan": None if plan is None else _plan_in(plan),
            "output_schema": None if output_schema is None else json_of(output_schema, "The JSON Schema"),
            "limits": limits or None,
            "budget": None if budget_micro_usd is None else {"max_cost_micro_usd": budget_micro_usd},
        }
    )


def retry_body(
    model: str | None, guidance: str | None, *, micro_usd: int | None, tokens: int | None, requests: int | None
) -> TaskRetry:
    limits = None if (micro_usd, tokens, requests) == (None, None, None) else _budget(micro_usd, tokens, requests)
    return TaskRetry.model_construct(model=model, guidance=guidance, budget=limits)


def budget_body(*, micro_usd: int | None, tokens: int | None, requests: int | None) -> Budget:
    """Build a task's new limits. Raises WrongUsage if no limit is given."""
    if (micro_usd, tokens, requests) == (None, None, None):
        raise WrongUsage("Set at least one limit with --usd, --tokens or --requests.")
    return _budget(micro_usd, tokens, requests)


def guidance_body(text: str, path: str | None, *, interrupt: bool) -> Guidance:
    return Guidance.model_construct(text=text, path=NodePath(path) if path else None, interrupt=interrupt)


def agent_body(options: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """Build an agent from options and the fields of a file, which the options override. Raises WrongUsage."""
    body = _merged(_fields_in(file) if file is not None else {}, options)
    if missing := [word for field, word in (("name", "NAME"), ("prompt", "--prompt")) if field not in body]:
        raise WrongUsage(f"An agent needs {' and '.join(missing)}{_AN_AGENT}")
    return body


def changed_agent(agent: AgentView, options: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """Build an agent's new fields: those of a file, or else its current ones, which the options override.

    Raises WrongUsage if nothing is given.
    """
    if file is None and not given(options):
        raise WrongUsage("Add an option for each field that you want to change, such as --prompt, or use --file.")
    if file is not None:
        return agent_body({**options, "name": agent.name}, file)
    return _merged(agent.model_dump(mode="json", include=set(AgentSpec.model_fields)), options)


def limits_body(**limits: int | None) -> dict[str, int] | None:
    """Build an agent's limits from options; None if none is given."""
    return given(limits) or None


def timing_body(timing: Mapping[str, Any]) -> dict[str, Any]:
    """Build a schedule's timing. Raises WrongUsage unless exactly one of `cron` and `interval_s` is given."""
    _check_one_of(timing)
    if timing.get("cron") is None and timing.get("interval_s") is None:
        raise WrongUsage(
            "Use --cron or --interval-s to set when runs are due, for example --cron '0 7 * * 1-5' or --interval-s"
            " 3600."
        )
    return given(timing)


def schedule_changes(options: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schedule's changes, except those of its `task`. Raises WrongUsage for no changes or for two timings."""
    _check_one_of(options)
    changes = given(options)
    if not changes and not task:
        raise WrongUsage("Add an option for each field that you want to change, such as --cron '0 7 * * 1-5'.")
    return changes


def changed_body(schedule: ScheduleView, changes: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    """Build the body of a schedule with its changes. All other fields keep their values."""
    kept = {"name", "task", "cron", "interval_s", "time_zone", "overlap"}
    if "cron" in changes or "interval_s" in changes:
        kept -= {"cron", "interval_s"}
    body = schedule.model_dump(mode="json", include=kept, exclude_none=True)
    return {**body, **changes, "task": {**body["task"], **task}}


def check_password(new: str) -> None:
    """Raise WrongUsage for a password that the API would reject."""
    try:
        _PASSWORD.validate_python(new)
    except ValidationError:
        raise WrongUsage("A password must be 8 to 256 characters long.") from None


def _merged(fields: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Replace fields by the options that were typed; limits that weren't typed keep their values."""
    typed, limits = given(options), fields.get("limits")
    if isinstance(limits, dict) and "limits" in typed:
        typed["limits"] = {**limits, **typed["limits"]}
    return {**fields, **typed}


def _check_one_of(timing: Mapping[str, Any]) -> None:
    if timing.get("cron") is not None and timing.get("interval_s") is not None:
        raise WrongUsage("Use --cron or --interval-s, not both.")


def _budget(micro_usd: int | None, tokens: int | None, requests: int | None) -> Budget:
    return Budget.model_construct(max_cost_micro_usd=micro_usd, max_tokens=tokens, max_model_calls=requests)


def _plan_in(path: Path) -> JsonValue:
    """Read subtasks from a file with a list, or with an object whose only field is such a list. Raises WrongUsage."""
    plan = json_of(path, "The plan")
    if not isinstance(plan, dict):
        return plan
    if len(plan) == 1 and (name := next(iter(plan))) in ("plan", "subtasks"):
        return plan[name]
    names = one_line(", ".join(map(repr, plan)) or "nothing", 200)
    raise WrongUsage(
        f"The plan in {str(path)!r} must be a list of subtasks, not an object that contains {names}. Pass only the"
        ' list, such as [{"key": "facts", "instruction": "Collect facts."}], or an object whose only field is'
        ' "subtasks" or "plan". To set other task fields, use command-line options.'
    )


def _fields_in(file: Path) -> dict[str, JsonValue]:
    """Read the fields of an agent. Raises WrongUsage."""
    fields = json_of(file, "The agent")
    if not isinstance(fields, dict):
        raise WrongUsage(
            f"The agent in {str(file)!r} is not a JSON object. Use an object such as"
            ' {"name": "poet", "prompt": "You write four lines that rhyme."}.'
        )
    # Ignore what only responses contain, so that the output of `chimera agents show --json` is a valid file.
    ignored = AgentView.model_fields.keys() - AgentSpec.model_fields.keys()
    fields = {name: value for name, value in fields.items() if name not in ignored and value is not None}
    _check_names(fields, file)
    return fields


def _check_names(fields: Mapping[str, JsonValue], file: Path) -> None:
    """Raise WrongUsage for an unknown field. Checked before missing fields, one of which it may be, misspelt."""
    unknown = [name for name in fields if name not in AgentSpec.model_fields]
    if unknown:
        problems = " ".join(
            f"There is no field {one_line(name, 60)!r}. {instead_of(name, AgentSpec.model_fields)}"
            for name in unknown[:5]
        )
        raise WrongUsage(f"The agent in {str(file)!r} can't be used. {problems}")
