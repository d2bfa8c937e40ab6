"""Members of a group follow a shared task as long as it is shared with them."""

import httpx2
import pytest
from fastapi import FastAPI

from api.live import rights
from models.events import RunPaused
from tests.api.conftest import SignUp, new_task, publish
from tests.api.live.test_changes import followed
from tests.api.routes.test_groups import GROUPS, email_of, members_of, new_group
from tests.api.routes.test_streams import received, signed_in


@pytest.mark.parametrize("ended", ["share", "membership", "group"])
async def test_a_subscription_ends_with_its_share(
    app: FastAPI, alice: httpx2.AsyncClient, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    carol = await sign_up()
    task_id = (await new_task(alice))["id"]
    group = await new_group(alice, carol)
    share = f"/api/v1/tasks/{task_id}/shares/{group['id']}"
    assert (await alice.put(share, json={"right": "view"})).status_code == 200
    member = (await members_of(alice, group))[await email_of(carol)]
    async with signed_in(app, carol) as socket:
        await followed(socket, f"run:{task_id}", 1)
        await publish(app, task_id, RunPaused())
        assert (await received(socket))["topic"] == f"run:{task_id}"
        place = {
            "share": share,
            "membership": f"{GROUPS}/{group['id']}/members/{member['id']}",
            "group": f"{GROUPS}/{group['id']}",
        }[ended]
        assert (await alice.delete(place)).status_code == 204
        gone = await received(socket)
        assert (gone["type"], gone["code"], gone["topic"]) == ("error", "not_found", f"run:{task_id}")


async def test_strangers_cant_follow_a_shared_task(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    task_id = (await new_task(alice))["id"]
    group = await new_group(alice)
    await alice.put(f"/api/v1/tasks/{task_id}/shares/{group['id']}", json={"right": "view"})
    async with signed_in(app, bob) as socket:
        await socket.send_json({"type": "subscribe", "id": "1", "topic": f"run:{task_id}"})
        answer = await received(socket)
        assert (answer["type"], answer["code"]) == ("error", "not_found")
