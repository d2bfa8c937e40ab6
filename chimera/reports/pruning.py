"""Deletes what is kept for a limited time: the system log and custom metrics."""

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.store import custom_metrics, system_log


async def prune(database: Database, settings: Settings) -> None:
    """Delete old rows. Each transaction deletes a limited number, so a backlog takes several rounds."""
    async with database.begin() as session:
        await system_log.prune(session, days=settings.system_log_days, rows=settings.system_log_rows)
    async with database.begin() as session:
        await custom_metrics.prune(session, days=settings.custom_metrics_days)
