"""The metrics in Prometheus's text format. Labels are never ids of users, names of models or text of users.

Except for the names of processes, they are closed sets.
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from socketserver import ThreadingMixIn
from threading import Semaphore, Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from pydantic import SecretStr

from chimera.config.vendors import VENDORS
from chimera.reports.processes import SelfReport
from models.processes import ProcessFigures, ProcessView, QueueFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_CLIENTS = 20
"""Maximum number of connections at once to a worker's own metrics. Further ones are closed."""
_FALLS = ("in_doubt",)
"""Attempts can leave this status, so their number is no counter."""
_STATUSES = ("finished", "failed", "cancelled", "late", "in_doubt")
_TOKENS = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")


class _Given:
    """A collector of metrics that have been read before."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def text_of(metrics: Iterable[Metric]) -> bytes:
    """Return metrics in the text format."""
    registry = CollectorRegistry()
    registry.register(_Given(metrics))
    return generate_latest(registry)


def metrics_of(
    queues: QueueFigures, processes: Sequence[ProcessView], calls: Sequence[Any], runs: Sequence[Any]
) -> Iterable[Metric]:
    """Yield the metrics of the installation: `calls` and `runs` are the totals of `ledger/analytics/system.py`."""
    yield from _of_calls(calls)
    yield from _of_runs(queues, runs)
    yield _gauge("outbox", "Messages that Temporal has not received yet", queues.outbox)
    yield _gauge(
        "outbox_oldest_seconds",
        "Age of the oldest of them, without starts that wait for other runs",
        queues.outbox_oldest_s or 0,
    )
    yield _gauge("changes", "Changes that are not part of the rollups yet", queues.changes)
    yield from _of_processes([(process.component, process.name, process.figures) for process in processes])


def _of_calls(calls: Sequence[Any]) -> Iterable[Metric]:
    known = [(row.provider if row.provider in VENDORS else "other", row) for row in calls]
    attempts = CounterMetricFamily("chimera_attempts", "Attempts at model calls", labels=["provider", "status"])
    in_doubt = GaugeMetricFamily("chimera_in_doubt", "Attempts whose outcome is unknown", labels=["provider"])
    tokens = CounterMetricFamily("chimera_tokens", "Tokens of model calls", labels=["provider", "sort"])
    cost = CounterMetricFamily("chimera_cost_micro_usd", "Cost in millionths of a US dollar", labels=["provider"])
    for provider, row in known:
        for status in _STATUSES:
            if status not in _FALLS:
                attempts.add_metric([provider, status], getattr(row, status))
        in_doubt.add_metric([provider], row.in_doubt)
        for sort in _TOKENS:
            tokens.add_metric([provider, sort], getattr(row, sort))
        cost.add_metric([provider], row.cost_micro_usd)
    return attempts, in_doubt, tokens, cost


def _of_runs(queues: QueueFigures, runs: Sequence[Any]) -> Iterable[Metric]:
    created = CounterMetricFamily("chimera_runs_created", "Runs that were accepted", labels=["kind"])
    # A gauge, because a retry reopens a failed run.
    ended = GaugeMetricFamily("chimera_runs_ended", "Runs that have ended", labels=["kind", "status"])
    for row in runs:
        if row.status == "created":
            created.add_metric([row.kind], row.number)
        else:
            ended.add_metric([row.kind, row.status], row.number)
    is_open = GaugeMetricFamily("chimera_runs_open", "Runs that have not ended", labels=["kind", "status"])
    for kind, statuses in queues.runs_open.items():
        for status, number in statuses.items():
            is_open.add_metric([kind, status], number)
    return created, ended, is_open


def _of_processes(processes: Sequence[tuple[str, str, ProcessFigures]]) -> Iterable[Metric]:
    for name, field in ProcessFigures.model_fields.items():
        metric = GaugeMetricFamily(f"chimera_process_{name}", field.description or "", labels=["component", "process"])
        for component, process, figures in processes:
            value = getattr(figures, name)
            if value is not None:
                metric.add_metric([component, process], value)
        yield metric


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"chimera_{name}", meaning, value=value)


def may_read(token: str | None, expected: SecretStr | None) -> bool:
    """Return whether a token is the metrics token, in a time that doesn't depend on how much of it is right."""
    if token is None or expected is None:
        return False
    return hmac.compare_digest(token.encode(), expected.get_secret_value().encode())


class _Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Log nothing: uvicorn's access log is off, too."""


class _Server(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own, so that a silent client delays neither others nor a stop."""

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._free = Semaphore(MAX_CLIENTS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def serve_metrics(host: str, port: int, token: SecretStr, report: SelfReport) -> Callable[[], None]:
    """Serve this process's own figures in a thread; return a function that stops it. Raises OSError for a used port."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        scheme, _, sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if environ.get("PATH_INFO") != "/metrics":
            start("404 Not Found", [])
            return []
        if scheme.lower() != "bearer" or not may_read(sent.strip(), token):
            start("401 Unauthorized", [("WWW-Authenticate", "Bearer")])
            return []
        start("200 OK", [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")])
        return [text_of(_of_processes([(report.component, report.name, report.latest())]))]

    server = make_server(host, port, answer, server_class=_Server, handler_class=_Quiet)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
