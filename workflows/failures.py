"""Translates errors of a workflow's parts into its own: a cancellation stays a cancellation, other errors keep their
code.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, ChildWorkflowError


def reason_of(error: BaseException) -> tuple[str, str]:
    """Return the code and message behind a failed activity or child workflow."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ApplicationError):
            return cause.type or "failed", cause.message
        cause = cause.__cause__
    return "failed", str(error)


def is_cancel(error: BaseException) -> bool:
    """Return whether an error only means that the work was cancelled."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CancelledError | asyncio.CancelledError):
            return True
        cause = cause.__cause__
    return False


def code_of(error: ActivityError) -> str | None:
    """Return the code that an activity failed with."""
    return error.cause.type if isinstance(error.cause, ApplicationError) else None


def failed_with(error: BaseException) -> BaseException:
    """Return what a workflow raises for an error of its parts: a cancellation, or an error with the same code.

    A cancellation takes precedence over a failure at the same moment.
    """
    if workflow.cancellation_reason() is not None:
        return asyncio.CancelledError()
    if isinstance(error, ActivityError | ChildWorkflowError):
        if is_cancel(error):
            return asyncio.CancelledError()
        code, message = reason_of(error)
        return ApplicationError(message, type=code, non_retryable=True)
    return error
