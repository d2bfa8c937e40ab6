"""Rights that are withdrawn while a call waits for its approval, which comes nevertheless."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from benchmarks.security.accounts import rows, user_id
from benchmarks.security.finding import API, Seen
from benchmarks.security.hijacked.world import MAIL, MONEY, World, call, directed, step
from tests.faults.lab import until

WAIT_S = 60.0


async def withdrawals(world: World, admin: Any, seen: Seen) -> None:
    """Withdraw each right. `admin` is the client of an administrator."""
    for name, withdraw in _WITHDRAWALS.items():
        await _withdrawn(world, admin, seen, name, withdraw)


async def approve_all(world: World, task_id: str) -> None:
    """Approve what waits, as the owner would, or as a decision that came before would have."""
    for each in await world.pending(task_id):
        await world.owner.post(f"{API}/tasks/{task_id}/approvals/{each['id']}", json={"decision": "approve"})
        change = "UPDATE approvals SET status = 'approved', decided_at = now() WHERE id = :id AND status = 'pending'"
        await rows(world.stack, change, id=each["id"])


async def put_rules(client: Any, path: str, *rules: dict[str, Any]) -> None:
    """Replace the rules at one of the addresses of policies."""
    (await client.put(f"{API}/{path}", json={"rules": list(rules)})).raise_for_status()


async def _withdrawn(world: World, admin: Any, seen: Seen, name: str, withdraw: "Withdraw") -> None:
    """Let a call wait for its approval, withdraw a right, and approve the call."""
    tool, arguments = ("office__send_mail", MAIL) if "server" in name or "definition" in name else ("transfer", MONEY)
    task_id = await world.start(step(directed(call(tool, **arguments))))
    await world.settled(task_id)
    seen.expect(len(await world.pending(task_id)) == 1, f"{name}: nobody was asked")
    restore = await withdraw(world, admin)
    try:
        await approve_all(world, task_id)
        await until(lambda: _is_quiet(world, task_id), WAIT_S)
        seen.expect(tool not in await world.ran(task_id), f"{name}: the call ran")
    finally:
        await restore()


async def _is_quiet(world: World, task_id: str) -> bool:
    """Return whether a task has ended, or has asked again. It may also have been stopped."""
    query = "SELECT status, approvals_pending FROM runs WHERE id = :id"
    row = (await rows(world.stack, query, id=task_id))[0]
    return row["status"] in ("completed", "failed", "cancelled", "cancelling") or bool(await world.pending(task_id))


Restore = Callable[[], Awaitable[Any]]
Withdraw = Callable[[World, Any], Awaitable[Restore]]


async def _own_denial(world: World, admin: Any) -> Restore:
    await put_rules(world.owner, "policy", {"tool": "*", "verdict": "deny"})
    return lambda: put_rules(world.owner, "policy")


async def _installation_denial(world: World, admin: Any) -> Restore:
    await put_rules(admin, "policy/installation", {"tool": "transfer", "verdict": "deny"})
    return lambda: put_rules(admin, "policy/installation")


async def _denied_arguments(world: World, admin: Any) -> Restore:
    await put_rules(world.owner, "policy", {"tool": "transfer", "arguments": {"to": "eve"}, "verdict": "deny"})
    return lambda: put_rules(world.owner, "policy")


async def _server_removed(world: World, admin: Any) -> Restore:
    return await _with_status(world, "office__send_mail", "gone")


async def _definition_changed(world: World, admin: Any) -> Restore:
    return await _with_status(world, "office__send_mail", "changed")


async def _definition_accepted(world: World, admin: Any) -> Restore:
    """Accept another definition while the old one waits: the approval was for the old one."""
    query = "SELECT definition::text AS old FROM tools WHERE name = 'office__send_mail'"
    old = (await rows(world.stack, query))[0]["old"]
    change = "UPDATE tools SET definition = CAST(:value AS jsonb) WHERE name = 'office__send_mail'"
    described = 'UPDATE tools SET definition = definition || \'{"description": "Send a mail to everybody."}\'::jsonb'
    await rows(world.stack, f"{described} WHERE name = 'office__send_mail'")
    return lambda: rows(world.stack, change, value=old)


async def _owner_disabled(world: World, admin: Any) -> Restore:
    owner = await user_id(world.owner)
    await rows(world.stack, "UPDATE users SET disabled_at = now() WHERE id = :id", id=owner)
    return lambda: rows(world.stack, "UPDATE users SET disabled_at = NULL WHERE id = :id", id=owner)


_WITHDRAWALS: Mapping[str, Withdraw] = {
    "the owner denies the tool": _own_denial,
    "an administrator denies the tool": _installation_denial,
    "the owner denies the arguments": _denied_arguments,
    "the server is removed": _server_removed,
    "the definition changes": _definition_changed,
    "another definition is accepted": _definition_accepted,
    "the owner is disabled": _owner_disabled,
}


async def _with_status(world: World, tool: str, status: str) -> Restore:
    change = "UPDATE tools SET status = :status WHERE name = :tool"
    await rows(world.stack, change, tool=tool, status=status)
    return lambda: rows(world.stack, change, tool=tool, status="active")
