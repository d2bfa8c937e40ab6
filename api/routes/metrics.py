"""`GET /metrics` for Prometheus. Unlike other routes, it also accepts the token that the settings name."""

from fastapi import APIRouter, Request, Response

from api.bearer import token_of
from api.deps import Parts, PublicRoute, WithParts
from chimera.ledger.analytics import system
from chimera.ledger.analytics.window import bounded
from chimera.reports.exposition import CONTENT_TYPE, may_read, metrics_of, text_of
from chimera.store import processes
from models.errors import Forbidden, MetricsTokenRefused, NotSignedIn

router = APIRouter(tags=["health"], route_class=PublicRoute)


@router.get(
    "/metrics",
    operation_id="get_prometheus_metrics",
    summary="Get Metrics",
    response_class=Response,
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": "Metrics in Prometheus's text format",
        }
    },
)
async def get_metrics(request: Request, parts: WithParts) -> Response:
    """Return the installation's metrics in Prometheus's text format.

    The request needs the token in `CHIMERA_METRICS_TOKEN`, or an administrator's access token.
    """
    await _check(request, parts)
    async with parts.database.begin() as session:
        await bounded(session)
        _, queues = await system.queues(session)
        seen = await processes.seen(session)
        calls, runs = await system.call_totals(session), await system.run_totals(session)
    return Response(text_of(metrics_of(queues, seen, calls, runs)), media_type=CONTENT_TYPE)


async def _check(request: Request, parts: Parts) -> None:
    token = token_of(request)
    if may_read(token, parts.settings.metrics_token):
        return
    if token is None:
        raise MetricsTokenRefused
    try:
        caller = (await parts.auth.signed_in(token)).caller
    except NotSignedIn:
        raise MetricsTokenRefused from None
    if caller.role != "admin":
        raise Forbidden(
            "Only administrators, and programs with the token in CHIMERA_METRICS_TOKEN, can read the installation's"
            " metrics."
        )
