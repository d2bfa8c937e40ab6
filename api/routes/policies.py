"""Routes for tool policies: the rules of the installation, and each user's own."""

from fastapi import APIRouter

from api.deps import ClosedRoute, WithCaller, WithParts
from api.etags import ChecksTag, ShowsTag
from chimera.store import accounts, audit, policies
from models.audit import AuditAction
from models.errors import Forbidden
from models.policies import Policy, PolicyTest, PolicyTestView, PolicyView

router = APIRouter(prefix="/policy", tags=["policies"], route_class=ClosedRoute)


@router.get("", operation_id="get_policy")
async def get_policy(caller: WithCaller, parts: WithParts, tagged: ShowsTag) -> PolicyView:
    """Show the rules for your tasks, in their order: those of the installation, and your own.

    Calls that no rule applies to are allowed if they change nothing. Others have to be approved.
    """
    async with parts.database.begin() as session:
        view = await policies.view(session, caller)
    tagged.show(view)
    return view


@router.put("", operation_id="replace_policy")
async def replace_policy(policy: Policy, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> PolicyView:
    """Replace your own rules. They also apply to tasks that are running, from their next tool call."""
    async with parts.database.begin() as session:
        await policies.lock(session, caller.user_id)
        tagged.check(await policies.view(session, caller))
        await policies.replace(session, caller.user_id, policy)
        view = await policies.view(session, caller)
    tagged.show(view)
    return view


@router.get("/installation", operation_id="get_installation_policy")
async def get_installation_policy(caller: WithCaller, parts: WithParts, tagged: ShowsTag) -> Policy:
    """Show the rules of the installation. Only administrators see those for other users."""
    async with parts.database.begin() as session:
        rules = (await policies.view(session, caller)).installation
    tagged.show(rules)
    return Policy(rules=rules)


@router.put("/installation", operation_id="replace_installation_policy")
async def replace_installation_policy(
    policy: Policy, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> Policy:
    """Replace the rules of the installation, which come before those of users. Only for administrators."""
    if caller.role != "admin":
        raise Forbidden("Only administrators can change the rules of the installation. You can change your own rules.")
    async with parts.database.begin() as session:
        await policies.lock(session, None)
        await accounts.check_acting(session, caller)
        tagged.check((await policies.view(session, caller)).installation)
        await policies.replace(session, None, policy)
        await audit.record(session, AuditAction.POLICY_REPLACED, actor_id=caller.user_id, rules=len(policy.rules))
        rules = (await policies.view(session, caller)).installation
    tagged.show(rules)
    return Policy(rules=rules)


@router.post("/test", operation_id="test_policy")
async def test_policy(wish: PolicyTest, caller: WithCaller, parts: WithParts) -> PolicyTestView:
    """Try a tool call against the rules for your tasks, and show which rule decides. Nothing runs."""
    async with parts.database.begin() as session:
        return await policies.try_out(session, parts.settings, caller, wish)
