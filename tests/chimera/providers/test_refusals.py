"""The words that vendors refuse in, made fit for all of them."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from chimera.providers.refusals import disconnected, reason_of
from chimera.providers.retry_times import MAX_RETRY_AFTER_S, retry_after_of
from models.errors import Overloaded, ProviderError, ProviderTimeout, Truncated, Unreachable


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("1e9", MAX_RETRY_AFTER_S), ("nan", None), ("soon", None), ("", None)],
)
def test_a_wait_is_read_and_bounded(value: str, seconds: float | None) -> None:
    assert retry_after_of({"retry-after": value}) == seconds


def test_a_wait_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after_of({"retry-after": date}) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    "key", ["sk-ant-api03-abcdef123456", "Bearer abcdef123456", "AIzaSyAnother1234567", "a-s3cret"]
)
def test_what_looks_like_a_key_is_left_out_of_a_reason(key: str) -> None:
    assert reason_of(f"Incorrect  key\x00: {key}.", "a-s3cret") in ("Incorrect key: ….", "Incorrect key: …")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("[Errno 111] Connection refused"), Unreachable),
        (httpx2.ConnectTimeout(""), Unreachable),
        (httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), Overloaded),
        (httpx2.ProxyError("407 Proxy Authentication Required"), Overloaded),
        (httpx2.RemoteProtocolError("Server disconnected"), Overloaded),
        (httpx2.WriteTimeout(""), ProviderTimeout),
    ],
)
def test_only_what_passes_by_itself_is_waited_for(error: Exception, kind: type[ProviderError]) -> None:
    found = disconnected("openai", error, begun=False)
    assert type(found) is kind
    assert type(disconnected("openai", error, begun=True)) is Truncated
