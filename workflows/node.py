"""A node of a task's tree: its model calls, its children, its records, and the controls that reach it.

A pattern decides how the node's work is divided (`workflows/patterns`). Its tools run in `workflows/tools.py`. The same
code runs a node in a workflow of its own and inside its parent's.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
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
from models.nodes import NodeOutcome, NodeState, SuspendedChild
from models.subtasks import SubtaskInput
from models.tasks import SteerRequest, TransitionRecord
from models.tool_calls import Decision
from workflows.children import ChildRun, start_child
from workflows.failures import code_of, reason_of
from workflows.gate import Gate
from workflows.inline import outgrows_parent

STAY = timedelta(minutes=3)
"""Longer than the time after which a cancellation that hasn't ended its run is enforced from outside."""

_REFUSED = frozenset({BudgetReached.code, TaskPaused.code})
"""Codes of the ledger's rejections that last until a user lets the run continue."""


class Suspended(Exception):
    """A node stops before a model call, or before the tools of a turn. It continues from its state elsewhere."""


class Child(Protocol):
    """A child in flight, inside this workflow or in one of its own."""

    async def send_controls(self) -> None: ...

    async def interrupt(self, request: SteerRequest) -> None: ...

    async def hear(self, decision: Decision) -> None: ...


class Pattern(Protocol):
    """How a node produces its answer."""

    def __call__(self, node: "Node") -> Awaitable[None]: ...


