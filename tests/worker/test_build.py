"""A worker serves everything that the contracts promise."""

import inspect

from temporalio import activity, workflow

from activities.calls.complete import ModelCalls
from activities.retention import Retention
from activities.schedules import Schedules
from activities.tasks import TaskRecords
from activities.tool_calls import ToolCalls
from models import activities as promised_activities
from models import workflows as promised_workflows
from worker.build import WORKFLOWS
from worker.interceptors import translated
from worker.sandbox import sandbox

SERVED = (ModelCalls, ToolCalls, TaskRecords, Schedules, Retention)


def _activities_of(cls: type) -> dict[str, str]:
    found = {}
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        definition = activity._Definition.from_callable(method)
        if definition is not None and definition.name:
            found[definition.name] = f"{name}{inspect.signature(method)}"
    return found


def test_every_declared_activity_is_served() -> None:
    contracts = [
        cls
        for _, cls in inspect.getmembers(promised_activities, inspect.isclass)
        if cls.__module__ == promised_activities.__name__ and _activities_of(cls)
    ]
    promised: dict[str, str] = {}
    served: dict[str, str] = {}
    for contract in contracts:
        promised |= _activities_of(contract)
    for implementation in SERVED:
        served |= _activities_of(implementation)
    assert promised
    assert promised == served


def test_every_declared_workflow_is_served() -> None:
    contracts = {
        definition.name: definition
        for _, cls in inspect.getmembers(promised_workflows, inspect.isclass)
        if cls.__module__ == promised_workflows.__name__
        and (definition := workflow._Definition.from_class(cls)) is not None
    }
    served = {definition.name: definition for definition in map(workflow._Definition.must_from_class, WORKFLOWS)}
    assert set(contracts) == set(served)
    for name, contract in contracts.items():
        assert set(contract.signals) == set(served[name].signals)
        assert set(contract.updates) == set(served[name].updates)


def test_the_sandbox_is_on_and_lets_nothing_more_through() -> None:
    restrictions = sandbox().restrictions
    added = restrictions.passthrough_modules - type(restrictions).passthrough_modules_default
    assert added == {"models", "pydantic_core", "annotated_types", "typing_inspection"} - (
        type(restrictions).passthrough_modules_default
    )
    assert not restrictions.passthrough_all_modules


def test_errors_keep_their_code_and_retry_time() -> None:
    from models.errors import BudgetReached, RateLimited

    limited = translated(RateLimited("later", retry_after_s=7))
    assert (limited.type, limited.non_retryable) == ("rate_limited", False)
    assert limited.next_retry_delay is not None
    assert limited.next_retry_delay.total_seconds() == 7
    assert translated(BudgetReached("no")).non_retryable
