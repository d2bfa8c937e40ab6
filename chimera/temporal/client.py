"""Access to Temporal: one lazy client per process, for starting and steering runs among other things. Schedules are in
`schedules.py`, payloads in `payloads.py`."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from chimera.config.settings import Settings
from chimera.ledger.starts import Start
from chimera.temporal import connections, search_attributes
from chimera.temporal.payloads import Encryption, PayloadUnreadable, converter_of
from models.ai_calls import AiCallInput
from models.errors import Conflict
from models.ids import (
    RunId,
    UserId,
    workflow_id_of,
)
from models.remedies import Action, Remedy
from models.replies import ReplyInput
from models.tasks import SteerReceipt, SteerRequest, TaskInput
from models.workflows import (
    AGENT,
    OWNER,
    PRIORITY,
    STATUS,
    TaskRuns,
)

log = structlog.get_logger()

RPC_TIMEOUT = timedelta(seconds=5)
GLANCE_TIMEOUT = timedelta(seconds=2)
"""The timeout for optional details of a response."""
STEER_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
UNUSABLE_SECONDS = 5.0
"""The pause between attempts to connect while the settings are at fault. Certificates are read again each time, so a
replaced one is used without a restart."""
VISIBILITY_PAGE = 1000
RETRIES = "retries"
"""The memo's key for the number of the retry, in a run that retries a failed task."""


_WORKFLOWS: dict[type[object], str] = {
    TaskInput: "TaskWorkflow",
    ReplyInput: "ReplyWorkflow",
    AiCallInput: "AiCallWorkflow",
}
"""The type of a run's workflow, by that of its argument."""


class StillEnding(RuntimeError):
    """A task is to be retried, but its failed run has not ended yet."""


class ActivityState(NamedTuple):
    """The state of a call's run. `pending` is its activity, or None before the activity begins and after it ends."""

    has_ended: bool
    pending: PendingActivityInfo | None


