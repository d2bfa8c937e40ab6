"""Holds rows against Temporal: of runs that ended without telling us, and of runs that Temporal has lost.

A run ends so when a user terminates it in the Web UI, for example. It is lost when Temporal's data is: an empty disk,
or a backup from before. What is asked for such a run was paid for, and the ledger has the answers, so it is started
anew.

Moments are PostgreSQL's, which wrote the rows. Temporal's own clock may differ: then a run that has just closed may be
missed where closed runs are listed, and is found where rows are held against Temporal one by one, without any time.
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
"""Visibility lags a little behind."""
LOOK_FOR_LOST = timedelta(minutes=1)
"""How often some of the open rows are held against Temporal one by one."""
LOOKED_AT_ONCE = 200
LOST_AFTER = timedelta(minutes=2)
"""Rows younger than this are skipped: their runs may still be starting."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a run, as Temporal reports it."""

    cancelled: bool
    retries: int
    """Which retry the run was."""


class Reconciler:
    """Looks at runs, round after round."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal
        self._reconciled_to: datetime | None = None
        self._look_at = time.monotonic() + LOOK_FOR_LOST.total_seconds()
        self._looked_to: RunId | None = None

    async def reconcile(self) -> None:
        """Close the rows of runs that Temporal closed since the last round; once a minute look for lost ones too.

        The first round looks back to the oldest open row: there may have been no reconciliation for days.
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
                # One that can't be judged now comes again; it does not hold up the others.
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
        """Take the next open rows in turn; after the last of them the first again."""
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
        # Which run this is was read with how it ended: the next one may begin before the row is locked.
        end = End(status == WorkflowExecutionStatus.CANCELED, await described.memo_value(RETRIES, 0))
        async with self._database.begin() as session:
            was_open = await runs.close_from_temporal(session, suspect, end.cancelled, retries=end.retries)
            if was_open:
                # In the same transaction: where Temporal doesn't answer, the row stays open and comes again.
                scheduled_run_id = await runs.scheduled_run_of(session, suspect)
                await self._temporal.end_runs(scheduled_run_id, reason="The task's run was ended in Temporal.")
        # Of many that are looked at in turn, some have ended by themselves before it is theirs.
        if was_open:
            log.warning("run_reconciled", workflow_id=workflow_id, temporal_status=status.name if status else None)
