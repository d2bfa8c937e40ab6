"""`ETag`, `If-Match` and `If-None-Match`: a change that is based on an older state overwrites nothing."""

import asyncio
from typing import Any

import httpx2
import pytest

from api.etags import tag_of
from chimera.db.engine import Database
from tests.api.conftest import SignUp, administrator, new_task

API = "/api/v1"
AGENT = {"name": "poet", "prompt": "Rhyme."}
TASK = {"goal": "Find out."}


async def made(client: httpx2.AsyncClient, path: str, body: dict[str, Any], key: str) -> str:
    answer = await client.post(f"{API}{path}", json=body)
    assert answer.status_code in (201, 202), answer.text
    return f"{API}{path}/{answer.json()[key]}"


async def places(client: httpx2.AsyncClient, name: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return an address of each kind, with two bodies that change what is there."""
    agent = {**AGENT, "name": name}
    schedule = {"name": name, "interval_s": 3600, "paused": True, "task": TASK}
    rule = {"tool": f"{name}__fetch", "verdict": "deny"}
    return [
        (await made(client, "/agents", agent, "name"), {**agent, "prompt": "One."}, {**agent, "prompt": "Two."}),
        (await made(client, "/schedules", schedule, "id"), {**schedule, "name": "1"}, {**schedule, "name": "2"}),
        (await made(client, "/tasks", {**TASK, "start": False}, "id"), {"title": "One"}, {"title": "Two"}),
        (f"{API}/policy", {"rules": [rule]}, {"rules": [rule, rule]}),
        (f"{API}/auth/me", {"name": f"{name} 1"}, {"name": f"{name} 2"}),
    ]


async def test_an_outdated_change_is_rejected(alice: httpx2.AsyncClient) -> None:
    for address, one, two in await places(alice, "outdated"):
        tag = (await alice.get(address)).headers["ETag"]
        first = await alice.put(address, json=one, headers={"If-Match": tag})
        assert first.status_code == 200, first.text
        assert first.headers["ETag"] != tag
        second = await alice.put(address, json=two, headers={"If-Match": tag})
        assert (second.status_code, second.json()["code"]) == (412, "outdated"), address
        assert second.json()["errors"][0]["field"] == "If-Match"
        assert (await alice.get(address)).headers["ETag"] == first.headers["ETag"], address


async def test_two_administrators_dont_overwrite_each_other(sign_up: SignUp, database: Database) -> None:
    admin = await administrator(sign_up, database)
    user_id = (await (await sign_up()).get(f"{API}/auth/me")).json()["id"]
    limit = "max_cost_day_micro_usd"
    for path, one, two in (("", {"role": "viewer"}, {"name": "Two"}), ("/limits", {limit: 1}, {limit: 2})):
        address = f"{API}/users/{user_id}{path}"
        tag = {"If-Match": (await admin.get(address)).headers["ETag"]}
        answers = await asyncio.gather(*(admin.put(address, json=body, headers=tag) for body in (one, two)))
        assert sorted(answer.status_code for answer in answers) == [200, 412], address
        assert (await admin.delete(f"{API}/users/{user_id}", headers={"If-Match": '"other"'})).status_code == 412


async def test_any_state_matches_a_star(alice: httpx2.AsyncClient) -> None:
    for address, one, _ in await places(alice, "star"):
        assert (await alice.put(address, json=one, headers={"If-Match": "*"})).status_code == 200


async def test_of_two_changes_at_once_one_succeeds(alice: httpx2.AsyncClient) -> None:
    for address, one, two in await places(alice, "at-once"):
        tag = {"If-Match": (await alice.get(address)).headers["ETag"]}
        answers = await asyncio.gather(*(alice.put(address, json=body, headers=tag) for body in (one, two)))
        assert sorted(answer.status_code for answer in answers) == [200, 412], address


async def test_an_outdated_deletion_is_rejected(alice: httpx2.AsyncClient) -> None:
    for address, one, _ in (await places(alice, "deleted"))[:3]:
        tag = (await alice.get(address)).headers["ETag"]
        await alice.put(address, json=one)
        assert (await alice.delete(address, headers={"If-Match": tag})).status_code == 412, address
        current = (await alice.get(address)).headers["ETag"]
        assert (await alice.delete(address, headers={"If-Match": current})).status_code == 204


@pytest.mark.parametrize("path", ["/agents/writer", "/policy", "/policy/installation", "/tools/calculator"])
async def test_an_unchanged_object_is_not_sent_again(alice: httpx2.AsyncClient, path: str) -> None:
    first = await alice.get(f"{API}{path}")
    if first.status_code == 404:
        pytest.skip("no worker has published the tools")
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await alice.get(f"{API}{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert (await alice.get(f"{API}{path}", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("tag", ["writer", '"open', "W/", ","])
async def test_a_tag_without_quotes_is_explained(alice: httpx2.AsyncClient, tag: str) -> None:
    answer = await alice.get(f"{API}/agents/writer", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "If-None-Match")


async def test_a_weak_tag_allows_no_change(alice: httpx2.AsyncClient) -> None:
    task = await new_task(alice)
    address = f"{API}/tasks/{task['id']}"
    tag = (await alice.get(address)).headers["ETag"]
    assert (await alice.put(address, json={"title": "x"}, headers={"If-Match": f"W/{tag}"})).status_code == 412


async def test_a_foreign_object_isnt_revealed_by_tags(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    for address, one, _ in (await places(alice, "hidden"))[:3]:
        for expected in ("*", '"other"'):
            assert (await bob.put(address, json=one, headers={"If-Match": expected})).status_code == 404


async def test_pages_can_read_tags(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/health/live", headers={"Origin": "https://console.example"})
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


def test_a_tag_depends_on_every_fact() -> None:
    assert len({tag_of(), tag_of(1), tag_of(1, 2), tag_of(2, 1), tag_of("1")}) == 5
    assert tag_of({"a": 1}) == tag_of({"a": 1})