class Node:
    """A running node."""

    def __init__(
        self, place: SubtaskInput, gate: Gate, patterns: Mapping[str, Pattern], parent: "Node | None" = None
    ) -> None:
        self.place = place
        self.gate = gate
        self.state = place.state
        self.children: dict[NodePath, Child] = {}
        self.details = ""
        """The node's progress, as Markdown for Temporal's Web UI."""
        self.is_closing = False
        """True once no more model calls follow, so guidance would arrive too late."""
        self.is_ending_children = False
        """True once the children in flight have to end with the node."""
        self._patterns = patterns
        self._parent = parent
        self._in_flight: set[workflow.ActivityHandle[Any]] = set()
        self._cut: set[workflow.ActivityHandle[Any]] = set()
        self._decided: set[tuple[int, int]] = set()
        """The tool calls, by step and index, about which a person has decided."""
        self._starting: dict[NodePath, list[Decision]] = {}
        """The children that are being started in their own workflows, with decisions about calls there or below."""

    async def work(self) -> NodeOutcome:
        """Work until the node's answer is in the database, or until the node has to continue elsewhere."""
        try:
            await self._patterns[self.place.pattern](self)
        except Suspended:
            return NodeOutcome(path=self.place.path, status="suspended", state=self.state)
        except Exception as error:
            await self._stay_if_stopped(error)
            raise
        return NodeOutcome(path=self.place.path, status="completed")

    def keep(self, **changes: Any) -> None:
        """Record the node's progress in its state."""
        self.state = self.state.model_copy(update=changes)

    def carried_over(self) -> NodeState:
        """Return the state from which the node continues in the next execution of its workflow."""
        return self.state.model_copy(update={"controls": self.gate.controls})

    def take_suspended(self, key: str) -> SuspendedChild:
        """Remove a suspended child from the node's state and return it; return a new one if the child begins."""
        found = next((child for child in self.state.suspended if child.key == key), SuspendedChild(key=key))
        self.keep(suspended=tuple(child for child in self.state.suspended if child.key != key))
        return found

    def put_suspended(self, child: SuspendedChild) -> None:
        """Keep a child that continues together with the node."""
        self.keep(suspended=(*self.state.suspended, child))

    def show(self, details: str) -> None:
        """Show the node's progress. In the Web UI, a workflow shows the node that it was started for."""
        self.details = details
        if self._parent is None:
            workflow.set_current_details(details)

    async def open(self) -> None:
        """Wait until new work may begin. Raises Suspended, or CancelledError if the node has to end."""
        self.hand_on_cancel()
        if self.gate.controls.paused:
            await workflow.wait_condition(lambda: not self.gate.controls.paused or self._is_to_suspend())
        if self._is_to_suspend():
            raise Suspended

    def request(self, purpose: Purpose, step: int, agent: str, *, last_turn: bool = False) -> ModelCallRequest:
        """Return the request for a model call of this node."""
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
        """Make a model call. Waits if the budget is used up, and repeats a call that was interrupted.

        Raises ActivityError if the call failed for good, and what `open` raises.
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
                # A cancellation of the node that arrived while the call was being interrupted takes precedence.
                if isinstance(error.cause, CancelledError) and handle in self._cut and not self.is_stopping():
                    continue
                if code_of(error) not in _REFUSED:
                    raise
                # A cancellation that arrived together with the rejection was consumed by it.
                self.hand_on_cancel()
                # A raise that arrived during the call counts, so the node doesn't wait for another one.
                await workflow.wait_condition(lambda: self._may_ask_again(raises))  # noqa: B023
            finally:
                self._in_flight.discard(handle)
                self._cut.discard(handle)

    async def run_child(self, place: SubtaskInput, *, may_be_inside: bool) -> NodeOutcome:
        """Run a child until it ends or is suspended. A child that outgrows this workflow moves into its own.

        Raises what the child's work raised, or ChildWorkflowError.
        """
        if may_be_inside and not outgrows_parent(place.state):
            outcome = await self._run_inside(place)
            if outcome.state is None or self.gate.suspends or not outgrows_parent(outcome.state):
                return outcome
            place = place.model_copy(update={"state": outcome.state})
        return await self._run_outside(place)

    async def decision(self, step: int, index: int, timeout: timedelta | None) -> None:
        """Wait until a person decides about a tool call, or until the call has to be looked at again.

        The decision itself is in the database. Raises what `open` raises.
        """
        place = (step, index)
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(lambda: place in self._decided or self._is_to_suspend(), timeout=timeout)
        await self.open()
        self._decided.discard(place)

    async def record(
        self,
        status: Any,
        *,
        path: NodePath | None = None,
        code: str | None = None,
        error: str = "",
        from_child: NodePath | None = None,
    ) -> None:
        """Record an end that doesn't result from a model call, in one marker event."""
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
        """Send the controls to the children in flight."""
        await asyncio.gather(*(child.send_controls() for child in list(self.children.values())))

    async def interrupt(self, request: SteerRequest) -> None:
        """Interrupt the calls that guidance is for, here and below. Each is repeated and receives the guidance."""
        if request.path is None or _is_within(self.place.path, request.path):
            self._cut_calls()
        reached = [child for path, child in self.children.items() if _on_one_line(path, request)]
        await asyncio.gather(*(child.interrupt(request) for child in reached))

    async def hear(self, decision: Decision) -> None:
        """Let the tool call continue that a person has decided about, here or below.

        A node that isn't in flight, because it is suspended, reads the decision when it continues.
        """
        if decision.path == self.place.path:
            self._decided.add((decision.step, decision.index))
        for path, early in self._starting.items():
            if _is_within(decision.path, path):
                early.append(decision)
        reached = [child for path, child in self.children.items() if _is_within(decision.path, path)]
        await asyncio.gather(*(child.hear(decision) for child in reached))

    def reached_by(self, request: SteerRequest) -> tuple[NodePath, ...]:
        """Return the paths of the children, in flight or suspended, that guidance reaches."""
        suspended = (child_path(self.place.path, child.key) for child in self.state.suspended)
        return tuple(path for path in sorted({*self.children, *suspended}) if _on_one_line(path, request))

    def is_stopping(self) -> bool:
        """Return whether the node has to end: the run is being cancelled, or a sibling failed and their parent is
        ending.

        The asyncio task's own count of cancellations doesn't show this, because the SDK reverts it while it waits for a
        child to end.
        """
        parent = self._parent
        is_ended_by_parent = parent is not None and (parent.is_ending_children or parent.is_stopping())
        return is_ended_by_parent or workflow.cancellation_reason() is not None

    def hand_on_cancel(self) -> None:
        """Raise CancelledError if the node has to end.

        What a workflow awaits may consume a cancellation, for example a signal to a child, or a call that ends at the
        same moment. The SDK reports a cancellation only once, so each step checks for it before new work begins.
        """
        if self.is_stopping():
            raise asyncio.CancelledError

    def hand_on_end(self) -> None:
        """Raise CancelledError if the children have to end; see `hand_on_cancel`."""
        if self.is_ending_children or self.is_stopping():
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
        early: list[Decision] = []
        self._starting[place.path] = early
        try:
            child = await start_child(place, self.gate)
        finally:
            del self._starting[place.path]
        self.children[place.path] = child
        try:
            await self._watch(child, early)
        except asyncio.CancelledError:
            child.cancel()
        try:
            return await child.outcome()
        finally:
            del self.children[place.path]

    async def _watch(self, child: ChildRun, early: Iterable[Decision]) -> None:
        """Wait until a child ends, or make it suspend. Raises CancelledError if it has to end."""
        # A child may wait for a person before this workflow learns that the child has started: the SDK handles signals
        # before all else.
        for decision in early:
            await child.hear(decision)
        # Controls that were sent between the request to start the child and its start did not reach it.
        await child.send_controls()
        self.hand_on_end()
        await workflow.wait_condition(lambda: child.has_ended or self.gate.suspends)
        await child.suspend()
        self.hand_on_end()

    async def _stay_if_stopped(self, error: Exception) -> None:
        """If a call was rejected because its task was stopped, wait for the cancellation that is on its way.

        The ledger knows of the stop before the run does, because the stop is committed first and sent to Temporal
        afterward. The run must end as cancelled, not as failed. Returns if no cancellation arrives for a while: the
        run of a row that is already closed isn't sent one, for example after a reset in the Web UI.
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
    """Return whether guidance is for the subtask at `path`, or passes through it."""
    target = request.path
    return target is None or _is_within(path, target) or target.startswith(f"{path}/")
