"""Logs: readable lines at a terminal, JSON everywhere else, and a rotating file for each process.

Lines from the standard library's loggers (uvicorn, Temporal, SQLAlchemy) are processed like our own. IDs that were
bound to the context (request, task, path) are on every line. Secrets are removed, by name and by appearance.
"""

import json
import logging
import logging.handlers
import os
import re
import stat
import sys
from functools import lru_cache
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5
LINE_CHARS = 16 * 1024
REDACTED = "[redacted]"

QUIET = ("httpx2", "httpcore2", *(vendor.logger for vendor in VENDORS.values() if vendor.logger))
"""Loggers that log each of our requests at INFO; only their warnings are kept."""

SECRET_NAME = re.compile(
    # `token`, but not `tokens`: these are counts, which are needed.
    r"authorization|cookie|passw|passphrase|secret|credential|api_?key|private_?key|(^|_)(token|jwt)$",
    re.IGNORECASE,
)
SECRET_TEXT = re.compile(
    r"(?<=bearer )\S+|\b(?:sk-|AIza|AQ\.)[\w-]{8,}|\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
    re.IGNORECASE,
)
"""Secrets in the text of any field: tokens, vendors' keys, passwords in addresses."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
DEPTH = 6


def configure(settings: Settings, component: str) -> None:
    """Set up logging for this process; `component` (api, worker, …) is on every line and names the file."""
    shared = _shared(component)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    for_people = not settings.log_json and sys.stderr.isatty()
    handlers: list[logging.Handler] = [_file(settings, component, _formatter(shared, for_people=False))]
    if not _is_file(sys.stderr):
        handlers.append(_console(_formatter(shared, for_people=for_people)))
    else:
        # The embedded stack collects the printed output; the rotating file already contains all of it.
        handlers.append(_console(_formatter(shared, for_people=False), level=logging.ERROR))
    _replace_handlers(handlers, settings.log_level.upper())


def json_formatter(component: str) -> logging.Formatter:
    """Return the formatter of log files: a line of JSON for each event, without secrets."""
    return _formatter(_shared(component), for_people=False)


def _shared(component: str) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _names(component),
        redact,
    ]


def _replace_handlers(handlers: list[logging.Handler], level: str) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for new in handlers:
        root.addHandler(new)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
    logging.getLogger("uvicorn.error").addFilter(_is_no_address_of_a_socket)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _is_no_address_of_a_socket(record: logging.LogRecord) -> bool:
    """Drop uvicorn's line for each socket: it shows the full address, which may contain a token. We log the path."""
    return "WebSocket %s" not in str(record.msg)


def _file(settings: Settings, component: str, formatter: logging.Formatter) -> logging.Handler:
    folder = settings.log_dir or settings.data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = LogFile(
        folder / f"{component}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True
    )
    handler.setFormatter(formatter)
    return handler


class LogFile(logging.handlers.RotatingFileHandler):
    """Rotates after its size is reached. The standard class formats each line twice to check the size beforehand."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802
        if self.stream is None:  # delayed until the first line
            self.stream = self._open()
        return 0 < self.maxBytes <= os.fstat(self.stream.fileno()).st_size


def _console(formatter: logging.Formatter, level: int = logging.NOTSET) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(formatter)
    return handler


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def _formatter(shared: list[Processor], *, for_people: bool) -> logging.Formatter:
    last: list[Processor] = (
        [escape, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        # ASCII only, so that text from outside can't break the encoding or the line.
        else [structlog.processors.JSONRenderer(default=str, ensure_ascii=True)]
    )
    processors: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact_late,
        *last,
    ]
    return ShortLines(foreign_pre_chain=shared, processors=processors)


class ShortLines(structlog.stdlib.ProcessorFormatter):
    """Keeps every line within 16 KB."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return line if len(line) <= LINE_CHARS else _shortened(line)


def _shortened(line: str) -> str:
    """Cut only long values, so that a JSON line stays valid JSON, with its time, level and IDs."""
    if not line.startswith("{"):
        return line[:LINE_CHARS] + "…"
    event = json.loads(line)
    for share in (LINE_CHARS // (2 * len(event)), 32):
        short = {name: _cut(value, share) for name, value in event.items()} | {"shortened_from": len(line)}
        if len(cut := json.dumps(short)) <= LINE_CHARS:
            return cut
    names = ("event", "level", "timestamp", "logger", "component")
    return json.dumps({name: _cut(event.get(name), 1000) for name in names} | {"shortened_from": len(line)})


def _cut(value: Any, limit: int) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    return value if len(text) <= limit else text[:limit] + "…"


def _names(component: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("component", component)
        return event

    return name


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove secrets, by the name of the field and by their appearance."""
    return {name: value if name in _MADE_HERE else _redacted(name, value, DEPTH) for name, value in event.items()}


def redact_late(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove secrets from what is added after `redact`: arguments in the event's text, tracebacks and stacks."""
    for name in _WRITTEN_LATE & event.keys():
        event[name] = _redacted(name, event[name], DEPTH)
    return event


_WRITTEN_LATE = frozenset({"event", "exception", "stack"})
_MADE_HERE = frozenset({"level", "logger", "request_id", "timestamp"})
"""Fields that our own processors and the middleware set on every line, and that never contain secrets."""


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return SECRET_NAME.search(name) is not None


def _redacted(name: object, value: Any, depth: int) -> Any:
    if isinstance(name, str) and _names_a_secret(name) and value not in (None, True, False):
        return REDACTED
    if isinstance(value, str):
        return SECRET_TEXT.sub(REDACTED, value)
    if depth == 0 or isinstance(value, (int, float)) or value is None:
        return value
    if isinstance(value, dict):
        return {key: _redacted(key, inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, (list, set, frozenset)):
        return [_redacted(None, inner, depth - 1) for inner in value]
    return value


def escape(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters: text from outside must not move the cursor or look like one of our lines."""
    for name, value in event.items():
        if name in ("exception", "stack"):
            event[name] = "\n".join(_escaped(line) for line in str(value).split("\n"))
        elif isinstance(value, str):
            event[name] = _escaped(value)
    return event


def _escaped(text: str) -> str:
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
