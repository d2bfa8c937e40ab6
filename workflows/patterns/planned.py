"""A node that is split: plan, run its subtasks as child workflows, put their results together.

TaskWorkflow is the root of the tree; a SubtaskWorkflow that decomposes is a node further down. Both are this.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, ChildWorkflowError, WorkflowAlreadyStartedError

from models.activities import RECORD, TaskRecords
from models.agents import COORDINATOR, PLANNER
from models.base import preview_of
from models.errors import PlanInvalid, SubtaskFailed
from models.ids import NodePath, TaskId, UserId, child_path, workflow_id_of
from models.model_calls import ModelCallRequest, Purpose
from models.plans import PlanNode
from models.subtasks import SubtaskInput
from models.tasks import NodeOutcome, OnFailure, RunPolicy, SteerRequest, TransitionRecord
from models.workflows import AGENT, OWNER, PRIORITY, SubtaskRuns
from workflows.gate import Gate, is_cancel, reason_of
from workflows.plan import Progress
from workflows.turn import check_whole

PLAN_ROUNDS = 2
"""The planner's first try and one repair; each retry of the node, or of the task, has as many again."""

TAKE_OVER = "take-over"
"""Protects histories from before a run that was reset took its subtasks over."""

Child = workflow.ChildWorkflowHandle[Any, Any]


