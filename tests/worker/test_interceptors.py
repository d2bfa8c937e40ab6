"""Errors of activities become Temporal's; errors that may pass aren't logged as defects."""

from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from worker.interceptors import ErrorsAndLogs

SHUTDOWN = psycopg.errors.AdminShutdown("terminating connection")


class Raises(ActivityInboundInterceptor):
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        raise self._error


async def failure_of(error: Exception) -> ApplicationError:
    wrapped = ErrorsAndLogs().intercept_activity(Raises(error))
    given = ExecuteActivityInput(fn=lambda: None, args=[], executor=None, headers={})
    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(wrapped.execute_activity, given)
    return raised.value


@pytest.mark.parametrize("error", [SHUTDOWN, OperationalError("SELECT 1", {}, SHUTDOWN)], ids=["driver", "session"])
async def test_a_database_that_is_away_is_no_defect(error: Exception) -> None:
    with capture_logs() as logged:
        failure = await failure_of(error)
    assert (failure.type, failure.non_retryable, failure.message) == (
        "unavailable",
        False,
        "PostgreSQL doesn't respond.",
    )
    assert [(line["event"], line["log_level"], "exc_info" in line) for line in logged] == [
        ("activity_without_database", "warning", False)
    ]


async def test_a_defect_is_logged_and_its_message_kept_out() -> None:
    with capture_logs() as logged:
        failure = await failure_of(psycopg.errors.UndefinedColumn("a secret"))
    assert (failure.type, "secret" in failure.message) == ("internal", False)
    assert [(line["event"], line["exc_info"]) for line in logged] == [("activity_failed", True)]
