"""The reports of the installation's processes."""

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Process
from models.processes import FORGOTTEN_S, ProcessFigures, ProcessView

_SEEN = Process.seen_at > func.now() - timedelta(seconds=FORGOTTEN_S)


async def report(session: AsyncSession, name: str, component: str, figures: ProcessFigures) -> None:
    """Store a process's report in place of its last one, and forget the processes that are gone."""
    values = figures.model_dump(exclude_none=True)
    row = insert(Process).values(name=name, component=component, figures=values)
    await session.execute(
        row.on_conflict_do_update(index_elements=[Process.name], set_={"figures": values, "seen_at": func.now()})
    )
    await session.execute(delete(Process).where(~_SEEN))


async def seen(session: AsyncSession) -> tuple[ProcessView, ...]:
    """Return the processes that have reported lately, by name."""
    rows = await session.scalars(select(Process).where(_SEEN).order_by(Process.name))
    return tuple(
        ProcessView(
            name=row.name,
            component=row.component,
            started_at=row.started_at,
            seen_at=row.seen_at,
            figures=ProcessFigures.model_validate(row.figures),
        )
        for row in rows
    )
