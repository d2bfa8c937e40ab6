"""Approvals through the API: who sees them, who may decide, and that one decision counts."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.deps import Parts
from chimera.db.engine import Database
from chimera.ledger import approvals, ends
from chimera.ledger.approvals import NewApproval
from models.ids import NodePath, RunId
from models.policies import ApprovalTerms, OnExpiry
from models.tasks import TransitionRecord
from models.tool_calls import ToolCallRequest
from tests.api.conftest import SignUp, administrator, new_task, set_task
from tests.approvals import A_CALL, A_QUESTION, AN_OUTCOME, ask, begin, rows_of

UNKNOWN = str(uuid4())


@pytest.fixture(scope="module")
def database(app: FastAPI) -> Database:
    parts: Parts = app.state.parts
    return parts.database


@pytest.fixture(scope="module")
async def carol(sign_up: SignUp) -> httpx2.AsyncClient:
    return await sign_up()


@pytest.fixture(scope="module")
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


async def email_of(client: httpx2.AsyncClient) -> str:
    return str((await client.get("/api/v1/auth/me")).json()["email"])


async def running(client: httpx2.AsyncClient, database: Database) -> str:
    task_id = str((await new_task(client))["id"])
    await begin(database, task_id)
    return task_id


async def asked(client: httpx2.AsyncClient, database: Database, new: NewApproval = A_CALL) -> tuple[str, str]:
    """Return a running task of the client, and its pending approval."""
    task_id = await running(client, database)
    return task_id, await ask(database, task_id, new)


async def for_approvers(new: NewApproval, *clients: httpx2.AsyncClient, **terms: Any) -> NewApproval:
    emails = tuple([await email_of(client) for client in clients])
    return replace(new, terms=ApprovalTerms(approvers=emails, **terms))


async def decide(client: httpx2.AsyncClient, task_id: str, approval_id: str, **body: Any) -> httpx2.Response:
    return await client.post(f"/api/v1/tasks/{task_id}/approvals/{approval_id}", json=body)


async def decisions(database: Database, task_id: str) -> int:
    """Return how many decisions were recorded: each writes one event, and one message to the run with it."""
    query = "SELECT count(*) FROM events WHERE run_id = :id AND payload ->> 'type' = 'approval.decided'"
    return int((await rows_of(database, query, id=task_id))[0][0])


async def test_an_approval_lets_the_run_continue(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    waiting = (await alice.get(f"/api/v1/tasks/{task_id}")).json()
    assert (waiting["status"], waiting["waiting"]["kind"]) == ("waiting", "approval")
    assert [each["id"] for each in waiting["waiting"]["approvals"]] == [approval_id]
    assert waiting["waiting"]["remedy"] == {"action": "show_approval", "target": approval_id, "options": {}}

    view = (await alice.get(f"/api/v1/approvals/{approval_id}")).json()
    assert (view["arguments"], view["status"], view["may_decide"]) == (A_CALL.arguments, "pending", True)
    decided = await decide(alice, task_id, approval_id, decision="approve")
    assert decided.status_code == 200, decided.text
    assert (decided.json()["status"], decided.json()["may_decide"]) == ("approved", False)
    assert [vote["user"] for vote in decided.json()["votes"]] == [await email_of(alice)]

    after = (await alice.get(f"/api/v1/tasks/{task_id}")).json()
    assert (after["status"], after["waiting"]) == ("running", None)
    events = await rows_of(database, "SELECT payload FROM events WHERE run_id = :id ORDER BY seq DESC", id=task_id)
    assert (events[0][0]["type"], events[0][0]["by"]) == ("approval.decided", await email_of(alice))
    assert await decisions(database, task_id) == 1


async def test_a_second_decision_names_the_first(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    assert (await decide(alice, task_id, approval_id, decision="reject", reason="No.")).status_code == 200
    second = await decide(alice, task_id, approval_id, decision="approve")
    assert second.status_code == 409
    assert f"rejected by {await email_of(alice)} at 20" in second.json()["detail"]
    assert (await alice.get(f"/api/v1/approvals/{approval_id}")).json()["answer"] == "No."
    assert await decisions(database, task_id) == 1


async def test_of_simultaneous_decisions_one_counts(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    answers = await asyncio.gather(
        *(decide(alice, task_id, approval_id, decision="approve" if i % 2 else "reject") for i in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert await decisions(database, task_id) == 1
    votes = await rows_of(database, "SELECT 1 FROM approval_votes WHERE approval_id = :id", id=approval_id)
    assert len(votes) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/approvals/{approval}"),
        ("POST", "/tasks/{task}/approvals/{approval}"),
        ("POST", "/tasks/{task}/answers/{approval}"),
        ("POST", "/approvals/{approval}/delegate"),
    ],
)
async def test_a_strangers_approval_looks_missing(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database, method: str, path: str
) -> None:
    new = A_QUESTION if "answers" in path else A_CALL
    task_id, approval_id = await asked(alice, database, new)
    body = (
        {"answer": "red"}
        if "answers" in path
        else {"to": "x@example.com"}
        if "delegate" in path
        else {"decision": "approve"}
    )
    request_id = {"X-Request-ID": uuid4().hex}
    sent = None if method == "GET" else body
    theirs = await bob.request(
        method, "/api/v1" + path.format(task=task_id, approval=approval_id), json=sent, headers=request_id
    )
    unknown = await bob.request(
        method, "/api/v1" + path.format(task=task_id, approval=UNKNOWN), json=sent, headers=request_id
    )
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.text.replace(approval_id, "") == unknown.text.replace(UNKNOWN, "")


async def test_an_approver_sees_only_the_call(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    task_id, approval_id = await asked(alice, database, await for_approvers(A_CALL, bob))
    inbox = (await bob.get("/api/v1/approvals")).json()["items"]
    assert [each["id"] for each in inbox] == [approval_id]
    assert (inbox[0]["task_title"], inbox[0]["arguments"]) == ("", A_CALL.arguments)
    for path in ("", "/approvals", "/messages", "/subtasks", "/timeline", "/cost"):
        assert (await bob.get(f"/api/v1/tasks/{task_id}{path}")).status_code == 404, path
    # The owner sees it, but may not decide about it.
    assert approval_id not in [each["id"] for each in (await alice.get("/api/v1/approvals")).json()["items"]]
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 403
    assert (await decide(bob, task_id, approval_id, decision="approve")).status_code == 200


async def test_an_owner_does_not_replace_missing_approvers(alice: httpx2.AsyncClient, database: Database) -> None:
    gone = replace(A_CALL, terms=ApprovalTerms(approvers=("gone@example.com",)))
    task_id, approval_id = await asked(alice, database, gone)
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 403
    assert (await alice.get(f"/api/v1/approvals/{approval_id}")).json()["may_decide"] is False


async def test_a_quorum_counts_different_users(
    alice: httpx2.AsyncClient,
    bob: httpx2.AsyncClient,
    carol: httpx2.AsyncClient,
    admin: httpx2.AsyncClient,
    database: Database,
) -> None:
    new = await for_approvers(A_CALL, bob, carol, alice, quorum=3)
    task_id, approval_id = await asked(alice, database, new)
    assert (await decide(bob, task_id, approval_id, decision="approve")).json()["status"] == "pending"
    again = await decide(bob, task_id, approval_id, decision="approve")
    assert (again.status_code, await decisions(database, task_id)) == (409, 0)
    changed = await decide(carol, task_id, approval_id, decision="approve", arguments={"to": "c@example.com"})
    assert changed.status_code == 422
    assert (await decide(admin, task_id, approval_id, decision="approve")).json()["status"] == "pending"
    last = await decide(carol, task_id, approval_id, decision="approve")
    assert (last.json()["status"], len(last.json()["votes"])) == ("approved", 3)
    assert await decisions(database, task_id) == 1


async def test_one_rejection_rejects(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, carol: httpx2.AsyncClient, database: Database
) -> None:
    task_id, approval_id = await asked(alice, database, await for_approvers(A_CALL, bob, carol, quorum=2))
    assert (await decide(bob, task_id, approval_id, decision="approve")).status_code == 200
    assert (await decide(carol, task_id, approval_id, decision="reject")).json()["status"] == "rejected"


async def test_changed_arguments_are_kept(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    changed = {"to": "c@example.com", "text": "Hi"}
    view = (await decide(alice, task_id, approval_id, decision="approve", arguments=changed)).json()
    assert (view["changed_arguments"], view["arguments"]) == (changed, A_CALL.arguments)


async def test_changed_arguments_have_to_fit(alice: httpx2.AsyncClient, database: Database) -> None:
    new = replace(A_CALL, tool="calculator", arguments={"expression": "1"})
    task_id, approval_id = await asked(alice, database, new)
    for wrong in ({"expression": 1}, {"expression": "1", "other": 2}, {}):
        refused = await decide(alice, task_id, approval_id, decision="approve", arguments=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "arguments"), wrong
    large = {"expression": "1" * 70_000}
    assert (await decide(alice, task_id, approval_id, decision="approve", arguments=large)).status_code == 422
    right = {"expression": "2"}
    assert (await decide(alice, task_id, approval_id, decision="approve", arguments=right)).status_code == 200


async def test_the_policy_denies_changed_arguments(alice: httpx2.AsyncClient, database: Database) -> None:
    rule = {"tool": "send_mail", "arguments": {"to": "*@evil.example"}, "verdict": "deny", "reason": "Not there."}
    assert (await alice.put("/api/v1/policy", json={"rules": [rule]})).status_code == 200
    task_id, approval_id = await asked(alice, database)
    refused = await decide(alice, task_id, approval_id, decision="approve", arguments={"to": "a@evil.example"})
    assert (refused.status_code, "Not there." in refused.text) == (422, True)
    assert (await alice.put("/api/v1/policy", json={"rules": []})).status_code == 200


async def test_a_question_is_answered(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, question_id = await asked(alice, database, A_QUESTION)
    wrong = await decide(alice, task_id, question_id, decision="approve")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "decision")
    given = await alice.post(f"/api/v1/tasks/{task_id}/answers/{question_id}", json={"answer": "green"})
    assert (given.status_code, given.json()["answer"], given.json()["status"]) == (200, "green", "answered")


async def test_only_questions_are_answered(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    refused = await alice.post(f"/api/v1/tasks/{task_id}/answers/{approval_id}", json={"answer": "yes"})
    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "call"),
    [
        ({"decision": "happened", "result": "Sent."}, "answered", "started"),
        ({"decision": "not_happened"}, "rejected", "started"),
        ({"decision": "again"}, "approved", "waiting"),
    ],
)
async def test_an_unknown_outcome_is_determined(
    alice: httpx2.AsyncClient, database: Database, body: dict[str, Any], status: str, call: str
) -> None:
    task_id, approval_id = await asked(alice, database, AN_OUTCOME)
    async with database.begin() as session:
        await session.execute(text("UPDATE tool_calls SET status = 'started' WHERE run_id = :id"), {"id": task_id})
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 422
    view = (await decide(alice, task_id, approval_id, **body)).json()
    assert (view["status"], view["answer"]) == (status, body.get("result"))
    calls = await rows_of(database, "SELECT status FROM tool_calls WHERE run_id = :id", id=task_id)
    assert [row.status for row in calls] == [call]


async def test_an_expired_approval_is_not_decided(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    async with database.begin() as session:
        past = text("UPDATE approvals SET expires_at = now() - interval '1 second' WHERE id = :id")
        await session.execute(past, {"id": approval_id})
    late = await decide(alice, task_id, approval_id, decision="approve")
    assert (late.status_code, "expired" in late.json()["detail"]) == (409, True)


async def test_another_task_does_not_lead_to_it(alice: httpx2.AsyncClient, database: Database) -> None:
    _, approval_id = await asked(alice, database)
    other = await running(alice, database)
    assert (await decide(alice, other, approval_id, decision="approve")).status_code == 404


async def test_a_delegate_decides_instead(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    task_id, approval_id = await asked(alice, database)
    unknown = await alice.post(f"/api/v1/approvals/{approval_id}/delegate", json={"to": "nobody@example.com"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "to")
    passed = await alice.post(f"/api/v1/approvals/{approval_id}/delegate", json={"to": await email_of(bob)})
    assert (passed.status_code, passed.json()["approvers"]) == (200, [await email_of(bob)])
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 403
    assert (await decide(bob, task_id, approval_id, decision="approve")).status_code == 200


async def test_a_delegate_decides_besides(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    task_id, approval_id = await asked(alice, database)
    body = {"to": await email_of(bob), "keep": True}
    passed = await alice.post(f"/api/v1/approvals/{approval_id}/delegate", json=body)
    assert passed.json()["approvers"] == sorted([await email_of(alice), await email_of(bob)])
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 200


async def test_a_paused_task_accepts_decisions(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    refused = await alice.post(f"/api/v1/tasks/{task_id}/resume")
    assert (refused.status_code, refused.json()["remedy"]["action"]) == (409, "list_approvals")
    assert (await alice.post(f"/api/v1/tasks/{task_id}/pause")).status_code == 202
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 200
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["status"] == "paused"
    assert (await alice.post(f"/api/v1/tasks/{task_id}/resume")).json()["status"] == "running"


async def test_the_end_of_a_run_cancels_approvals(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    end = TransitionRecord(run_id=RunId(task_id), path=NodePath(""), status="failed", error_code="x", error="Broken.")
    async with database.begin() as session:
        await ends.record(session, end)
    row = (await rows_of(database, "SELECT status, approvals_pending FROM runs WHERE id = :id", id=task_id))[0]
    assert tuple(row) == ("failed", 0)
    assert (await alice.get(f"/api/v1/approvals/{approval_id}")).json()["status"] == "cancelled"
    late = await decide(alice, task_id, approval_id, decision="approve")
    assert (late.status_code, "cancelled" in late.json()["detail"]) == (409, True)


async def test_the_end_of_a_subtask_cancels_its_approvals(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = await running(alice, database)
    await begin(database, task_id, "other")
    first, second = await ask(database, task_id), await ask(database, task_id, path="other")
    end = TransitionRecord(run_id=RunId(task_id), path=NodePath("work"), status="skipped", error_code="x", error="No.")
    async with database.begin() as session:
        await ends.record(session, end)
    statuses = [(await alice.get(f"/api/v1/approvals/{each}")).json()["status"] for each in (first, second)]
    assert statuses == ["cancelled", "pending"]
    task = (await alice.get(f"/api/v1/tasks/{task_id}")).json()
    assert (task["status"], task["waiting"]["pending"]) == ("waiting", 1)


async def test_deleting_a_task_empties_its_approvals(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    await decide(alice, task_id, approval_id, decision="approve", arguments={"to": "secret@example.com"})
    await set_task(database, task_id, status="completed")
    assert (await alice.delete(f"/api/v1/tasks/{task_id}")).status_code == 204
    assert (await alice.get(f"/api/v1/approvals/{approval_id}")).status_code == 404
    row = (await rows_of(database, "SELECT to_jsonb(a) AS kept FROM approvals a WHERE id = :id", id=approval_id))[0]
    assert "example.com" not in str(row.kept)


async def test_a_retry_asks_again(alice: httpx2.AsyncClient, database: Database) -> None:
    terms = ApprovalTerms(on_expiry=OnExpiry.FAIL)
    task_id, approval_id = await asked(alice, database, replace(A_CALL, terms=terms))
    async with database.begin() as session:
        await session.execute(text("UPDATE approvals SET status = 'expired' WHERE id = :id"), {"id": approval_id})
    await set_task(database, task_id, status="failed", error_code="approval_expired")
    assert (await alice.post(f"/api/v1/tasks/{task_id}/retry")).json()["status"] == "running"
    assert (await alice.get(f"/api/v1/approvals/{approval_id}")).json()["status"] == "cancelled"


async def test_lists_are_paged_and_filtered(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = await running(alice, database)
    ids = [await ask(database, task_id, step=step) for step in range(3)]
    question_id = await ask(database, task_id, A_QUESTION, step=3)
    address = f"/api/v1/tasks/{task_id}/approvals"
    first = (await alice.get(address, params={"limit": 2})).json()
    second = (await alice.get(address, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    listed = [each["id"] for each in (*first["items"], *second["items"])]
    assert (listed, second["next_cursor"]) == ([question_id, *ids[::-1]], None)
    foreign = await alice.get("/api/v1/approvals", params={"cursor": first["next_cursor"]})
    assert foreign.status_code == 422
    questions = (await alice.get(address, params={"kind": "question"})).json()["items"]
    assert [each["id"] for each in questions] == [question_id]
    assert (await alice.get(address, params={"status": "approved"})).json()["items"] == []


async def test_an_agents_status_names_the_deciders(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    address = "/api/v1/agents/critic/status"
    before = (await alice.get(address)).json()["waits_for"]
    new = replace(await for_approvers(A_CALL, bob), agent="critic")
    task_id, approval_id = await asked(alice, database, new)
    found = [each for each in (await alice.get(address)).json()["waits_for"] if each not in before]
    assert [(each["approval_id"], each["task_id"], each["approvers"]) for each in found] == [
        (approval_id, task_id, [await email_of(bob)])
    ]
    # An approver sees only the approval, so the agent of the same name isn't waiting in the approver's own tasks.
    assert (await bob.get(address)).json()["waits_for"] == []


async def test_a_used_up_budget_is_named_first(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    await set_task(database, task_id, needs_budget=True)
    refused = await alice.post(f"/api/v1/tasks/{task_id}/resume")
    assert refused.json()["remedy"]["action"] == "raise_budget"
    assert (await decide(alice, task_id, approval_id, decision="approve")).status_code == 200
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).json()["status"] == "waiting"
    raised = await alice.post(f"/api/v1/tasks/{task_id}/budget", json={"max_model_calls": 9})
    assert raised.json()["status"] == "running"


async def test_an_approval_can_be_withdrawn_until_the_quorum(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, carol: httpx2.AsyncClient, database: Database
) -> None:
    task_id, approval_id = await asked(alice, database, await for_approvers(A_CALL, bob, carol, quorum=2))
    assert (await decide(bob, task_id, approval_id, decision="approve")).json()["status"] == "pending"
    assert (await decide(bob, task_id, approval_id, decision="reject")).json()["status"] == "rejected"


async def test_a_repeated_call_keeps_changed_arguments(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id, approval_id = await asked(alice, database)
    changed = {"to": "c@example.com"}
    assert (await decide(alice, task_id, approval_id, decision="approve", arguments=changed)).status_code == 200
    async with database.begin() as session:
        await session.execute(text("UPDATE tool_calls SET status = 'started' WHERE run_id = :id"), {"id": task_id})
    outcome_id = await ask(database, task_id, AN_OUTCOME)
    again = await decide(alice, task_id, outcome_id, decision="again")
    assert again.json()["changed_arguments"] == changed


@pytest.mark.parametrize("named", [True, False], ids=["missing approvers", "the owner"])
async def test_an_escalation_adds_no_owner(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database, named: bool
) -> None:
    approvers = ("gone@example.com",) if named else ()
    terms = ApprovalTerms(approvers=approvers, escalate_after_s=60, escalate_to=(await email_of(bob),))
    task_id, approval_id = await asked(alice, database, replace(A_CALL, terms=terms))
    async with database.begin() as session:
        await session.execute(text("UPDATE approvals SET escalate_at = now() WHERE id = :id"), {"id": approval_id})
    place = ToolCallRequest(run_id=RunId(task_id), path=NodePath("work"), step=0, index=0)
    async with database.statements() as connection:
        known, _ = await approvals.request(connection, place, A_CALL)
        assert known is not None
        await approvals.look_again(connection, place, known)
    deciders = (await bob.get(f"/api/v1/approvals/{approval_id}")).json()["approvers"]
    assert set(deciders) == {await email_of(bob)} | (set() if named else {await email_of(alice)})
