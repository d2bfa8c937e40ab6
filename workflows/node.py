"""A node of a task's tree: its model calls, its children, its records, and the controls that reach it.

How its work is divided is a pattern's business (`workflows/patterns`). Its tools run in `workflows/tools.py`. The same
code runs a node in a workflow of its own and inside its parent's.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError

from models.activities import ModelCalls, TaskRecords
from models.activity_options import COMPLETE, RECORD
from models.errors import BudgetReached, RootStopped, TaskPaused
from models.ids import NodePath, child_path
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.nodes import NodeOutcome, NodeState
from models.subtasks import SubtaskInput
from models.tasks import SteerRequest, TransitionRecord
from workflows.children import ChildRun, start_child
from workflows.failures import code_of, reason_of
from workflows.gate import Gate
from workflows.inline import outgrows_parent

STAY = timedelta(minutes=3)
"""Longer than it takes until a cancel that doesn't end a run is enforced from outside."""

_REFUSED = frozenset({BudgetReached.code, TaskPaused.code})
"""By the ledger, until a person lets the run go on."""


class Suspended(Exception):
    """A node stops before a model call, or before the tools of a turn; it goes on from its state elsewhere."""


class Child(Protocol):
    """A child in flight, inside this workflow or in one of its own."""

    async def send_controls(self) -> None: ...

    async def interrupt(self, request: SteerRequest) -> None: ...


class Pattern(Protocol):
    """How a node comes to its answer."""

    def __call__(self, node: "Node") -> Awaitable[None]: ...


