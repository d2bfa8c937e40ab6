"""Compares rows with Temporal, to find runs that ended without updating their rows, and runs that Temporal has lost.

A run ends without updating its row, for example, when a user terminates it in the Web UI. Runs are lost when Temporal's
data is lost: after a restart with an empty disk, or with an older backup. A lost run is started again: its finished
calls were paid for, and the ledger has their answers.

Times are PostgreSQL's, which wrote the rows. Temporal's own clock may differ. A run that has just closed may then be
missing from the list of closed runs, but it is found when rows are compared with Temporal one by one, because that
doesn't depend on the time.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from chimera.db.engine import Database
from chimera.ledger import runs
from chimera.temporal.client import RETRIES, RPC_TIMEOUT, Temporal
from chimera.temporal.payloads import PayloadUnreadable
from models.ids import RunId, workflow_id_of
from models.workflows import ROOT_WORKFLOWS

log = structlog.get_logger()

LOOK_BACK = timedelta(seconds=10)
"""How far each round looks back beyond the last one, because visibility lags a little."""
LOOK_FOR_LOST = timedelta(minutes=1)
"""How often some of the open rows are compared with Temporal one by one."""
LOOKED_AT_ONCE = 200
LOST_AFTER = timedelta(minutes=2)
"""Rows younger than this are skipped: their runs may still be starting."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a run, as Temporal reports it."""

    cancelled: bool
    retries: int
    """The number of the retry that the run was."""


class Reconciler:
    """Compares rows with Temporal, round after round."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal
        self._reconciled_to: datetime | None = None
        self._look_at = time.monotonic() + LOOK_FOR_LOST.total_seconds()
        self._looked_to: RunId | None = None

    async def reconcile(self) -> None:
        """Close the rows of runs that Temporal closed since the last round; once a minute, also look for lost runs.

        The first round looks back to the oldest open row, because there may have been no reconciliation for days.
        """
        client = await self._temporal.client()
        async with self._database.begin() as session:
            started: datetime = (await session.execute(select(func.now()))).scalar_one()
            if self._reconciled_to is None:
                self._reconciled_to = await runs.oldest_open(session) or started
        suspects = await self._closed_since(self._reconciled_to - LOOK_BACK)
        if time.monotonic() >= self._look_at:
            suspects += await self._next_to_look_at(started)
            self._look_at = time.monotonic() + LOOK_FOR_LOST.total_seconds()
        for suspect in suspects:
            try:
                await self._hold_against_temporal(client, suspect)
            except (RPCError, SQLAlchemyError, PayloadUnreadable) as error:
                # A run that can't be checked now is checked again later, and doesn't delay the others.
                log.warning("run_not_reconciled", id=suspect, error=type(error).__name__)
        self._reconciled_to = started

    async def _closed_since(self, since: datetime) -> list[RunId]:
        """Find the runs that Temporal has closed and whose rows are open."""
        prefix = workflow_id_of(RunId(""))
        ids = await self._temporal.closed_since(ROOT_WORKFLOWS, since)
        closed = [RunId(id.removeprefix(prefix)) for id in ids if id.startswith(prefix)]
        async with self._database.begin() as session:
            return await runs.open_among(session, closed)

    async def _next_to_look_at(self, now: datetime) -> list[RunId]:
        """Return the next open rows in turn; after the last row, begin again with the first."""
        async with self._database.begin() as session:
            page = await runs.delivered_before(session, now - LOST_AFTER, self._looked_to, LOOKED_AT_ONCE)
        self._looked_to = page[-1] if len(page) == LOOKED_AT_ONCE else None
        return page

    async def _hold_against_temporal(self, client: Client, suspect: RunId) -> None:
        workflow_id = workflow_id_of(suspect)
        try:
            # The newest run under this id counts: a reset in the Web UI closes one and starts the next.
            described = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            log.warning("run_lost_by_temporal", workflow_id=workflow_id)
            async with self._database.begin() as session:
                await runs.start_again(session, suspect)
            return
        status = described.status
        if status == WorkflowExecutionStatus.RUNNING:
            return
        # The number of the retry is read together with the end: the next run may start before the row is locked.
        end = End(status == WorkflowExecutionStatus.CANCELED, await described.memo_value(RETRIES, 0))
        async with self._database.begin() as session:
            was_open = await runs.close_from_temporal(session, suspect, end.cancelled, retries=end.retries)
            if was_open:
                # In the same transaction: if Temporal doesn't respond, the row stays open and is checked again.
                scheduled_run_id = await runs.scheduled_run_of(session, suspect)
                await self._temporal.end_runs(scheduled_run_id, reason="The task's run was ended directly in Temporal.")
        # When many runs are checked one after another, some end by themselves before their turn.
        if was_open:
            log.warning("run_reconciled", workflow_id=workflow_id, temporal_status=status.name if status else None)
