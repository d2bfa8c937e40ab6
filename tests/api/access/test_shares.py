"""The matrix of shares: an owner, members of groups with each right, an ex-member, a stranger and an administrator.

The routes are those of the router, so a new route of a shared kind fails until this file says which right it needs.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api.deps import Parts
from chimera.db.engine import Database
from chimera.db.tables import Run
from models.shares import RIGHTS, Right, ShareKind
from tests.api.access.world import API, CANARY, Route, World, routes_of, send, world_of
from tests.api.conftest import SignUp, administrator, new_task
from tests.api.routes.test_groups import GROUPS, email_of, members_of, new_group
from tests.until import LIMIT_S

pytestmark = pytest.mark.usefixtures("app")

NEEDS: dict[str, Right | None] = {
    "get_task": Right.VIEW,
    "list_subtasks": Right.VIEW,
    "get_task_cost": Right.VIEW,
    "get_task_timeline": Right.VIEW,
    "list_task_messages": Right.VIEW,
    "list_task_files": Right.VIEW,
    "follow_task": Right.VIEW,
    "list_task_events": Right.VIEW,
    "list_task_approvals": Right.VIEW,
    "pause_task": Right.USE,
    "resume_task": Right.USE,
    "steer_task": Right.USE,
    "cancel_task": Right.USE,
    "change_task": Right.EDIT,
    "execute_task": None,
    "retry_task": None,
    "raise_task_budget": None,
    "delete_task": None,
    "list_task_shares": None,
    "share_task": None,
    "unshare_task": None,
    "get_schedule": Right.VIEW,
    "list_schedule_runs": Right.VIEW,
    "pause_schedule": Right.USE,
    "resume_schedule": Right.USE,
    "replace_schedule": None,
    "trigger_schedule": None,
    "backfill_schedule": None,
    "delete_schedule": None,
    "list_schedule_shares": None,
    "share_schedule": None,
    "unshare_schedule": None,
    "get_chat_session": Right.VIEW,
    "get_chat_branch": Right.VIEW,
    "list_chat_messages": Right.VIEW,
    "get_chat_message": Right.VIEW,
    "export_chat_session": Right.VIEW,
    "replace_chat_session": None,
    "delete_chat_session": None,
    "archive_chat_session": None,
    "restore_chat_session": None,
    "create_chat_message": None,
    "regenerate_chat_message": None,
    "choose_chat_branch": None,
    "create_chat_task": None,
    "get_chat_summary": None,
    "get_chat_suggestions": None,
    "list_chat_session_shares": None,
    "share_chat_session": None,
    "unshare_chat_session": None,
    "get_file": Right.VIEW,
    "get_file_content": Right.VIEW,
    "delete_file": None,
    "list_file_shares": None,
    "share_file": None,
    "unshare_file": None,
    "get_agent": Right.VIEW,
    "list_agent_versions": Right.VIEW,
    "get_agent_version": Right.VIEW,
    "diff_agent_versions": Right.VIEW,
    "get_agent_status": Right.VIEW,
    "get_agent_metrics": Right.VIEW,
    "change_agent": Right.EDIT,
    "rollback_agent": Right.EDIT,
    "activate_agent": Right.EDIT,
    "deactivate_agent": Right.EDIT,
    "delete_agent": None,
    "list_agent_shares": None,
    "share_agent": None,
    "unshare_agent": None,
}
"""The right that each operation on a shared object needs; None: only owners and administrators."""
UNSEEN = {
    "decide_approval": "an approval is for those who may decide",
    "answer_question": "an approval is for those who may decide",
}
"""Operations on approvals of a task, which can't be shared."""
KINDS = {"task_id": ShareKind.TASK, "schedule_id": ShareKind.SCHEDULE, "file_id": ShareKind.FILE}
KINDS |= {"session_id": ShareKind.CHAT_SESSION, "agent": ShareKind.AGENT}
PLACES = {
    ShareKind.TASK: "tasks",
    ShareKind.SCHEDULE: "schedules",
    ShareKind.FILE: "files",
    ShareKind.CHAT_SESSION: "chat/sessions",
    ShareKind.AGENT: "agents",
}
PARAMETERS = {kind: name for name, kind in KINDS.items()}


