"""Builds a worker: settings → clients → activities and workflows → Worker."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import uuid4

from temporalio.client import Client
from temporalio.worker import Worker

from activities.calls.complete import ModelCalls
from activities.calls.stops import Stops
from activities.retention import Retention
from activities.schedules import Schedules
from activities.tasks import TaskRecords
from activities.tool_calls import ToolCalls
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.egress.client import EgressClient
from chimera.failpoints import Failpoints
from chimera.ledger import rollups, spending_waits
from chimera.ledger.spending import SpendingRules
from chimera.ledger.tools import publish_all
from chimera.observe.logging import json_formatter
from chimera.providers import Providers
from chimera.providers.health.accounts import ProviderHealth
from chimera.providers.limits.limiter import ProviderLimits
from chimera.reports.exposition import serve_metrics
from chimera.reports.processes import SelfReport
from chimera.reports.pruning import prune
from chimera.reports.system_log import keeping
from chimera.store import idempotency
from chimera.store.notifications import Expiry
from chimera.temporal.client import Temporal
from chimera.temporal.dispatcher import Dispatcher
from chimera.temporal.reconciliation import Reconciler
from chimera.temporal.retention import RetentionStarts
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from chimera.temporal.schedules import Schedules as TemporalSchedules
from chimera.temporal.sweeper import Sweeper
from chimera.temporal.workers import identity_of
from chimera.tools import loading as tools
from chimera.tools.built_in import built_in
from chimera.tools.catalog import Catalog
from chimera.tools.mcp.http import clients_with
from chimera.tools.mcp.source import open_mcp
from worker.interceptors import ErrorsAndLogs
from worker.sandbox import sandbox
from workflows.ai_calls import AiCallWorkflow
from workflows.replies import ReplyWorkflow
from workflows.retention import RetentionWorkflow
from workflows.schedules import ScheduledTaskWorkflow
from workflows.subtasks import SubtaskWorkflow
from workflows.tasks import TaskWorkflow

WORKFLOWS = [
    TaskWorkflow,
    SubtaskWorkflow,
    ScheduledTaskWorkflow,
    AiCallWorkflow,
    ReplyWorkflow,
    RetentionWorkflow,
]

# By default, the SDK would send heartbeats only every 8 s (0.8 of the timeout), and a cancellation arrives in the
# response to a heartbeat.
HEARTBEAT_THROTTLE = timedelta(seconds=0.5)


@asynccontextmanager
async def open_worker(settings: Settings, component: str = "worker") -> AsyncIterator[tuple[Worker, Sweeper]]:
    """Yield a worker that is ready to run, and the sweeper that runs beside it. Closes their clients at the end."""
    async with AsyncExitStack() as stack:
        database = Database(settings)
        stack.push_async_callback(database.close)
        bus = Bus(settings)
        stack.push_async_callback(bus.close)
        temporal = Temporal(settings)
        failpoints = Failpoints(settings.failpoints)
        catalog = await _catalog(settings, database, stack)
        model_calls = _model_calls(settings, database, bus, catalog, failpoints, stack)
        dispatcher = Dispatcher(database, temporal, bus, most_running=settings.most_running, failpoints=failpoints)
        stack.push_async_callback(dispatcher.drain)
        schedule_dispatcher = ScheduleDispatcher(database, TemporalSchedules(settings, temporal))
        schedules = Schedules(settings=settings, database=database, schedule_dispatcher=schedule_dispatcher)
        client = await temporal.connected()
        await temporal.ensure_search_attributes()
        activities: list[Callable[..., Awaitable[object]]] = [
            model_calls.complete,
            ToolCalls(settings=settings, database=database, bus=bus, catalog=catalog, failpoints=failpoints).run,
            TaskRecords(database=database, bus=bus).record,
            schedules.create_task,
            (retention := Retention(settings=settings, database=database, failpoints=failpoints)).begin,
            retention.delete_content,
        ]
        retention_starts = RetentionStarts(settings, database, temporal)
        await retention_starts.ensure_schedule()
        sweeper = Sweeper(
            sweeps=[
                dispatcher.sweep,
                dispatcher.stop_disabled,
                dispatcher.delete_sessions,
                dispatcher.empty_deleted,
                schedule_dispatcher.sweep,
                partial(rollups.fold, database),
                partial(spending_waits.wake, database, bus, SpendingRules.of(settings)),
                Expiry(database, timedelta(days=settings.notifications_kept_days)).sweep,
            ],
            prunings=[
                partial(prune, database, settings),
                lambda: _forget_old_keys(database),
                retention_starts.sweep,
                dispatcher.empty_leftovers,
            ],
            admit=dispatcher.admit,
            release=dispatcher.release,
            reconciliations=[Reconciler(database, temporal).reconcile],
        )
        more = {"slots": settings.max_concurrent_activities}
        report = SelfReport(database, component, lambda: {**more, "slots_in_use": model_calls.in_progress()})
        await _observe(settings, database, component, report, stack)
        yield _worker(settings, client, identity_of(temporal.encryption.key_ids), activities), sweeper


async def _forget_old_keys(database: Database) -> None:
    async with database.begin() as session:
        await idempotency.forget_old(session)


async def _observe(
    settings: Settings, database: Database, component: str, report: SelfReport, stack: AsyncExitStack
) -> None:
    """Report this process's figures, and keep its warnings, until the stack closes."""
    kept = await stack.enter_async_context(keeping(database, component, json_formatter(component)))
    report.add(lambda: {"log_dropped": kept.dropped})
    reporting = asyncio.create_task(report.run())
    stack.callback(reporting.cancel)
    if settings.worker_metrics_port is not None and settings.metrics_token is not None:
        stack.callback(serve_metrics(settings.host, settings.worker_metrics_port, settings.metrics_token, report))


