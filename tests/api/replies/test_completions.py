"""Answers to conversations from a client's point of view: through the API, a worker and the simulator."""

from typing import Any

import httpx2
import pytest

from tests.api.replies.conftest import COMPLETIONS, FAST

pytestmark = pytest.mark.usefixtures("runs")


def said(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": FAST, "messages": [{"role": "user", "content": text}], **fields}


async def test_a_model_answers_a_conversation(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(COMPLETIONS, json=said("Say a word. [[sim: tokens=10]]"))
    assert answer.status_code == 200, answer.text
    reply = answer.json()
    assert (reply["status"], reply["kind"], reply["agent"]) == ("completed", "completion", None)
    assert reply["text"].startswith("[simulated]")
    assert (reply["finish_reason"], reply["simulated"], reply["model"]) == ("stop", True, FAST)
    assert reply["model_calls"] == 1
    assert reply["cost_micro_usd"] > 0
    again = await alice.get(answer.headers["Location"])
    assert again.json() == reply
