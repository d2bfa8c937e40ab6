"""The time of the next retry is read from wherever a server states it."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from chimera.providers.refusals.retry_times import MAX_RETRY_AFTER_S, retry_after_of


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("1e9", MAX_RETRY_AFTER_S), ("nan", None), ("soon", None), ("", None)),
        *(("7s", 7.0), ("7 seconds", 7.0), ("1m30s", 90.0), ("500ms", 0.5), ('"7"', 7.0), ("7, 9", 7.0)),
        ("9" * 400, None),
    ],
)
def test_a_wait_is_read_and_bounded(value: str, seconds: float | None) -> None:
    assert retry_after_of({"retry-after": value}) == seconds


def test_a_wait_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=1800), usegmt=True)
    assert retry_after_of({"retry-after": date}) == pytest.approx(1800, abs=120)


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.123456+00:00", "%A, %d-%b-%y %H:%M:%S GMT"])
@pytest.mark.parametrize("name", ["retry-after", "anthropic-ratelimit-requests-reset", "x-ratelimit-reset-requests"])
def test_a_date_may_have_another_form(form: str, name: str) -> None:
    date = (datetime.now(UTC) + timedelta(seconds=1800)).strftime(form)
    assert retry_after_of({name: date}) == pytest.approx(1800, abs=120)


def test_a_wait_may_be_unix_time() -> None:
    at_s = int(time.time()) + 1800
    assert retry_after_of({"retry-after": str(at_s)}) == pytest.approx(1800, abs=120)
    assert retry_after_of({"anthropic-ratelimit-unified-reset": str(at_s)}) == pytest.approx(1800, abs=120)


def test_the_standard_has_one_field_by_now() -> None:
    assert retry_after_of({"ratelimit": '"default";r=0;t=30'}) == 30
    assert retry_after_of({"ratelimit": "limit=100, remaining=0, reset=30"}) == 30
    assert retry_after_of({"ratelimit": '"default";r=5;t=30'}) is None


def test_a_date_is_read_by_the_vendors_clock() -> None:
    sent = {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:07 GMT"}
    assert retry_after_of(sent) == 30


def test_milliseconds_go_first() -> None:
    assert retry_after_of({"retry-after-ms": "6200", "retry-after": "7"}) == pytest.approx(6.2)
    assert retry_after_of({"retry-after-ms": "soon", "retry-after": "7"}) == 7


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Rate limit reached. Please try again in 6.2s. Visit us.", 6.2),
        ("Please retry in 36.438s.", 36.438),
        ("Please try again in 120ms.", 0.12),
        ("Please try again in 7m12.5s.", 432.5),
        ("Please retry after 6 seconds.", 6.0),
        ("Please wait 1 minute and 5 seconds before your next request.", 65.0),
        ("Try again in 2 hours.", MAX_RETRY_AFTER_S),
        ("Please try again later. Available in 45s.", 45.0),
        ('{"retryDelay": "36.4s"}', 36.4),
        ("retry_after: 5", 5.0),
        ('"retry_after_seconds": 5.5', 5.5),
        ("请求过于频繁，请在 30 秒后重试", 30.0),
        ("Please retry your request later.", None),
        ("Retry with 3 fewer messages.", None),
        ("Limit 30000, requested 45000.", None),
    ],
)
def test_retry_times_are_read_from_words(words: str, seconds: float | None) -> None:
    assert retry_after_of({}, words) == (None if seconds is None else pytest.approx(seconds))
    assert retry_after_of({"retry-after": "2"}, words) == 2, "a header goes first"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360.0),
        ({"x-ratelimit-reset-tokens": "120ms", "x-ratelimit-remaining-tokens": "0"}, 0.12),
        ({"x-ratelimit-reset-requests": "8s", "x-ratelimit-remaining-requests": "12"}, None),
        (
            {
                "x-ratelimit-reset-requests": "8s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "90s",
                "x-ratelimit-remaining-tokens": "7",
            },
            8.0,
        ),
        ({"ratelimit-reset": "9"}, 9.0),
        ({"x-ratelimit-reset": "9"}, None),
        ({"x-ratelimit-reset": "soon"}, None),
    ],
)
def test_retry_times_are_read_from_rate_limit_resets(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_count_may_begin_anew_at_a_time(unit: int) -> None:
    sent = {"X-RateLimit-Reset".lower(): str(int((time.time() + 30) * unit)), "x-ratelimit-remaining": "0"}
    assert retry_after_of(sent) == pytest.approx(30, abs=3)
