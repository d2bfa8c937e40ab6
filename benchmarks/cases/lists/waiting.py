"""Providers that name a time for the retry. All calls to such a provider wait, so these cases run one after another."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from benchmarks.cases.case import Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying, stream
from tests.wires.model_server import ServedAnswer, refusal

KIND = "waiting"
FOUND = "https://github.com/microsoft/kernel-memory/pull/795"
SLOW = {"error": {"message": "slow", "code": "rate_limit_exceeded"}}
RIGHT = Ends(result="a b", requests=2, wait_s=3)


def _case(id: str, what: str, answer: ServedAnswer, source: str = FOUND, right: Ends = RIGHT) -> Case:
    asked = TaskCase((answer, replying("a b")), provider="openai")
    return Case(id, KIND, source, what, asked, right, alone=True)


def _rejection(message: str) -> ServedAnswer:
    return refusal(429, {"error": {"message": message, "code": "rate_limit_exceeded"}})


def _in_five_seconds() -> str:
    # The date has no fractions of a second, so only 4 s may be left.
    return format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)


def _iso_in_five_seconds() -> str:
    return (datetime.now(UTC) + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")


CASES = (
    _case("B19.seconds", "Retry-After: 3", refusal(429, SLOW, retry_after="3")),
    _case(
        "B19.date",
        "Retry-After: a date",
        ServedAnswer(json.dumps(SLOW), 429, "application/json", {"retry-after": _in_five_seconds}),
    ),
    _case("B19.ms", "retry-after-ms: 3000", refusal(429, SLOW, retry_after_ms="3000")),
    _case(
        "B19.words",
        "only in the message (Groq)",
        _rejection(
            "Rate limit reached for model `x`: Limit 15000, Used 11972. Please try again in 3.2s. Visit the console."
        ),
        "https://github.com/Aider-AI/aider/issues/3265",
    ),
    _case(
        "B16.429",
        "429 in a stream",
        stream({"error": {"code": 429, "message": "Please retry in 3.1s."}}),
        "https://github.com/BerriAI/litellm/pull/25505",
    ),
    _case(
        "wait.fraction",
        "Retry-After: 3.5",
        refusal(429, SLOW, retry_after="3.5"),
        "https://github.com/CommandCodeAI/command-code/issues/788",
    ),
    _case(
        "wait.retry-in",
        '"Please retry in 3.10931s" through a gateway',
        _rejection("You exceeded your current quota. Please retry in 3.10931s."),
        "https://github.com/googleapis/python-genai/pull/2114",
    ),
    _case(
        "wait.after-words",
        '"please retry after 3s"',
        _rejection("Rate limit exceeded. Consumed (req/min): 11, Remaining (req/min): 0. please retry after 3s"),
        "https://github.com/firecrawl/firecrawl/issues/819",
    ),
    _case(
        "wait.overloaded",
        "503 with Retry-After: 3",
        refusal(503, {"error": {"message": "warming up"}}, retry_after="3"),
        "https://github.com/NousResearch/hermes-agent/pull/1835",
    ),
    _case(
        "wait.duration",
        "Retry-After: 3s",
        refusal(429, SLOW, retry_after="3s"),
        "https://github.com/CortexLM/cortex-code/pull/407",
    ),
    _case(
        "wait.iso-date",
        "Retry-After: an ISO date",
        ServedAnswer(json.dumps(SLOW), 429, "application/json", {"retry-after": _iso_in_five_seconds}),
        "https://github.com/promptfoo/promptfoo/pull/10322",
    ),
    _case("wait.in-json", '"retry_after": 3 in the message', _rejection("slow; retry_after: 3"), "own"),
    # This case is the last one, because its provider is blocked for an hour.
    Case(
        "B20",
        KIND,
        "https://github.com/airbytehq/airbyte/issues/28536",
        "a cancel while a call waits for an hour",
        TaskCase((refusal(429, SLOW, retry_after="3600"),), provider="openai", cancelled=True, limit_s=20),
        Ends("cancelled"),
        alone=True,
    ),
)
