"""Wraps every activity: translates our errors into Temporal's, and adds the activity's place to each log line."""

import asyncio
from datetime import timedelta
from typing import Any

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from chimera.db.refusals import is_away
from models.errors import ChimeraError, Unavailable

log = structlog.get_logger()


class ErrorsAndLogs(Interceptor):
    """The only interceptor of a worker."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Activity(next)


class _Activity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        place = input.args[0] if input.args else None
        with structlog.contextvars.bound_contextvars(
            activity=info.activity_type,
            **_ids_of(place),
            workflow_run_id=info.workflow_run_id,
            attempt=info.attempt,
        ):
            try:
                return await super().execute_activity(input)
            except ChimeraError as error:
                log.info(
                    "activity_refused", code=error.code, retryable=error.retryable, retry_after_s=error.retry_after_s
                )
                raise translated(error) from None
            except asyncio.CancelledError:
                log.info("activity_cancelled")
                raise
            except ApplicationError:
                raise
            except Exception as error:
                if is_away(error):
                    log.warning("activity_without_database", error=type(error).__name__)
                    raise ApplicationError("PostgreSQL doesn't respond.", type=Unavailable.code) from None
                # The failure in the history contains only the error's type, because messages of libraries may contain
                # data.
                log.exception("activity_failed")
                raise ApplicationError(
                    f"Unexpected {type(error).__name__}; see the worker's log.", type="internal"
                ) from None


def _ids_of(place: object) -> dict[str, str]:
    """Return the place of an activity, from its argument."""
    named = {name: getattr(place, name, None) for name in ("run_id", "path", "call_id")}
    return {name: value for name, value in named.items() if value is not None}


def translated(error: ChimeraError) -> ApplicationError:
    """Translate our error into Temporal's: its code becomes the type, and `retry_after_s` the delay before a retry."""
    return ApplicationError(
        error.message[:500],
        type=error.code,
        non_retryable=not error.retryable,
        # These failures are expected. Otherwise, the SDK would log each one as a warning with a traceback.
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(seconds=error.retry_after_s) if error.retry_after_s is not None else None,
    )
