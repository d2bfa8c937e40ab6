"""Decides when a node runs inside its parent's workflow, and when it moves into a workflow of its own."""

from temporalio import workflow

from models.nodes import NodeState
from models.plans import PlanNode
from models.subtasks import SubtaskInput
from models.tasks import SubtaskMode

INLINE_TURNS = 6
"""Turns after which a node leaves its parent's workflow for one of its own."""
INLINE_EVENTS = 1000
"""Number of events in a workflow's history above which no node runs inside its parent."""
INLINE_NODES = 20
"""Number of subtasks in a plan above which each gets its own workflow: in one, they would wait for each other."""


def may_be_inline(parent: SubtaskInput, plan: tuple[PlanNode, ...], subtask: PlanNode) -> bool:
    """Return whether a subtask may run inside its parent's workflow. Large parts of a tree always get their own
    workflow.
    """
    is_wanted = parent.policy.subtasks is SubtaskMode.INLINE
    return is_wanted and not subtask.decompose and len(plan) <= INLINE_NODES


def outgrows_parent(state: NodeState) -> bool:
    """Return whether a node has too many turns to run inside its parent's workflow, or that workflow too long a
    history.
    """
    return state.step >= INLINE_TURNS or workflow.info().get_current_history_length() > INLINE_EVENTS