class Tree:
    """One split node and its children in flight."""

    def __init__(
        self,
        gate: Gate,
        *,
        task_id: TaskId,
        owner_id: UserId,
        path: NodePath,
        policy: RunPolicy,
        priority: int,
        retries: int = 0,
        retry: int = 0,
    ) -> None:
        self._gate = gate
        self._task_id = task_id
        self._owner_id = owner_id
        self._path = path
        self._policy = policy
        self._priority = priority
        self._retries = retries
        self._retry = retry
        self._progress: Progress | None = None
        self.children: dict[NodePath, Child] = {}
        self._last_failure = ""
        self._stopping = False
        """True once subtasks in flight are to end with their node."""
        self.closing = False
        """True once no model call follows: guidance would come too late."""

    async def run(self, plan: Sequence[PlanNode] | None) -> None:
        """Work the node out, up to its answer in the database.

        Raises ApplicationError with the code of what went wrong when a subtask failed and the policy says `fail`.
        """
        progress = self._progress = Progress(plan or await self._plan())
        await self._run_subtasks(progress)
        completed = [outcome for outcome in progress.outcomes.values() if outcome.status == "completed"]
        if not completed:
            why = f"Every subtask failed; the last one: {self._last_failure}"[:500]
            raise ApplicationError(why, type=SubtaskFailed.code, non_retryable=True)
        if len(progress.nodes) == 1:
            self.closing = True
            await self.record("completed", from_child=completed[0].path)
        else:
            await self._aggregate()

    def describe(self) -> str:
        """Where the node stands, as Markdown for Temporal's Web UI."""
        return self._progress.describe() if self._progress else "Planning"

    async def tell_children(self, signal: str) -> None:
        """Pass a control on to the children in flight; one that has just ended needs it no more."""
        await asyncio.gather(*(_tell(child, signal) for child in list(self.children.values())))

    async def pass_on(self, request: SteerRequest) -> None:
        """Pass guidance on to the children that it is for."""
        await asyncio.gather(*(_tell(self.children[path], "guidance", request) for path in self.reached_by(request)))

    def reached_by(self, request: SteerRequest) -> tuple[NodePath, ...]:
        """The children in flight that guidance is for."""
        return tuple(path for path in sorted(self.children) if request.path is None or _on_one_line(path, request.path))

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
        record = TransitionRecord(
            task_id=self._task_id,
            path=self._path if path is None else path,
            status=status,
            error_code=code,
            error=error[:500],
            from_child=from_child,
            **({"retries": self._retries} if self._retries else {}),
        )
        await workflow.execute_local_activity_method(TaskRecords.record, record, **RECORD)

    async def _plan(self) -> tuple[PlanNode, ...]:
        """Ask for a plan. A retry has rounds of its own, behind those that come back from the ledger: a plan that was
        accepted before is used again, and refused ones are not all there is.
        """
        problems: tuple[str, ...] = ()
        for step in range(1, PLAN_ROUNDS * (self._retries + self._retry + 1) + 1):
            outcome = await self._gate.call(self._request(Purpose.PLAN, step, PLANNER))
            if outcome.plan:
                return outcome.plan
            problems = outcome.plan_problems
        way_out = "Give the subtasks yourself in `plan`, or choose another model."
        why = f"The planner's plan can't run: {' '.join(problems)}"
        message = f"{preview_of(why, 499 - len(way_out))} {way_out}"
        raise ApplicationError(message, type=PlanInvalid.code, non_retryable=True)

    async def _aggregate(self) -> None:
        """Have the answer written, and once more whenever guidance came while it was."""
        step = 1
        while (outcome := await self._gate.call(self._request(Purpose.AGGREGATE, step, COORDINATOR))).goes_on:
            step += 1
        check_whole(self._policy, outcome)

    async def _run_subtasks(self, progress: Progress) -> None:
        underway: dict[asyncio.Task[NodeOutcome], str] = {}
        try:
            while not progress.finished:
                await self._gate.open()
                for node in progress.start():
                    underway[asyncio.create_task(self._run_subtask(node))] = node.key
                workflow.set_current_details(progress.describe())
                ended, _ = await workflow.wait(list(underway), return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    progress.end(underway.pop(task), task.result())
        finally:
            workflow.set_current_details(progress.describe())
            self._stopping = True
            await _cancel_all(underway)

    async def _run_subtask(self, node: PlanNode) -> NodeOutcome:
        """Run one subtask to its end under the policy. Raises ApplicationError when its failure fails the node."""
        path = child_path(self._path, node.key)
        retries = self._policy.max_retries if self._policy.on_failure is OnFailure.RETRY else 0
        code, message = "", ""
        for retry in range(retries + 1):
            await self._gate.open()
            try:
                return await self._run_child(node, path, retry)
            except ChildWorkflowError as error:
                # A cancel of the run is stronger than a failure that came with it.
                if workflow.cancellation_reason() is not None or (is_cancel(error) and self._stopping):
                    raise asyncio.CancelledError from error
                code, message = reason_of(error)
                self._last_failure = f"{code}: {message}"
            if retry < retries:
                await workflow.sleep(timedelta(seconds=min(30, 2**retry)))
        if self._policy.on_failure is OnFailure.SKIP:
            await self.record("skipped", path=path, code=code, error=message)
            return NodeOutcome(path=path, status="skipped")
        await self.record("failed", path=path, code=code, error=message)
        raise ApplicationError(f"Subtask {path!r} failed: {message}"[:500], type=code, non_retryable=True)

    async def _run_child(self, node: PlanNode, path: NodePath, retry: int) -> NodeOutcome:
        raises, paused = self._gate.budget_raises, self._gate.paused
        child = await self._start_child(node, path, retry, paused=paused)
        self.children[path] = child
        try:
            # What was said between the request to start and the start did not reach the child.
            if self._gate.paused != paused:
                await _tell(child, "pause" if self._gate.paused else "resume")
            if self._gate.budget_raises > raises:
                await _tell(child, "budget_raised")
            if self._is_stopping():
                # A cancel that came while the child was being told was taken in by that.
                child.cancel()
            outcome: NodeOutcome = await child
            return outcome
        finally:
            self.children.pop(path, None)

    async def _start_child(self, node: PlanNode, path: NodePath, retry: int, *, paused: bool) -> Child:
        for wait_s in (1, 2, 4, 8, 16):
            try:
                return await self._start_child_once(node, path, retry, paused=paused)
            except WorkflowAlreadyStartedError:
                # The run was reset in the Web UI, which leaves its children behind. They report to nobody any more;
                # what they were answered is in the ledger.
                if not workflow.patched(TAKE_OVER):
                    raise
                with suppress(ApplicationError):
                    await workflow.get_external_workflow_handle(workflow_id_of(self._task_id, path)).cancel()
                await workflow.sleep(timedelta(seconds=wait_s))
        return await self._start_child_once(node, path, retry, paused=paused)

    async def _start_child_once(self, node: PlanNode, path: NodePath, retry: int, *, paused: bool) -> Child:
        return await workflow.start_child_workflow(
            SubtaskRuns.run,
            SubtaskInput(
                task_id=self._task_id,
                owner_id=self._owner_id,
                path=path,
                agent=node.agent,
                title=node.title,
                decompose=node.decompose,
                policy=self._policy,
                priority=self._priority,
                paused=paused,
                retry=self._retry + retry,
                **({"retries": self._retries} if self._retries else {}),
            ),
            id=workflow_id_of(self._task_id, path),
            static_summary=f"{node.agent}: {node.title}" if node.title else node.agent,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(OWNER, self._owner_id),
                    SearchAttributePair(AGENT, node.agent),
                    SearchAttributePair(PRIORITY, self._priority),
                ]
            ),
        )

    def _is_stopping(self) -> bool:
        """Whether subtasks in flight are to end: the run is being cancelled, or a sibling failed and with it the node.

        Otherwise somebody cancelled just one of them (in the Web UI, say). A task's own count of cancels doesn't tell:
        the SDK takes it back while it waits for a child to end.
        """
        return self._stopping or workflow.cancellation_reason() is not None

    def _request(self, purpose: Purpose, step: int, agent: str) -> ModelCallRequest:
        return ModelCallRequest(
            task_id=self._task_id, path=self._path, purpose=purpose, step=step, agent=agent, retry=self._retry
        )


async def _tell(child: Child, signal: str, *args: Any) -> None:
    try:
        await child.signal(signal, args=args)
    except ApplicationError:
        # The child ended first.
        return


# In quotes: the sandbox evaluates annotations at every start of a run, and `asyncio` is a restricted proxy there.
async def _cancel_all(underway: "dict[asyncio.Task[NodeOutcome], str]") -> None:
    """Cancel subtasks in flight and wait until each has really ended: "stopped" means stopped."""
    for task in underway:
        task.cancel()
    if underway:
        await asyncio.gather(*underway, return_exceptions=True)


def _on_one_line(path: NodePath, target: NodePath) -> bool:
    """Whether guidance for `target` passes through, or is for, the subtask at `path`."""
    return path == target or path.startswith(f"{target}/") or target.startswith(f"{path}/")
