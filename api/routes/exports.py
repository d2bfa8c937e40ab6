"""Route for exports of figures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import ClosedRoute, WithParts, WithSignedIn
from api.live.sse import while_allowed
from api.periods import PeriodQuery
from api.routes.streams import WithOpenStream
from chimera.content.exports import MEDIA_TYPES, written
from chimera.ledger.analytics.exported import pages
from chimera.ledger.analytics.window import bounded
from models.exports import COLUMNS, ExportFormat, ExportKind
from models.runs import RunKind

router = APIRouter(prefix="/analytics", tags=["analytics"], route_class=ClosedRoute)


@router.get(
    "/export",
    operation_id="export_analytics",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                each.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for each in MEDIA_TYPES.values()
            },
            "description": "The rows, as an attachment",
        }
    },
)
async def export_analytics(
    wanted: Annotated[PeriodQuery, Depends()],
    signed_in: WithSignedIn,
    parts: WithParts,
    open_stream: WithOpenStream,
    what: Annotated[
        ExportKind,
        Query(description="Usage by quarter of an hour, runs created in the period, or their attempts at model calls"),
    ] = ExportKind.USAGE,
    format_: Annotated[ExportFormat, Query(alias="format", description="Format of the file")] = ExportFormat.CSV,
    kind: Annotated[RunKind | None, Query(description="Kind of the runs. Default: all kinds")] = None,
) -> StreamingResponse:
    """Download the figures of a period as CSV, JSON or Parquet, oldest first."""
    period = wanted.period()
    await open_stream()
    async with parts.database.begin() as session:
        window = await wanted.window(session, signed_in.caller, period)

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        async with parts.database.begin() as session:
            await bounded(session)
            yield session

    rows = pages(begin, window, what, tuple(RunKind) if kind is None else (kind,))
    name = f"chimera-{what}-{period.since:%Y%m%d}-{period.until:%Y%m%d}.{format_}"
    return StreamingResponse(
        while_allowed(parts.rights, signed_in, written(format_, COLUMNS[what], rows)),
        media_type=MEDIA_TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
