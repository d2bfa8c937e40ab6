"""Nodes: how far one has come. This is all that a workflow carries over when it continues as new.

A node is a place in a task's tree. It runs in a workflow of its own or inside its parent's, by the same code.
"""

from typing import Literal

from pydantic import Field

from models.base import Contract
from models.ids import NodePath
from models.plans import PlanNode


class Controls(Contract):
    """The controls of a run so far: a state, so that the newest one is complete."""

    paused: bool = False
    raises: int = 0
    """Resumes and raised budgets. One more than before: calls that the ledger rejected are made again."""


class NodeState(Contract):
    """How far a node has come. It grows by decisions, never by words: those are in PostgreSQL."""

    controls: Controls = Controls()
    step: int = 0
    """Turns already taken; the next model call of an agent's loop is `step + 1`."""
    plan: tuple[PlanNode, ...] | None = None
    ended: tuple["NodeOutcome", ...] = ()
    """Children that have ended."""
    suspended: tuple["SuspendedChild", ...] = ()
    """Children that go on where they stopped."""
    last_failure: str = ""
    """Of a child, for the message when all of them failed."""


class SuspendedChild(Contract):
    """A child that stopped between two model calls, to go on in its parent's next run."""

    key: str
    retry: int = 0
    """How often it failed before."""
    state: NodeState = Field(default_factory=lambda: NodeState())


class NodeOutcome(Contract):
    """How one node of the tree ended; what a parent decides on."""

    path: NodePath
    status: Literal["completed", "failed", "skipped", "suspended"]
    state: NodeState | None = None
    """Of a node that is suspended: it goes on from here."""


NodeState.model_rebuild()
SuspendedChild.model_rebuild()