async def _catalog(settings: Settings, database: Database, stack: AsyncExitStack) -> Catalog:
    """Load all tools, and publish the definitions of those that are the same for all users."""
    egress = EgressClient(settings)
    loaded = await tools.load(settings, built_in(settings, egress, database), egress)
    stack.push_async_callback(tools.close, loaded.tools)
    async with database.connection() as connection:
        await publish_all(connection, [tool.definition for tool in loaded.tools])
    mcp = await stack.enter_async_context(open_mcp(settings, database, clients_with(egress)))
    return Catalog(loaded.tools, [mcp])


def _model_calls(
    settings: Settings, database: Database, bus: Bus, catalog: Catalog, failpoints: Failpoints, stack: AsyncExitStack
) -> ModelCalls:
    limits = ProviderLimits(settings)
    stack.push_async_callback(limits.close)
    health = ProviderHealth(settings)
    stack.push_async_callback(health.close)
    providers = Providers(settings)
    stack.push_async_callback(providers.close)
    model_calls = ModelCalls(
        settings=settings,
        database=database,
        bus=bus,
        providers=providers,
        limits=limits,
        health=health,
        stops=Stops(database),
        catalog=catalog,
        failpoints=failpoints,
        # Containers may have the same process ID and host name, and each must be able to recognize its own calls.
        worker_name=f"{os.getpid()}@{socket.gethostname()}:{uuid4().hex[:8]}",
    )
    stack.push_async_callback(model_calls.close)
    return model_calls


def _worker(
    settings: Settings, client: Client, identity: str, activities: Sequence[Callable[..., Awaitable[object]]]
) -> Worker:
    return Worker(
        client,
        task_queue=settings.task_queue,
        identity=identity,
        workflows=WORKFLOWS,
        activities=activities,
        workflow_runner=sandbox(),
        interceptors=[ErrorsAndLogs()],
        max_concurrent_activities=settings.max_concurrent_activities,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_s),
    )
