"""The activities of retention runs."""

import time

import structlog
from temporalio import activity

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.failpoints import Failpoints
from chimera.store import retention
from models import activities as contract
from models.ids import RetentionId
from models.retention import RetentionInput, RetentionProgress

log = structlog.get_logger()

STEP_SECONDS = 20.0
"""How long an activity deletes. Then the workflow begins the next one, possibly on another worker."""


class Retention(contract.Retention):
    """Implements `begin_retention` and `delete_content`."""

    def __init__(self, *, settings: Settings, database: Database, failpoints: Failpoints) -> None:
        self._days = settings.kept_days
        self._database = database
        self._failpoints = failpoints

    @activity.defn(name=contract.BEGIN_RETENTION)
    async def begin(self) -> RetentionInput | None:
        """Create the row of a daily run, once per workflow ID. Returns None if all content is kept forever."""
        if not any(self._days.get(kind) for kind in retention.BY_AGE):
            return None
        async with self._database.begin() as session:
            row = await retention.create(session, self._days, workflow_id=activity.info().workflow_id)
        return RetentionInput(retention_id=RetentionId(row.id))

    @activity.defn(name=contract.DELETE_CONTENT)
    async def delete_content(self, run: RetentionInput) -> RetentionProgress:
        """Delete the next batches of content, each in a transaction of its own."""
        assert run.retention_id is not None
        until = time.monotonic() + STEP_SECONDS
        state: retention.State = "more"
        while state == "more" and time.monotonic() < until:
            async with self._database.begin() as session:
                state = await retention.step(session, run.retention_id)
            await self._failpoints.hit("after_retention_step")
            activity.heartbeat()
        if state == "done":
            log.info("retention_completed", retention_id=run.retention_id)
        return RetentionProgress(state=state)
