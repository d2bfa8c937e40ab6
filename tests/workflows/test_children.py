"""Children in workflows of their own hear of what happens while they start."""

import pytest

from models.ids import NodePath, RunId, UserId
from models.nodes import Controls, NodeOutcome
from models.subtasks import SubtaskInput
from models.tool_calls import Decision
from workflows import node as nodes
from workflows.gate import Gate
from workflows.node import Node

PLACE = SubtaskInput(run_id=RunId("r"), owner_id=UserId("u"), path=NodePath("a"), agent="lead")


class EndedChild:
    """A child that has ended, and that remembers the decisions it heard of."""

    has_ended = True

    def __init__(self) -> None:
        self.heard: list[Decision] = []

    async def send_controls(self) -> None: ...

    async def suspend(self) -> None: ...

    async def hear(self, decision: Decision) -> None:
        self.heard.append(decision)

    async def outcome(self) -> NodeOutcome:
        return NodeOutcome(path=NodePath("a/b"), status="completed")


async def test_a_decision_reaches_a_child_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    node, child = Node(PLACE, Gate(Controls(), max_history_events=100), {}), EndedChild()
    here, deeper, elsewhere = (Decision(path=NodePath(path), step=1, index=0) for path in ("a/b", "a/b/c", "a/x"))

    async def start(place: SubtaskInput, gate: Gate) -> EndedChild:
        # If both are in one workflow task, the signal is handled before the child's start.
        for decision in (here, deeper, elsewhere):
            await node.hear(decision)
        return child

    async def wait(*_: object, **__: object) -> None: ...

    monkeypatch.setattr(nodes, "start_child", start)
    monkeypatch.setattr("temporalio.workflow.wait_condition", wait)
    monkeypatch.setattr("temporalio.workflow.cancellation_reason", lambda: None)
    await node.run_child(PLACE.model_copy(update={"path": NodePath("a/b")}), may_be_inside=False)
    assert child.heard == [here, deeper]
