"""Nodes and their state, which is all that a workflow carries over when it continues as new.

A node is a place in a task's tree. The same code runs it in a workflow of its own or inside its parent's.
"""

from typing import Literal

from pydantic import Field

from models.base import Contract
from models.ids import NodePath
from models.plans import PlanNode


class Controls(Contract):
    """The current state of a run's controls. Each state is complete, so only the newest one matters."""

    paused: bool = False
    raises: int = 0
    """Number of resumes and budget raises. When it increases, calls that the ledger rejected are repeated."""


class NodeState(Contract):
    """The progress of a node. It grows by decisions, never by texts, which are in PostgreSQL."""

    controls: Controls = Controls()
    step: int = 0
    """Number of completed turns. The next model call in an agent's loop is `step + 1`."""
    plan: tuple[PlanNode, ...] | None = None
    ended: tuple["NodeOutcome", ...] = ()
    """Children that have ended."""
    suspended: tuple["SuspendedChild", ...] = ()
    """Children that will continue where they stopped."""
    last_failure: str = ""
    """The last failure of a child, for the error message if all of them fail."""


class SuspendedChild(Contract):
    """A child that stopped between two model calls, to continue in its parent's next execution."""

    key: str
    retry: int = 0
    """How often the child failed before."""
    state: NodeState = Field(default_factory=lambda: NodeState())


class NodeOutcome(Contract):
    """How a node ended, for its parent's decision."""

    path: NodePath
    status: Literal["completed", "failed", "skipped", "suspended"]
    state: NodeState | None = None
    """For a suspended node, the state from which it continues."""


NodeState.model_rebuild()
SuspendedChild.model_rebuild()
