"""Gemini's refusals: a per-minute limit and an empty account have the same message and differ only in the details."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chimera.providers.base import Provider
from models import errors
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.wires.google.wire import Google
from tests.wires.scripted import Scripted
from tests.wires.server import plain

WIRE = Google()
PER_MINUTE = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"}
PER_DAY = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"}
NONE_FREE = {"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier", "quotaValue": "0"}
EXCEEDED = "You exceeded your current quota, please check your plan and billing details."


@pytest.fixture(scope="module")
async def provider(server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(WIRE, server.url) as made:
        yield made


def failure(
    code: int, message: str, status: str = "", *, reason: str = "", quota: dict[str, str] | None = None, delay: str = ""
) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason})
    if quota:
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]})
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return {"error": {"code": code, "message": message, "status": status, "details": details}}


REFUSALS: list[tuple[int, Any, type[errors.ProviderError], str]] = [
    (429, failure(429, EXCEEDED, "RESOURCE_EXHAUSTED", quota=PER_MINUTE, delay="36.4s"), errors.RateLimited, "36.4 s"),
    (429, failure(429, "Resource exhausted.", "RESOURCE_EXHAUSTED"), errors.RateLimited, "fewer requests"),
    (429, failure(429, EXCEEDED, "RESOURCE_EXHAUSTED", quota=PER_DAY, delay="40s"), errors.NoQuota, "no quota left"),
    (429, failure(429, EXCEEDED, "RESOURCE_EXHAUSTED", quota=NONE_FREE, delay="5s"), errors.NoQuota, "no quota left"),
    (429, failure(429, "Quota exceeded for metric: x, limit: 0, model: y"), errors.NoQuota, "no quota left"),
    (429, failure(429, "Quota exceeded for metric: x, limit: 0.5, model: y"), errors.RateLimited, "fewer requests"),
    (429, failure(429, "Your prepayment credits are depleted."), errors.NoQuota, "no quota left"),
    (400, failure(400, "Please enable billing.", "FAILED_PRECONDITION"), errors.NoQuota, "no quota left"),
    (400, failure(400, "User location is not supported.", "FAILED_PRECONDITION"), errors.BadRequest, "location"),
    (400, failure(400, "Refused.", reason="API_KEY_INVALID"), errors.WrongKey, "CHIMERA_GOOGLE_API_KEY"),
    (400, failure(400, "API key expired. Please renew the API key."), errors.WrongKey, "(400)"),
    (403, failure(403, "Key AIzaSyAnother1234567 was reported as leaked."), errors.WrongKey, "(403)"),
    (
        400,
        failure(400, "The input token count (9) exceeds the maximum number of tokens allowed (8)."),
        errors.ContextTooLong,
        "too long for",
    ),
    (
        400,
        failure(400, "Invalid value, AIzaSyAnother1234567 AQ.Ab8RN6secret"),
        errors.BadRequest,
        "Invalid value, …",
    ),
    (400, [failure(400, "Invalid value at 'contents'")], errors.BadRequest, "(400): Invalid value at 'contents'"),
    (499, failure(499, "Cancelled.", "CANCELLED"), errors.InternalFailure, "499"),
    (504, failure(504, "Deadline.", "DEADLINE_EXCEEDED"), errors.Overloaded, "504"),
    (500, {"error": {"message": 7, "details": {"no": "list"}}}, errors.InternalFailure, "500"),
]


@pytest.mark.parametrize(("status", "body", "error", "words"), REFUSALS)
async def test_a_refusal_is_sorted_by_its_details(
    server: Scripted, provider: Provider, status: int, body: Any, error: type[errors.ProviderError], words: str
) -> None:
    found = await raised(provider, asked(WIRE), server, plain(status, body))
    assert type(found) is error
    assert words in found.message
    assert "AIza" not in found.message
    assert "AQ." not in found.message
    assert not found.may_be_billed


@pytest.mark.parametrize(
    ("delay", "header", "seconds"),
    [("36.4s", None, 36.4), ("36s", "50", 50), ("99999s", None, 3600), ("soon", None, None)],
)
async def test_the_longer_of_two_retry_times_counts(
    server: Scripted, provider: Provider, delay: str, header: str | None, seconds: float | None
) -> None:
    headers = {"retry_after": header} if header else {}
    refusal = plain(429, failure(429, "Slower.", delay=delay), **headers)
    assert (await raised(provider, asked(WIRE), server, refusal)).retry_after_s == seconds
