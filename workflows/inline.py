"""When a node runs inside its parent's workflow, and when it moves into one of its own."""

from temporalio import workflow

from models.nodes import NodeState
from models.plans import PlanNode
from models.subtasks import SubtaskInput
from models.tasks import SubtaskMode

INLINE_TURNS = 6
"""Turns after which a node leaves its parent's workflow for one of its own."""
INLINE_EVENTS = 1000
"""Of a workflow's history, beyond which no node runs inside its parent."""
INLINE_NODES = 20
"""Subtasks of a plan beyond which each gets a workflow of its own: in one they would wait for each other."""


def may_be_inline(parent: SubtaskInput, plan: tuple[PlanNode, ...], subtask: PlanNode) -> bool:
    """Whether the task wants a subtask inside its parent's workflow; large parts of a tree are workflows at once."""
    is_wanted = parent.policy.subtasks is SubtaskMode.INLINE
    return is_wanted and not subtask.decompose and len(plan) <= INLINE_NODES


def outgrows_parent(state: NodeState) -> bool:
    """Whether a node, or the workflow that it would run inside, is too long for that."""
    return state.step >= INLINE_TURNS or workflow.info().get_current_history_length() > INLINE_EVENTS
