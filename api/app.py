"""The API's composition, in one place."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import Depends, FastAPI

from api import errors, middleware
from api.checks import Checks, Models
from api.cursors import Cursors
from api.deps import API, Parts, get_caller
from api.lean import LeanRead
from api.live.hub import Hub
from api.live.rights import Rights
from api.openapi import BEGIN, DocumentedAPI
from api.routes import (
    agents,
    ai_calls,
    api_keys,
    approvals,
    audit,
    auth,
    codec,
    files,
    health,
    invitations,
    mcp_servers,
    oidc,
    pages,
    policies,
    providers,
    schedules,
    sessions,
    streams,
    tasks,
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
from chimera.providers.catalog import Available
from chimera.providers.health.accounts import ProviderHealth
from chimera.security.accounts import Accounts
from chimera.security.oidc import Oidc
from chimera.security.sessions import Auth, secret_of
from chimera.temporal.ai_calls import AiCallWaits
from chimera.temporal.client import Temporal
from chimera.temporal.dispatcher import Dispatcher
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from chimera.temporal.schedules import Schedules
from chimera.tools.mcp.http import clients_with

CLOSED_ROUTERS = (
    tasks.router,
    approvals.router,
    policies.router,
    auth.router,
    api_keys.router,
    sessions.router,
    oidc.router,
    users.router,
    invitations.router,
    audit.router,
    agents.router,
    tools.router,
    mcp_servers.router,
    schedules.router,
    providers.router,
    ai_calls.router,
    transcriptions.router,
    files.router,
    streams.router,
    codec.router,
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
    app.include_router(auth.public, prefix=API)
    app.include_router(oidc.public, prefix=API)
    app.include_router(codec.public, prefix=API)
    app.include_router(health.router)
    app.include_router(pages.router)
    app.include_router(streams.sockets)
    return app


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = build_parts(settings)
        app.state.parts = parts
        parts.hub.start()
        parts.rights.start()
        async with AsyncExitStack() as stack:
            for close in (
                parts.database.close,
                parts.health.close,
                parts.bus.close,
                parts.dispatcher.drain,
                parts.available.close,
                parts.rights.close,
                parts.hub.close,
                parts.auth.close,
            ):
                stack.push_async_callback(close)
            yield

    return lifespan


def build_parts(settings: Settings) -> Parts:
    """Build the clients of this process; each connects on its first use."""
    database, bus, temporal = Database(settings), Bus(settings), Temporal(settings)
    failpoints, auth = Failpoints(settings.failpoints), Auth(database, settings)
    accounts, egress = Accounts(database, settings, auth), EgressClient(settings)
    models, schedules_in_temporal = Models(settings), Schedules(settings, temporal)
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
        accounts=accounts,
        oidc=Oidc(database, settings, auth, egress),
        rights=Rights(auth),
        models=models,
        checks=Checks(settings, models),
        mcp_clients=clients_with(egress),
        available=Available(settings),
        hub=Hub(database, bus, temporal.ui_url),
        cursors=Cursors(secret_of(settings)),
        open_sockets=OpenByUser("open sockets", "max_sockets", settings),
        open_streams=OpenByUser("open streams", "max_streams", settings),
    )
