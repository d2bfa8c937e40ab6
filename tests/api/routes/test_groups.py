"""Groups: who sees them, who manages them, and what members can learn about accounts."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from chimera.db.engine import Database
from chimera.store import groups
from tests.api.conftest import PASSWORD, SignUp, administrator, new_task

GROUPS = "/api/v1/groups"


async def email_of(client: httpx2.AsyncClient) -> str:
    return str((await client.get("/api/v1/auth/me")).json()["email"])


async def new_group(client: httpx2.AsyncClient, *members: httpx2.AsyncClient) -> dict[str, Any]:
    """Create a group of this client's user and other users."""
    answer = await client.post(GROUPS, json={"name": f"Team {uuid4().hex[:8]}"})
    assert answer.status_code == 201, answer.text
    group: dict[str, Any] = answer.json()
    for member in members:
        added = await client.post(f"{GROUPS}/{group['id']}/members", json={"email": await email_of(member)})
        assert added.status_code == 200, added.text
    return group


async def members_of(client: httpx2.AsyncClient, group: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = (await client.get(f"{GROUPS}/{group['id']}/members")).json()["items"]
    return {each["email"]: each for each in found}


async def test_a_creator_is_the_first_manager(alice: httpx2.AsyncClient) -> None:
    group = await new_group(alice)
    assert group["role"] == "manager"
    assert [each["role"] for each in (await members_of(alice, group)).values()] == ["manager"]
    assert group in (await alice.get(GROUPS)).json()["items"]


async def test_a_group_of_others_looks_unknown(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    group, unknown = await new_group(alice), str(uuid4())
    for place in ("", "/members", "/shares"):
        answers = [await bob.get(f"{GROUPS}/{id}{place}") for id in (group["id"], unknown)]
        assert [each.status_code for each in answers] == [404, 404]
        details = [each.json()["detail"] for each in answers]
        assert details[0].replace(group["id"], "") == details[1].replace(unknown, "")
    assert group["id"] not in (await bob.get(GROUPS)).text


async def test_names_are_unique_regardless_of_case(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    group = await new_group(alice)
    answer = await bob.post(GROUPS, json={"name": group["name"].upper()})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "name")
    other = await new_group(alice)
    renamed = await alice.put(f"{GROUPS}/{other['id']}", json={"name": group["name"].lower()})
    assert renamed.status_code == 409
    renamed = await alice.put(f"{GROUPS}/{group['id']}", json={"name": group["name"].lower()})
    assert renamed.json()["name"] == group["name"].lower()


async def test_only_managers_change_a_group(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    group = await new_group(alice, bob)
    place, own = f"{GROUPS}/{group['id']}", await email_of(bob)
    alices = (await members_of(bob, group))[await email_of(alice)]
    answers = [
        await bob.put(place, json={"name": "Mine"}),
        await bob.delete(place),
        await bob.post(f"{place}/members", json={"email": own, "role": "manager"}),
        await bob.delete(f"{place}/members/{alices['id']}"),
    ]
    assert [each.status_code for each in answers] == [403] * 4
    assert (await members_of(alice, group))[own]["role"] == "member"


async def test_an_unknown_address_gets_the_same_answer(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    group = await new_group(alice)
    place = f"{GROUPS}/{group['id']}/members"
    known, unknown = await email_of(bob), f"{uuid4().hex}@example.com"
    answers = [await alice.post(place, json={"email": email}) for email in (known, unknown)]
    fixed = [{**each.json(), "id": "", "email": "", "created_at": ""} for each in answers]
    assert (fixed[0], answers[0].status_code) == (fixed[1], answers[1].status_code)
    listed = await members_of(alice, group)
    assert listed[known].keys() == listed[unknown].keys()


async def test_a_later_account_is_no_member(alice: httpx2.AsyncClient, sign_up: SignUp) -> None:
    group = await new_group(alice)
    later = await sign_up()
    email = await email_of(later)
    answer = await later.put("/api/v1/auth/me", json={"email": f"x{email}", "current_password": PASSWORD})
    assert answer.status_code == 200, answer.text
    await alice.post(f"{GROUPS}/{group['id']}/members", json={"email": email})
    back = await later.put("/api/v1/auth/me", json={"email": email, "current_password": PASSWORD})
    assert back.status_code == 200, back.text
    assert (await later.get(f"{GROUPS}/{group['id']}")).status_code == 404


async def test_members_without_account_replace_no_others(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await new_group(alice)
    place, unknown = f"{GROUPS}/{group['id']}/members", [f"{uuid4().hex}@example.com" for _ in range(3)]
    added = [await alice.post(place, json={"email": email}) for email in unknown[:2]]
    assert [each.status_code for each in added] == [200, 200]
    assert (await members_of(alice, group)).keys() == {await email_of(alice), *unknown[:2]}
    monkeypatch.setattr(groups, "MAX_MEMBERS", 3)
    assert (await alice.post(place, json={"email": unknown[2]})).status_code == 409
    assert (await alice.post(place, json={"email": unknown[0], "role": "manager"})).status_code == 200


@pytest.mark.parametrize("is_registered_again", [True, False])
async def test_a_membership_stays_with_its_account(
    alice: httpx2.AsyncClient, sign_up: SignUp, *, is_registered_again: bool
) -> None:
    member, other = await sign_up(), await sign_up()
    group, email, task = await new_group(alice, member), await email_of(member), await new_task(member)
    place, shared = f"{GROUPS}/{group['id']}", f"/api/v1/tasks/{task['id']}"
    assert (await member.put(f"{shared}/shares/{group['id']}", json={"right": "view"})).status_code == 200
    assert (await _change_email(member, f"moved-{email}")).status_code == 200
    if is_registered_again:
        assert (await _change_email(other, email)).status_code == 200
    refused = await alice.post(f"{place}/members", json={"email": email, "role": "manager"})
    assert (refused.status_code, "Remove this member first" in refused.text) == (409, True)
    assert [(await each.get(place)).status_code for each in (member, other)] == [200, 404]
    member_id = (await members_of(alice, group))[email]["id"]
    assert (await alice.delete(f"{place}/members/{member_id}")).status_code == 204
    assert (await alice.get(shared)).status_code == 404
    assert (await alice.post(f"{place}/members", json={"email": email})).status_code == 200
    assert (await member.get(place)).status_code == 404
    assert (await other.get(place)).status_code == (200 if is_registered_again else 404)


async def _change_email(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await client.put("/api/v1/auth/me", json={"email": email, "current_password": PASSWORD})


async def test_members_leave_and_managers_remove(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    group = await new_group(alice, bob)
    place, own = f"{GROUPS}/{group['id']}", await email_of(bob)
    assert (await bob.delete(f"{place}/members/{(await members_of(bob, group))[own]['id']}")).status_code == 204
    assert (await bob.get(place)).status_code == 404
    await alice.post(f"{place}/members", json={"email": own})
    assert (await bob.get(place)).status_code == 200
    assert (await alice.delete(f"{place}/members/{(await members_of(bob, group))[own]['id']}")).status_code == 204
    assert (await bob.get(place)).status_code == 404


async def test_the_last_manager_stays(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    group = await new_group(alice, bob)
    place, own = f"{GROUPS}/{group['id']}/members", await email_of(alice)
    alices = (await members_of(alice, group))[own]
    assert (await alice.delete(f"{place}/{alices['id']}")).status_code == 409
    assert (await alice.post(place, json={"email": own, "role": "member"})).status_code == 409
    await alice.post(place, json={"email": await email_of(bob), "role": "manager"})
    assert (await alice.delete(f"{place}/{alices['id']}")).status_code == 204


async def test_administrators_manage_all_groups(alice: httpx2.AsyncClient, sign_up: SignUp, database: Database) -> None:
    admin, group = await administrator(sign_up, database), await new_group(alice)
    place = f"{GROUPS}/{group['id']}"
    assert (await admin.get(place)).json()["role"] is None
    added = await admin.post(f"{place}/members", json={"email": await email_of(admin), "role": "manager"})
    assert added.status_code == 200
    acts = (await admin.get("/api/v1/audit", params={"subject_id": group["id"]})).json()["items"]
    assert [each["action"] for each in acts] == ["group.member_added", "group.created"]
    assert (await admin.delete(place)).status_code == 204
    assert (await alice.get(place)).status_code == 404


@pytest.mark.parametrize("name", ["", " ", "x" * 61, None, 3, ["a"]])
async def test_invalid_names_are_rejected(alice: httpx2.AsyncClient, name: object) -> None:
    assert (await alice.post(GROUPS, json={"name": name})).status_code == 422


async def test_an_outdated_rename_is_rejected(alice: httpx2.AsyncClient) -> None:
    group = await new_group(alice)
    place = f"{GROUPS}/{group['id']}"
    tag = {"If-Match": (await alice.get(place)).headers["ETag"]}
    assert (await alice.put(place, json={"name": f"{group['name']} 2"}, headers=tag)).status_code == 200
    assert (await alice.put(place, json={"name": f"{group['name']} 3"}, headers=tag)).status_code == 412


async def test_lists_of_groups_are_paged(sign_up: SignUp) -> None:
    client = await sign_up()
    names = [(await new_group(client))["name"] for _ in range(3)]
    seen: list[str] = []
    cursor: str | None = None
    while len(seen) < 3:
        query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(GROUPS, params=query)).json()
        seen += [each["name"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (names[::-1], None)