class Temporal:
    """The connection to Temporal. It is opened at the first use, so that a process can start while Temporal is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.encryption = Encryption(settings)
        self._converter = converter_of(self.encryption)
        if not self.encryption.is_on:
            log.warning("payloads_not_encrypted", advice="Set CHIMERA_PAYLOAD_KEYS for every API server and worker.")
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def client(self) -> Client:
        """Return the process's client. The first call through it may fail.

        Raises TemporalUnusable, a RuntimeError, if a certificate can no longer be read.
        """
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect(lazy=True)
            return self._client

    async def connected(self) -> Client:
        """Return a client that is connected and accepted, as a worker needs it; wait for it as long as it takes."""
        async with self._connecting:
            while True:
                try:
                    client = await self._connect(lazy=False)
                    await connections.check(client)
                except (RPCError, RuntimeError) as error:
                    await self._report(error)
                else:
                    self._client = client
                    return client

    async def _report(self, error: RPCError | RuntimeError) -> None:
        """Log why there is no connection, and pause; the pause is longer if the settings are at fault."""
        problem = await connections.problem_of(error, self._settings)
        if problem is None or problem.may_pass:
            log.warning("temporal_away", error=str(error)[:200], problem=str(problem) if problem else None)
            await asyncio.sleep(RECONNECT_SECONDS)
        else:
            log.error("temporal_unusable", problem=str(problem), address=self.address)
            await asyncio.sleep(UNUSABLE_SECONDS)

    async def _connect(self, *, lazy: bool) -> Client:
        return await connections.connect(self._settings, self._converter, lazy=lazy)

    @property
    def address(self) -> str:
        """The host and port where this process reaches Temporal."""
        return connections.address_of(self._settings)

    @property
    def namespace(self) -> str:
        return self._settings.temporal_namespace

    @property
    def web_ui(self) -> str:
        """The address where users reach Temporal's Web UI."""
        return web_ui_of(self._settings)

    def ui_url(self, run_id: RunId) -> str:
        """Return the address of a run's page in Temporal's Web UI."""
        return f"{self.web_ui}/namespaces/{self._settings.temporal_namespace}/workflows/{quote(workflow_id_of(run_id))}"

    async def check(self) -> None:
        """Raise RPCError or RuntimeError unless Temporal answers within 2 s; TemporalUnusable names the setting."""
        try:
            await connections.check(await self.client())
        except (RPCError, RuntimeError) as error:
            if (problem := await connections.problem_of(error, self._settings)) is not None:
                raise connections.TemporalUnusable(problem) from error
            raise

    async def ensure_search_attributes(self) -> None:
        """Register the search attributes of runs, or log which of them are missing."""
        await search_attributes.ensure(await self.client())

    async def closed_since(self, workflow_types: Sequence[str], since: datetime) -> set[str]:
        """Find the workflow ids of runs of these types that have ended since then, as far as visibility shows them.

        Visibility lags a little. The raw response is read because the client would decode the search attributes of
        every run.
        """
        client = await self.client()
        types = ", ".join(f"'{each}'" for each in workflow_types)
        request = ListWorkflowExecutionsRequest(
            namespace=self._settings.temporal_namespace,
            page_size=VISIBILITY_PAGE,
            query=f"WorkflowType IN ({types}) AND ExecutionStatus NOT IN ('Running', 'ContinuedAsNew')"
            f" AND CloseTime > '{since.strftime('%Y-%m-%dT%H:%M:%SZ')}'",
        )
        closed: set[str] = set()
        while True:
            page = await client.workflow_service.list_workflow_executions(request, retry=True, timeout=RPC_TIMEOUT)
            closed.update(run.execution.workflow_id for run in page.executions)
            if not page.next_page_token:
                return closed
            request.next_page_token = page.next_page_token

    async def delete_runs(self, run_id: RunId, scheduled_run_id: str | None) -> int:
        """Request the deletion of all runs of a task and its subtasks, and of the scheduled run that created the task.

        Returns how many runs still existed: Temporal takes a moment to delete them, and visibility lags a little.
        """
        client = await self.client()
        query = f"WorkflowId STARTS_WITH '{workflow_id_of(run_id)}'"
        if scheduled_run_id is not None:
            # These ids are our own and contain no quotes.
            query = f"({query}) OR WorkflowId = '{scheduled_run_id}'"
        request = ListWorkflowExecutionsRequest(
            namespace=self._settings.temporal_namespace, page_size=VISIBILITY_PAGE, query=query
        )
        page = await client.workflow_service.list_workflow_executions(request, retry=True, timeout=RPC_TIMEOUT)
        # The id of the task's own run is known, even before the run is listed.
        runs = [WorkflowExecution(workflow_id=workflow_id_of(run_id)), *(run.execution for run in page.executions)]
        return sum([await self._delete_run(client, run) for run in runs])

    async def _delete_run(self, client: Client, run: WorkflowExecution) -> bool:
        """Request the deletion of a run, or of the newest under its workflow id; return whether there was one."""
        delete = DeleteWorkflowExecutionRequest(namespace=self._settings.temporal_namespace, workflow_execution=run)
        try:
            await client.workflow_service.delete_workflow_execution(delete, timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def start(self, run_id: RunId, start: Start) -> None:
        """Start a run; one that was started before isn't started again, even if it has ended.

        A task that is retried gets another run after its failed one. Raises StillEnding while that hasn't ended.
        """
        client = await self.client()
        is_retry = start.retries > 0
        handle: WorkflowHandle[Any, Any] = await client.start_workflow(
            _WORKFLOWS[type(start.argument)],
            start.argument,
            id=workflow_id_of(run_id),
            task_queue=self._settings.task_queue,
            # If the row is from a backup, Temporal may have the run as completed; the retry has to start all the same.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
            if is_retry
            else WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            memo={RETRIES: start.retries} if is_retry else None,
            search_attributes=attributes_of(start),
            static_summary=summary_of(start.title),
            priority=Priority(priority_key=start.priority, fairness_key=start.owner_id),
            rpc_timeout=RPC_TIMEOUT,
        )
        if is_retry and await _retry_of(handle) != start.retries:
            # A run reports its failure before it has ended.
            raise StillEnding("The failed run hasn't ended yet.")

    async def end_runs(self, *workflow_ids: str | None, reason: str) -> None:
        """Terminate runs, in this order; None and runs that have already ended are skipped.

        A task's run is ended together with the scheduled run that created it. If no worker has the key that they were
        encrypted with, neither of them can continue, and an open scheduled run keeps its schedule's later runs from
        starting.
        """
        client = await self.client()
        for workflow_id in filter(None, workflow_ids):
            try:
                await client.get_workflow_handle(workflow_id).terminate(reason=reason, rpc_timeout=RPC_TIMEOUT)
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise

    async def await_run(self, run_id: RunId, wait_s: float) -> None:
        """Wait until the call's run has ended in any way, the time is over, or Temporal doesn't respond."""
        handle = (await self.client()).get_workflow_handle(workflow_id_of(run_id))
        try:
            async with asyncio.timeout(wait_s):
                await handle.result()
        except (TimeoutError, WorkflowFailureError, RPCError, RuntimeError):
            # The outcome is in the run's row.
            return

    async def activity_of(self, run_id: RunId) -> ActivityState:
        """Return the state of a call's run. Raises RPCError or RuntimeError, also for an unknown run."""
        handle = (await self.client()).get_workflow_handle(workflow_id_of(run_id))
        described = await handle.describe(rpc_timeout=GLANCE_TIMEOUT)
        pending = next(iter(described.raw_description.pending_activities), None)
        if pending is not None and pending.HasField("last_failure"):
            pending.last_failure.message = await self._message_in(pending.last_failure)
        return ActivityState(has_ended=described.status is not WorkflowExecutionStatus.RUNNING, pending=pending)

    async def _message_in(self, failure: Failure) -> str:
        """Return the message of a failure, which is in its encrypted attributes."""
        try:
            return str(getattr(await self._converter.decode_failure(failure), "message", failure.message))
        except PayloadUnreadable as error:
            return str(error)

    async def steer(self, run_id: RunId, request: SteerRequest) -> SteerReceipt | None:
        """Send stored guidance to a run and return its receipt.

        Returns None if Temporal or the run doesn't respond within 5 s: the guidance is stored, so the next model call
        sees it all the same. Raises Conflict if the run rejects the guidance.
        """
        client = await self.client()
        handle = client.get_workflow_handle(workflow_id_of(run_id))
        try:
            async with asyncio.timeout(STEER_SECONDS):
                return await handle.execute_update(
                    TaskRuns.steer, request, id=f"guidance-{request.guidance_id}", rpc_timeout=RPC_TIMEOUT
                )
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            refused = "The run rejected the guidance. Check the task's status."
            raise Conflict(
                cause.message if isinstance(cause, ApplicationError) else refused,
                remedy=Remedy(action=Action.SHOW_TASK, target=run_id),
            ) from error
        except (TimeoutError, RPCError, RuntimeError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            log.info("steer_without_receipt", run_id=run_id, error=str(error)[:200])
            return None


async def _retry_of(handle: WorkflowHandle[Any, Any]) -> int:
    described = await handle.describe(rpc_timeout=RPC_TIMEOUT)
    return int(await described.memo_value(RETRIES, 0))


def web_ui_of(settings: Settings) -> str:
    """Return the address where users reach Temporal's Web UI."""
    return settings.temporal_ui_url or f"http://127.0.0.1:{settings.temporal_ui_port}"


def attributes_of(start: Start) -> TypedSearchAttributes:
    """Return the attributes by which a run can be found in Temporal's Web UI."""
    if isinstance(start.argument, TaskInput):
        return task_attributes(start.owner_id, start.priority)
    if isinstance(start.argument, ReplyInput):
        return task_attributes(start.owner_id, start.priority, start.argument.agent)
    return TypedSearchAttributes([SearchAttributePair(OWNER, start.owner_id)])


def task_attributes(owner_id: UserId, priority: int, agent: str = "coordinator") -> TypedSearchAttributes:
    """Return the attributes by which a task's run can be found in Temporal's Web UI."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(OWNER, owner_id),
            SearchAttributePair(AGENT, agent),
            SearchAttributePair(STATUS, "running"),
            SearchAttributePair(PRIORITY, priority),
        ]
    )


def summary_of(title: str) -> str:
    """Return a run's one-line summary for the Web UI (Temporal's limit: 400 bytes)."""
    return title.encode()[:200].decode(errors="ignore")
