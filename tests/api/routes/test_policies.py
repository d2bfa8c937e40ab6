"""Tool policies through the API."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.deps import Parts
from tests.api.conftest import SignUp, administrator

ASK = {"tool": "github__*", "verdict": "ask"}


async def test_rules_are_stored_and_shown(alice: httpx2.AsyncClient) -> None:
    assert (await alice.get("/api/v1/policy")).json() == {"installation": [], "own": []}
    stored = await alice.put("/api/v1/policy", json={"rules": [ASK]})
    assert stored.status_code == 200, stored.text
    assert [rule["tool"] for rule in (await alice.get("/api/v1/policy")).json()["own"]] == ["github__*"]
    assert (await alice.put("/api/v1/policy", json={"rules": []})).json()["own"] == []


async def test_approvers_must_be_users(alice: httpx2.AsyncClient) -> None:
    email = (await alice.get("/api/v1/auth/me")).json()["email"]
    unknown = {"verdict": "ask", "approval": {"approvers": [email, "nobody@example.com"]}}
    refused = await alice.put("/api/v1/policy", json={"rules": [ASK, unknown]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "rules.1.approval.approvers.1"
    known = {"verdict": "ask", "approval": {"approvers": [email.upper()]}}
    stored = await alice.put("/api/v1/policy", json={"rules": [known]})
    assert stored.json()["own"][0]["approval"]["approvers"] == [email]
    await alice.put("/api/v1/policy", json={"rules": []})


async def test_the_installation_is_for_administrators(app: FastAPI, sign_up: SignUp, alice: httpx2.AsyncClient) -> None:
    parts: Parts = app.state.parts
    admin = await administrator(sign_up, parts.database)
    email = (await admin.get("/api/v1/auth/me")).json()["email"]
    rules: list[dict[str, Any]] = [{"tool": "shell", "verdict": "deny"}, {**ASK, "user": email}]
    assert (await alice.put("/api/v1/policy/installation", json={"rules": rules})).status_code == 403
    for _ in range(2):
        assert len((await admin.put("/api/v1/policy/installation", json={"rules": rules})).json()["rules"]) == 2
    # A rule for another user is hidden.
    assert [rule["tool"] for rule in (await alice.get("/api/v1/policy")).json()["installation"]] == ["shell"]
    assert len((await alice.get("/api/v1/policy/installation")).json()["rules"]) == 1
    tried = (await alice.post("/api/v1/policy/test", json={"tool": "shell"})).json()
    assert (tried["verdict"], tried["decided_by"], tried["rule"]) == ("deny", "installation", 0)
    await admin.put("/api/v1/policy/installation", json={"rules": []})


@pytest.mark.parametrize(
    ("call", "verdict", "decided_by"),
    [
        ({"tool": "calculator"}, "allow", "default"),
        ({"tool": "unknown"}, "ask", "default"),
        ({"tool": "github__close", "arguments": {"n": 1}}, "deny", "own"),
        ({"tool": "github__close", "arguments": {"n": 2}}, "ask", "own"),
    ],
)
async def test_a_call_is_tried_against_rules(
    alice: httpx2.AsyncClient, call: dict[str, Any], verdict: str, decided_by: str
) -> None:
    rules = [{"tool": "github__close", "arguments": {"n": "1"}, "verdict": "deny"}, ASK]
    await alice.put("/api/v1/policy", json={"rules": rules})
    tried = (await alice.post("/api/v1/policy/test", json=call)).json()
    assert (tried["verdict"], tried["decided_by"]) == (verdict, decided_by)
    assert (tried["approval"] is not None) == (verdict == "ask")