class Node:
    """One node at work."""

    def __init__(
        self, place: SubtaskInput, gate: Gate, patterns: Mapping[str, Pattern], parent: "Node | None" = None
    ) -> None:
        self.place = place
        self.gate = gate
        self.state = place.state
        self.children: dict[NodePath, Child] = {}
        self.details = ""
        """Where it stands, as Markdown for Temporal's Web UI."""
        self.is_closing = False
        """True once no model call follows: guidance would come too late."""
        self.is_ending_children = False
        """True once its children in flight are to end with it."""
        self._patterns = patterns
        self._parent = parent
        self._in_flight: set[workflow.ActivityHandle[Any]] = set()
        self._cut: set[workflow.ActivityHandle[Any]] = set()

    async def work(self) -> NodeOutcome:
        """Work it out, up to its answer in the database, or to where it has to go on elsewhere."""
        try:
            await self._patterns[self.place.pattern](self)
        except Suspended:
            return NodeOutcome(path=self.place.path, status="suspended", state=self.state)
        except Exception as error:
            await self._stay_if_stopped(error)
            raise
        return NodeOutcome(path=self.place.path, status="completed")

    def keep(self, **changes: Any) -> None:
        """Note how far it has come."""
        self.state = self.state.model_copy(update=changes)

    def carried_over(self) -> NodeState:
        """What it goes on from in the next run of its workflow."""
        return self.state.model_copy(update={"controls": self.gate.controls})

    def show(self, details: str) -> None:
        """Show its progress. In the Web UI a workflow shows the node that it is for."""
        self.details = details
        if self._parent is None:
            workflow.set_current_details(details)

    async def open(self) -> None:
        """Wait until something new may begin. Raises Suspended, or CancelledError when the node is to end."""
        self.hand_on_cancel()
        if self.gate.controls.paused:
            await workflow.wait_condition(lambda: not self.gate.controls.paused or self._is_to_suspend())
        if self._is_to_suspend():
            raise Suspended

    def request(self, purpose: Purpose, step: int, agent: str, *, last_turn: bool = False) -> ModelCallRequest:
        """A model call of this node."""
        place = self.place
        return ModelCallRequest(
            run_id=place.run_id,
            path=place.path,
            purpose=purpose,
            step=step,
            agent=agent,
            retry=place.retry,
            last_turn=last_turn,
        )

    async def call(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make a model call. A budget that is used up is waited for, a call that was cut is made again.

        Raises ActivityError when the call failed for good, and as `open` does.
        """
        while True:
            await self.open()
            raises = self.gate.controls.raises
            handle = workflow.start_activity_method(
                ModelCalls.complete, request, summary=self._summary_of(request), **COMPLETE
            )
            self._in_flight.add(handle)
            try:
                with self.gate.in_flight():
                    return await handle
            except ActivityError as error:
                # A cancel of the node that came while the call was being cut is stronger.
                if isinstance(error.cause, CancelledError) and handle in self._cut and not self.is_stopping():
                    continue
                if code_of(error) not in _REFUSED:
                    raise
                # A cancel that met the refusal was consumed by it.
                self.hand_on_cancel()
                # A raise that came while the call was on its way counts: it isn't waited for a second time.
                await workflow.wait_condition(lambda: self._may_ask_again(raises))  # noqa: B023
            finally:
                self._in_flight.discard(handle)
                self._cut.discard(handle)

    async def run_child(self, place: SubtaskInput, *, may_be_inside: bool) -> NodeOutcome:
        """Run a child to its end, or until it is suspended. One that outgrows this workflow moves into its own.

        Raises what its work raised, or ChildWorkflowError.
        """
        if may_be_inside and not outgrows_parent(place.state):
            outcome = await self._run_inside(place)
            if outcome.state is None or self.gate.suspends or not outgrows_parent(outcome.state):
                return outcome
            place = place.model_copy(update={"state": outcome.state})
        return await self._run_outside(place)

    async def record(
        self,
        status: Any,
        *,
        path: NodePath | None = None,
        code: str | None = None,
        error: str = "",
        from_child: NodePath | None = None,
    ) -> None:
        """Write an end that no model call made, in one marker event."""
        place = self.place
        record = TransitionRecord(
            run_id=place.run_id,
            path=place.path if path is None else path,
            status=status,
            error_code=code,
            error=error[:500],
            from_child=from_child,
            **({"retries": place.retries} if place.retries else {}),
        )
        await workflow.execute_local_activity_method(TaskRecords.record, record, **RECORD)

    async def send_controls(self) -> None:
        """Hand the controls on to the children in flight."""
        await asyncio.gather(*(child.send_controls() for child in list(self.children.values())))

    async def interrupt(self, request: SteerRequest) -> None:
        """Cut the calls that guidance is for, here and below: each is made again and sees it."""
        if request.path is None or _is_within(self.place.path, request.path):
            self._cut_calls()
        reached = [child for path, child in self.children.items() if _on_one_line(path, request)]
        await asyncio.gather(*(child.interrupt(request) for child in reached))

    def reached_by(self, request: SteerRequest) -> tuple[NodePath, ...]:
        """The children in flight that guidance is for."""
        suspended = (child_path(self.place.path, child.key) for child in self.state.suspended)
        return tuple(path for path in sorted({*self.children, *suspended}) if _on_one_line(path, request))

    def is_stopping(self) -> bool:
        """Whether it is to end: the run is being cancelled, or a sibling failed and with it their parent.

        A task's own count of cancels doesn't tell: the SDK takes it back while it waits for a child to end.
        """
        parent = self._parent
        is_ended_by_parent = parent is not None and (parent.is_ending_children or parent.is_stopping())
        return is_ended_by_parent or workflow.cancellation_reason() is not None

    def hand_on_cancel(self) -> None:
        """Raise CancelledError when the node is to end.

        What a workflow awaits may consume a cancel: a signal to a child, a call that ends at the same moment. The SDK
        reports a cancel once, so each step looks for it before anything new begins.
        """
        if self.is_stopping():
            raise asyncio.CancelledError

    async def _run_inside(self, place: SubtaskInput) -> NodeOutcome:
        child = Node(place, self.gate, self._patterns, parent=self)
        self.children[place.path] = child
        try:
            return await child.work()
        finally:
            del self.children[place.path]

    async def _run_outside(self, place: SubtaskInput) -> NodeOutcome:
        with self.gate.in_flight():
            return await self._run_child_workflow(place)

    async def _run_child_workflow(self, place: SubtaskInput) -> NodeOutcome:
        child = await start_child(place, self.gate)
        self.children[place.path] = child
        try:
            await self._watch(child)
        except asyncio.CancelledError:
            child.cancel()
        try:
            return await child.outcome()
        finally:
            del self.children[place.path]

    async def _watch(self, child: ChildRun) -> None:
        """Wait for a child's end, or have it suspend. Raises CancelledError when it is to end."""
        # Controls sent between the request to start it and the start did not reach it.
        await child.send_controls()
        self._hand_on_end()
        await workflow.wait_condition(lambda: child.has_ended or self.gate.suspends)
        await child.suspend()
        self._hand_on_end()

    def _hand_on_end(self) -> None:
        """See `hand_on_cancel`; for children."""
        if self.is_ending_children or self.is_stopping():
            raise asyncio.CancelledError

    async def _stay_if_stopped(self, error: Exception) -> None:
        """Wait for the cancel that is on its way, when a call was refused because its task was stopped.

        The ledger knows before the run does: the stop is committed first and sent to Temporal then. A run must end as
        cancelled, not as failed. Returns when no cancel has come for a while: none is sent to the run of a row that is
        closed already, as after a reset in the Web UI.
        """
        if reason_of(error)[0] == RootStopped.code:
            self.hand_on_cancel()
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: False, timeout=STAY)

    def _cut_calls(self) -> None:
        for handle in self._in_flight:
            self._cut.add(handle)
            handle.cancel()

    def _may_ask_again(self, raises: int) -> bool:
        return self.gate.controls.raises > raises or self._is_to_suspend()

    def _is_to_suspend(self) -> bool:
        return self.gate.suspends or (self._parent is not None and outgrows_parent(self.state))

    def _summary_of(self, request: ModelCallRequest) -> str:
        where = f" · {self.place.path}" if self._parent is not None else ""
        return f"{request.purpose} {request.step} · {request.agent}{where}"


def _is_within(path: NodePath, target: NodePath) -> bool:
    return path == target or path.startswith(f"{target}/")


def _on_one_line(path: NodePath, request: SteerRequest) -> bool:
    """Whether guidance passes through, or is for, the subtask at `path`."""
    target = request.path
    return target is None or _is_within(path, target) or target.startswith(f"{path}/")
