"""A call is submitted once and waited for, whatever happens to the connection."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.http.connect import signed_in_by
from cli.live.waiting import made
from cli.output.ai_calls import where_it_stands
from models.ai_calls import AiCallView, Blocked, Operation
from models.ids import AiCallId
from models.runs import RunStatus
from tests.cli.api import TinyApi, problem
from tests.cli.builders import NOW
from tests.parts import serving

CALL = AiCallId("7d1f0b1e-0000-4000-8000-000000000001")
AWAY = "provider_away"


def call_view(**changes: Any) -> AiCallView:
    values: dict[str, Any] = {
        "id": CALL,
        "operation": Operation.EMBEDDINGS,
        "model": "openai/text-embedding-3-small",
        "status": RunStatus.QUEUED,
        "simulated": False,
        "attempts": 0,
        "in_doubt": 0,
        "cost_micro_usd": 0,
        "in_doubt_micro_usd": 0,
        "estimated": False,
        "usage": {},
        "error_code": None,
        "error": None,
        "created_at": NOW,
        "started_at": None,
        "ended_at": None,
        "request": {},
    }
    return AiCallView.model_validate(values | changes)


async def waited_for(api: TinyApi, tmp_path: Path) -> list[str]:
    printed: list[str] = []
    async with serving(api.app()) as api_url, signed_in_by(api.kept_in(tmp_path / "cli.json", api_url)) as client:
        await made(client, Operation.EMBEDDINGS, {"input": "x"}, printed.append)
    return printed


async def test_a_changed_wait_reason_is_reported(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("cli.live.waiting.LOOK_AGAIN_S", 0)
    held = Blocked(code=AWAY, message="OpenAI is away.", next_try_at=NOW)
    away = call_view(attempts=1, error_code="overloaded", blocked_by=held)
    sooner = away.model_copy(update={"blocked_by": held.model_copy(update={"next_try_at": NOW + timedelta(seconds=9)})})
    later = away.model_copy(update={"blocked_by": held.model_copy(update={"next_try_at": NOW + timedelta(seconds=60)})})
    works = call_view(status=RunStatus.RUNNING, attempts=2, error_code="overloaded")
    done = call_view(status=RunStatus.COMPLETED)
    api = TinyApi(ai_calls=[call_view(), call_view(), away, away, sooner, later, works, done])
    waiting = "Waiting for call 7d1f0b1e"
    assert await waited_for(api, tmp_path) == [
        f"{waiting}: it is queued.",
        f"{waiting}: provider_away: OpenAI is away; 1 attempt so far; next try 12:00:00 UTC.",
        f"{waiting}: provider_away: OpenAI is away; 1 attempt so far; next try 12:01:00 UTC.",
        f"{waiting}: its provider is processing the request; 2 attempts so far.",
    ]


async def test_a_call_is_resent_with_the_same_key(tmp_path: Path) -> None:
    unavailable = problem(503, "unavailable", "Away")
    api = TinyApi(ai_calls=[call_view(status=RunStatus.COMPLETED)], refuse=[unavailable, unavailable])
    assert await waited_for(api, tmp_path) == [
        "The connection to Chimera was lost. Trying to reconnect.",
        "Connected again.",
    ]
    assert (len(api.keys), len(set(api.keys))) == (3, 1)


@pytest.mark.parametrize(
    ("fields", "printed"),
    [
        (
            {"status": RunStatus.FAILED, "attempts": 2, "error_code": "malformed", "error": "No JSON."},
            "it failed after 2 attempts: malformed: No JSON",
        ),
        (
            {"status": RunStatus.CANCELLED, "attempts": 1, "error_code": "overloaded", "error": "Busy."},
            "it was cancelled after 1 attempt",
        ),
        ({"status": RunStatus.CANCELLED}, "it was cancelled"),
        ({"status": RunStatus.RUNNING, "attempts": 1}, "its provider is processing the request; 1 attempt so far"),
    ],
)
def test_a_call_is_described_by_its_state(fields: dict[str, Any], printed: str) -> None:
    assert where_it_stands(call_view(**fields)) == printed