class Member(NamedTuple):
    client: httpx2.AsyncClient
    group_id: str
    right: Right


@pytest.fixture(scope="module")
async def owner(app: FastAPI, sign_up: SignUp) -> World:
    world = await world_of(app, await sign_up())
    # By name, a stranger could mean an agent of their own.
    agent = (await world.client.get(f"{API}/agents/{world.ids['agent']}")).json()
    return World(world.client, {**world.ids, "agent": agent["id"]})


@pytest.fixture(scope="module")
async def members(owner: World, sign_up: SignUp) -> list[Member]:
    """Share every object of the owner with a group for each right, and return a member of each."""
    found = []
    for right in Right:
        member = await sign_up()
        group_id = str((await new_group(owner.client, member))["id"])
        for kind in ShareKind:
            await share(owner, kind, group_id, up_to(right, kind)[-1])
        found.append(Member(member, group_id, right))
    return found


def up_to(right: Right, kind: ShareKind) -> list[Right]:
    """Return the rights to a kind that a right contains, the smallest first."""
    order = [*Right]
    return [each for each in RIGHTS[kind] if order.index(each) <= order.index(right)]


async def share(owner: World, kind: ShareKind, group_id: str, right: Right) -> None:
    answer = await owner.client.put(f"{address_of(owner, kind)}/shares/{group_id}", json={"right": right})
    assert answer.status_code == 200, answer.text


def address_of(owner: World, kind: ShareKind) -> str:
    return f"{API}/{PLACES[kind]}/{owner.ids[PARAMETERS[kind]]}"


def of_shared(app: FastAPI) -> Iterator[Route]:
    """Yield the routes whose first object can be shared, but for the one that a list only filters by."""
    for route in routes_of(app):
        if route.parameters and route.parameters[0] in KINDS and route.is_closed:
            yield route


def test_every_route_of_a_shared_kind_is_classified(app: FastAPI) -> None:
    assert {route.operation_id for route in of_shared(app)} == NEEDS.keys() | UNSEEN.keys()


async def test_members_can_do_what_their_right_permits(app: FastAPI, owner: World, members: list[Member]) -> None:
    cells = 0
    for member in members:
        for route in of_shared(app):
            kind, needed = KINDS[route.parameters[0]], NEEDS.get(route.operation_id)
            answer = await send(member.client, app, route, {**owner.ids, "group_id": member.group_id})
            what = f"{member.right} {route}: {answer.status_code} {answer.text[:200]}"
            if route.operation_id in UNSEEN:
                assert answer.status_code == 404, what
            elif needed in up_to(member.right, kind):
                # An edit of the example's field may be for owners only.
                assert answer.status_code not in (401, 404), what
                assert answer.status_code != 403 or route.operation_id == "change_task", what
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), what
            cells += 1
    print(f"{cells} cells of {len(members)} members")
    assert cells >= 100


async def test_strangers_and_former_members_see_nothing(app: FastAPI, owner: World, sign_up: SignUp) -> None:
    former, stranger = await sign_up(), await sign_up()
    group = await new_group(owner.client, former)
    for kind in ShareKind:
        await share(owner, kind, group["id"], Right.VIEW)
    assert (await former.get(address_of(owner, ShareKind.TASK))).status_code == 200
    member = (await members_of(former, group))[await email_of(former)]
    assert (await owner.client.delete(f"{GROUPS}/{group['id']}/members/{member['id']}")).status_code == 204
    cells = 0
    for client in (former, stranger):
        for route in of_shared(app):
            answer = await send(client, app, route, {**owner.ids, "group_id": group["id"]})
            assert answer.status_code in (404, 422), f"{route}: {answer.text}"
            assert CANARY not in answer.text
            cells += 1
    print(f"{cells} cells of former members and strangers")


async def test_an_end_of_a_share_counts_at_once(owner: World, sign_up: SignUp) -> None:
    member = await sign_up()
    group = await new_group(owner.client, member)
    for kind in ShareKind:
        await share(owner, kind, group["id"], Right.VIEW)
        place = address_of(owner, kind)
        assert (await member.get(place)).status_code == 200
        assert (await owner.client.delete(f"{place}/shares/{group['id']}")).status_code == 204
        assert (await member.get(place)).status_code == 404


