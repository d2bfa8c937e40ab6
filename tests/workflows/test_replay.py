"""Recorded histories replay on today's code: a run in flight survives a deploy.

One recording per branch; `python -m tests.workflows.record` makes them, `workflow.patched` keeps them valid.
"""

import json
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer

from chimera.temporal.payloads import DATA_CONVERTER
from tests.workflows.record import AI_BRANCHES, BRANCHES, FOLDER
from worker.build import WORKFLOWS
from worker.sandbox import sandbox
from workflows.subtasks import SubtaskWorkflow
from workflows.tasks import TaskWorkflow


def replayer(*workflows: type, converter: DataConverter = DATA_CONVERTER) -> Replayer:
    return Replayer(workflows=list(workflows or WORKFLOWS), data_converter=converter, workflow_runner=sandbox())


def histories_in(file: Path) -> list[WorkflowHistory]:
    return [WorkflowHistory.from_json(entry["id"], entry["history"]) for entry in json.loads(file.read_text())]


def test_every_branch_is_recorded() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == {branch.__name__ for branch in (*BRANCHES, *AI_BRANCHES)}


@pytest.mark.parametrize(
    "file", sorted(FOLDER.rglob("*.json")), ids=lambda file: str(file.relative_to(FOLDER).with_suffix(""))
)
async def test_a_recorded_branch_replays(file: Path) -> None:
    for history in histories_in(file):
        await replayer().replay_workflow(history)


@workflow.defn(name="SubtaskWorkflow", sandboxed=False)
class Changed:
    """A subtask as somebody might break it."""

    @workflow.run
    async def run(self, subtask: object) -> None:
        await workflow.sleep(1)


async def test_a_changed_order_of_commands_is_caught() -> None:
    recorded = histories_in(FOLDER / "single.json")
    child = next(history for history in recorded if history.workflow_id.endswith("/only"))
    with pytest.raises(workflow.NondeterminismError):
        await replayer(TaskWorkflow, Changed).replay_workflow(child)


async def test_a_long_conversation_was_recorded_across_continue_as_new() -> None:
    recorded = [history.workflow_id for history in histories_in(FOLDER / "continued.json")]
    assert len([id for id in recorded if id.endswith("/long")]) >= 2
    assert SubtaskWorkflow in WORKFLOWS
