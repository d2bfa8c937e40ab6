"""Deletes what is kept for a limited time: the system log, custom metrics, and what has expired of sign-ins."""

from functools import partial

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.store import custom_metrics, invitations, password_resets, sessions, system_log, tickets


async def prune(database: Database, settings: Settings) -> None:
    """Delete old rows. Each transaction deletes a limited number, so a backlog takes several rounds."""
    for each in (
        partial(system_log.prune, days=settings.system_log_days, rows=settings.system_log_rows),
        partial(custom_metrics.prune, days=settings.custom_metrics_days),
        sessions.prune,
        tickets.prune,
        password_resets.prune,
        invitations.prune,
    ):
        async with database.begin() as session:
            await each(session)