async def test_administrators_remove_but_dont_share(app: FastAPI, owner: World, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    admin = await administrator(sign_up, parts.database)
    group = await new_group(owner.client, admin)
    for kind in ShareKind:
        place = f"{address_of(owner, kind)}/shares"
        assert (await admin.put(f"{place}/{group['id']}", json={"right": "view"})).status_code == 403
        await share(owner, kind, group["id"], Right.VIEW)
        assert group["id"] in (await admin.get(place)).text
        assert (await admin.delete(f"{place}/{group['id']}")).status_code == 204


async def test_lists_show_what_is_shared(owner: World, members: list[Member], sign_up: SignUp) -> None:
    for kind in ShareKind:
        for shared, expected in (("shared", True), ("all", True), ("mine", False), (None, False)):
            query = {"shared": shared} if shared else {}
            listed = (await members[0].client.get(f"{API}/{PLACES[kind]}", params=query)).json()["items"]
            assert (owner.ids[PARAMETERS[kind]] in [each["id"] for each in listed]) is expected, (kind, shared)
        own = (await owner.client.get(f"{API}/{PLACES[kind]}", params={"shared": "shared"})).json()["items"]
        assert own == []
        foreign = (await (await sign_up()).get(f"{API}/{PLACES[kind]}", params={"shared": "all"})).json()["items"]
        assert [each for each in foreign if not each.get("built_in")] == []


async def test_owners_share_only_with_their_groups(owner: World, bob: httpx2.AsyncClient) -> None:
    group = await new_group(bob)
    place = f"{address_of(owner, ShareKind.TASK)}/shares/{group['id']}"
    assert (await owner.client.put(place, json={"right": "view"})).status_code == 404
    own = await new_group(owner.client)
    place = f"{address_of(owner, ShareKind.FILE)}/shares/{own['id']}"
    assert (await owner.client.put(place, json={"right": "edit"})).status_code == 422


async def test_editors_dont_change_what_owners_pay_for(owner: World, members: list[Member]) -> None:
    place = f"{API}/tasks"
    task = (await owner.client.post(place, json={"goal": "x", "start": False})).json()
    editor = members[-1]
    await owner.client.put(f"{place}/{task['id']}/shares/{editor.group_id}", json={"right": "edit"})
    changes: tuple[dict[str, object], ...] = ({"goal": "y"}, {"budget": {"max_tokens": 9}}, {"images": []})
    for change in changes:
        answer = await editor.client.put(f"{place}/{task['id']}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    changed = await editor.client.put(f"{place}/{task['id']}", json={"title": "Better"})
    assert (changed.status_code, changed.json()["title"]) == (200, "Better")


async def test_a_shared_file_isnt_used_by_others(owner: World, members: list[Member]) -> None:
    body = {"goal": "x", "start": False, "images": [owner.ids["file_id"]]}
    answer = await members[-1].client.post(f"{API}/tasks", json=body)
    assert answer.status_code in (404, 422), answer.text


async def test_leaving_a_group_ends_own_shares(owner: World, sign_up: SignUp) -> None:
    leader, leaver = await sign_up(), await sign_up()
    group = await new_group(leader, leaver)
    task = (await leaver.post(f"{API}/tasks", json={"goal": "x", "start": False})).json()
    await leaver.put(f"{API}/tasks/{task['id']}/shares/{group['id']}", json={"right": "view"})
    assert (await leader.get(f"{API}/tasks/{task['id']}")).status_code == 200
    member = (await members_of(leaver, group))[await email_of(leaver)]
    assert (await leaver.delete(f"{GROUPS}/{group['id']}/members/{member['id']}")).status_code == 204
    assert (await leader.get(f"{API}/tasks/{task['id']}")).status_code == 404
    assert (await leader.get(f"{GROUPS}/{group['id']}/shares")).json()["items"] == []


async def test_lists_of_shares_wait_for_no_run(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice))["id"]
    async with database.begin() as session:
        # As a model call does that is booked.
        await session.execute(select(Run.id).where(Run.id == task_id).with_for_update())
        async with asyncio.timeout(LIMIT_S):
            assert (await alice.get(f"{API}/tasks/{task_id}/shares")).status_code == 200
