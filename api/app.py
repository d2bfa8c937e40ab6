"""The API's composition, in one place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import Depends, FastAPI

from api import errors, middleware
from api.checks import Checks, Models
from api.cursors import Cursors
from api.deps import API, Parts, get_caller
from api.lean import LeanRead
from api.live.changes import Feed
from api.live.foreign_reads import ForeignReads
from api.live.hub import Hub
from api.live.rights import Rights
from api.live.states import States
from api.openapi.document import BEGIN, DocumentedAPI
from api.routes import (
    agents,
    ai_calls,
    analytics,
    api_keys,
    approvals,
    audit,
    auth,
    chat,
    chat_exports,
    chat_messages,
    chat_notes,
    chat_search,
    codec,
    console,
    custom_metrics,
    exports,
    files,
    groups,
    health,
    invitations,
    limits,
    mcp_servers,
    metrics,
    notifications,
    oidc,
    openai,
    own_data,
    pages,
    policies,
    providers,
    replies,
    retention,
    schedules,
    sessions,
    shares,
    streams,
    system_log,
    task_counts,
    tasks,
    tickets,
    tools,
    transcriptions,
    users,
)
from api.user_limits import OpenByUser
from chimera import __version__
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.egress.client import EgressClient
from chimera.failpoints import Failpoints
from chimera.limits.rates import Rates
from chimera.limits.shared import SharedRedis
from chimera.observe.logging import json_formatter
from chimera.providers.catalog import Available
from chimera.providers.health.accounts import ProviderHealth
from chimera.reports.processes import SelfReport
from chimera.reports.system_log import keeping
from chimera.security.accounts import Accounts
from chimera.security.oidc import Oidc
from chimera.security.sessions import Auth, secret_of
from chimera.security.tickets import Tickets
from chimera.temporal.ai_calls import AiCallWaits
from chimera.temporal.client import Temporal
from chimera.temporal.dispatcher import Dispatcher
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from chimera.temporal.schedules import Schedules
from chimera.tools.mcp.http import clients_with

CLOSED_ROUTERS = (
    # Before the tasks, whose IDs are the next part of the address.
    task_counts.router,
    tasks.router,
    approvals.router,
    policies.router,
    auth.router,
    auth.sign_out,
    tickets.router,
    api_keys.router,
    sessions.router,
    oidc.router,
    users.router,
    invitations.router,
    groups.router,
    shares.router,
    audit.router,
    agents.router,
    tools.router,
    mcp_servers.router,
    schedules.router,
    providers.router,
    ai_calls.router,
    transcriptions.router,
    replies.router,
    files.router,
    chat.router,
    chat_messages.router,
    chat_notes.router,
    chat_exports.router,
    chat_search.router,
    streams.router,
    limits.router,
    notifications.router,
    codec.router,
    analytics.router,
    exports.router,
    custom_metrics.router,
    system_log.router,
    retention.router,
    own_data.router,
    retention.own,
    retention.of_holds,
)
"""Routers below /api/v1 whose routes require a signed-in caller."""


def create_app(settings: Settings) -> FastAPI:
    """Build the API. Raises ValueError naming a required setting that is missing."""
    secret_of(settings)
    app = DocumentedAPI(
        title="Chimera",
        summary="Durable multi-agent work",
        description=BEGIN,
        version=__version__,
        lifespan=_lifespan(settings),
        middleware=middleware.stack(settings),
        responses=errors.PROBLEMS,
        # `routes/pages.py` serves the documentation, because FastAPI's page loads scripts from other servers.
        openapi_url=None,
        redirect_slashes=False,
    )
    errors.install(app)
    # First, because routes are matched in order, and this route is requested most often.
    app.router.routes.append(LeanRead(f"{API}/tasks", tasks.get_task))
    # Directly, because FastAPI looks for changed routes at each level of nested routers for each request.
    for router in CLOSED_ROUTERS:
        app.include_router(router, prefix=API, dependencies=[Depends(get_caller)])
    for router in openai.ROUTERS:
        app.include_router(router, dependencies=[Depends(get_caller)])
    app.include_router(auth.public, prefix=API)
    app.include_router(oidc.public, prefix=API)
    app.include_router(codec.public, prefix=API)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.router.routes.extend(console.ROUTES)
    app.include_router(pages.router)
    app.include_router(streams.sockets)
    return app


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = build_parts(settings)
        app.state.parts = parts
        parts.hub.start()
        parts.feed.start()
        parts.rights.start()
        async with AsyncExitStack() as stack:
            for close in (
                parts.database.close,
                parts.health.close,
                parts.bus.close,
                parts.limits_redis.close,
                parts.open_sockets.close,
                parts.open_streams.close,
                parts.dispatcher.drain,
                parts.available.close,
                parts.rights.close,
                parts.feed.close,
                parts.hub.close,
                parts.auth.close,
            ):
                stack.push_async_callback(close)
            kept = await stack.enter_async_context(keeping(parts.database, "api", json_formatter("api")))
            parts.report.add(lambda: {"log_dropped": kept.dropped})
            reporting = asyncio.create_task(parts.report.run())
            stack.callback(reporting.cancel)
            watching = asyncio.create_task(parts.rates.watch())
            stack.callback(watching.cancel)
            yield

    return lifespan


def build_parts(settings: Settings) -> Parts:
    """Build the clients of this process; each connects on its first use."""
    database, bus, temporal = Database(settings), Bus(settings), Temporal(settings)
    limits_redis = SharedRedis(settings.redis_url)
    failpoints, auth = Failpoints(settings.failpoints), Auth(database, settings, limits_redis)
    accounts, egress = Accounts(database, settings, auth), EgressClient(settings)
    sockets = OpenByUser("open sockets", "max_sockets", settings, limits_redis)
    open_streams = OpenByUser("open streams", "max_streams", settings, limits_redis)
    models, schedules_in_temporal = Models(settings), Schedules(settings, temporal)
    cursors = Cursors(secret_of(settings))
    return Parts(
        settings=settings,
        database=database,
        bus=bus,
        health=ProviderHealth(settings),
        temporal=temporal,
        dispatcher=Dispatcher(database, temporal, bus, most_running=settings.most_running, failpoints=failpoints),
        ai_call_waits=AiCallWaits(database, temporal),
        schedules=schedules_in_temporal,
        schedule_dispatcher=ScheduleDispatcher(database, schedules_in_temporal),
        failpoints=failpoints,
        auth=auth,
        tickets=Tickets(database, auth),
        accounts=accounts,
        oidc=Oidc(database, settings, auth, egress),
        rights=Rights(auth, database),
        foreign_reads=ForeignReads(database),
        models=models,
        checks=Checks(settings, models),
        mcp_clients=clients_with(egress),
        available=Available(settings),
        hub=Hub(database, bus, temporal.ui_url),
        feed=Feed(database, cursors),
        states=States(),
        read_system=health.system_state,
        cursors=cursors,
        open_sockets=sockets,
        open_streams=open_streams,
        rates=Rates(settings, limits_redis),
        limits_redis=limits_redis,
        report=SelfReport(database, "api", lambda: {"sockets": sockets.number(), "streams": open_streams.number()}),
    )
