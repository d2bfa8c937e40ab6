"""Requests arrive exactly once, and refusals are readable."""

from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from cli.errors import NotReachable, Refused
from cli.http import client as client_module
from cli.http.client import Client
from cli.http.connect import signed_in_by
from cli.process.running import lines_of
from tests.cli.api import TinyApi, problem
from tests.cli.builders import TASK
from tests.ports import free_port


async def test_a_task_is_resent_with_the_same_key(api: TinyApi, client: Client) -> None:
    api.refuse = [problem(503, "unavailable", "Away"), problem(503, "unavailable", "Away")]
    assert (await client.create_task({"goal": "x"})).id == TASK
    assert len(api.keys) == 3
    assert len(set(api.keys)) == 1


async def test_two_tasks_have_two_keys(api: TinyApi, client: Client) -> None:
    await client.create_task({"goal": "x"})
    await client.create_task({"goal": "x"})
    assert len(set(api.keys)) == 2


async def test_a_task_that_is_refused_is_not_offered_again(api: TinyApi, client: Client) -> None:
    api.refuse = [problem(422, "invalid_input", "No")]
    with pytest.raises(Refused):
        await client.create_task({"goal": "x"})
    assert len(api.keys) == 1


async def test_a_persistently_unavailable_api_is_given_up(
    api: TinyApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "PATIENCE_S", 0.5)
    path = api.kept_in(tmp_path / "away.json", f"http://127.0.0.1:{free_port()}")
    async with signed_in_by(path) as client:
        with pytest.raises(NotReachable, match="chimera up"):
            await client.create_task({"goal": "x"})


async def test_a_refusal_names_each_field_and_the_request(api: TinyApi, client: Client) -> None:
    fields = {
        "plan.0.agent": "Unknown agent 'x'. Use one of analyst.",
        "goal": "A required value is missing. Add it.",
    }
    api.refuse = [
        problem(
            422,
            "invalid_input",
            "Can't be accepted",
            detail="goal: A required value is missing. Add it.",
            fields=fields,
        )
    ]
    with pytest.raises(Refused) as refused:
        await client.task(TASK)
    assert [line.plain for line in lines_of(refused.value)] == [
        "✗ Can't be accepted",
        "  plan.0.agent: Unknown agent 'x'. Use one of analyst.",
        "  goal: A required value is missing. Add it.",
        "  (422, invalid_input, request abc)",
    ]


async def test_a_refusal_without_fields_shows_its_detail(api: TinyApi, client: Client) -> None:
    api.refuse = [problem(409, "conflict", "Not now", detail="The task is completed.")]
    with pytest.raises(Refused) as refused:
        await client.task(TASK)
    assert "  The task is completed." in [line.plain for line in lines_of(refused.value)]


async def test_another_program_on_that_port_is_recognised(api: TinyApi, client: Client) -> None:
    api.refuse = [PlainTextResponse("<html>\x1b[2Jnginx", 502)]
    with pytest.raises(Refused, match="response didn't come from Chimera"):
        await client.task(TASK)


async def test_hostile_text_in_a_refusal_is_harmless(api: TinyApi, client: Client) -> None:
    api.refuse = [problem(400, "x\x1b[2J", "a\x1b[31m[bold]b", detail="d", fields={"f\x07": "m\x00"})]
    with pytest.raises(Refused) as refused:
        await client.task(TASK)
    text = "\n".join(line.plain for line in lines_of(refused.value))
    assert not any(character in text for character in "\x1b\x07\x00")
    assert "[bold]b" in text
