"""Recorded histories replay with the current code, so a run in flight survives a deployment.

There is one recording per branch. `python -m tests.workflows.record` makes them; `workflow.patched` keeps them valid.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer

from chimera.temporal.payloads import DATA_CONVERTER
from models.tasks import SubtaskMode
from tests.workflows.record import AI_BRANCHES, BRANCHES, FOLDER, name_of
from tests.workflows.reply_branches import REPLY_BRANCHES
from worker.build import WORKFLOWS
from worker.sandbox import sandbox
from workflows.tasks import TaskWorkflow


def replayer(*workflows: type, converter: DataConverter = DATA_CONVERTER) -> Replayer:
    return Replayer(workflows=list(workflows or WORKFLOWS), data_converter=converter, workflow_runner=sandbox())


def histories_in(file: Path) -> list[WorkflowHistory]:
    return [WorkflowHistory.from_json(entry["id"], entry["history"]) for entry in json.loads(file.read_text())]


RECORDINGS = sorted(FOLDER.rglob("*.json"))


def _name_of(file: Path) -> str:
    return str(file.relative_to(FOLDER).with_suffix(""))


def test_every_branch_is_recorded() -> None:
    tasks = {name_of(branch, mode) for branch in BRANCHES for mode in SubtaskMode}
    others = {branch.__name__ for branch in (*AI_BRANCHES, *REPLY_BRANCHES)}
    assert set(map(_name_of, RECORDINGS)) == tasks | others


@pytest.mark.parametrize("file", RECORDINGS, ids=_name_of)
async def test_a_recorded_branch_replays(file: Path) -> None:
    for history in histories_in(file):
        await replayer().replay_workflow(history)


@workflow.defn(name="SubtaskWorkflow", sandboxed=False)
class Changed:
    """A subtask as a change might break it."""

    @workflow.run
    async def run(self, subtask: object) -> None:
        await workflow.sleep(1)


async def test_a_changed_order_of_commands_is_caught() -> None:
    recorded = histories_in(FOLDER / "single.json")
    child = next(history for history in recorded if history.workflow_id.endswith("/only"))
    with pytest.raises(workflow.NondeterminismError):
        await replayer(TaskWorkflow, Changed).replay_workflow(child)


@pytest.mark.parametrize(("name", "paths"), [("continued", ["/long"]), ("root_continued", ["", "/long", "/deep"])])
def test_nodes_were_recorded_across_continue_as_new(name: str, paths: list[str]) -> None:
    recorded = Counter(history.workflow_id[len("run-") + 36 :] for history in histories_in(FOLDER / f"{name}.json"))
    assert {path: recorded[path] >= 2 for path in paths} == dict.fromkeys(paths, True)
