"""Tool policies: the rules of the installation and of users, and what they say about a call."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.tables import ToolPolicy, ToolRow, User
from chimera.store import users
from chimera.tools.built_in import definitions_of
from chimera.tools.policy import PolicyCall, matches_user, rule
from models.errors import InvalidInput
from models.ids import UserId
from models.policies import ApprovalTerms, Policy, PolicyRule, PolicyTest, PolicyTestView, PolicyView, Verdict
from models.tools import ToolDefinition, ToolKind
from models.users import Caller


class Stored(NamedTuple):
    """The rules that apply to a user's tasks, in their order."""

    installation: tuple[PolicyRule, ...]
    own: tuple[PolicyRule, ...]


async def stored(session: AsyncSession, owner_id: UserId) -> Stored:
    """Return the rules of the installation and of a user."""
    rows = await session.execute(
        select(ToolPolicy.owner_id, ToolPolicy.rules).where(
            or_(ToolPolicy.owner_id.is_(None), ToolPolicy.owner_id == owner_id)
        )
    )
    found = {row.owner_id: tuple(map(PolicyRule.model_validate, row.rules)) for row in rows}
    return Stored(found.get(None, ()), found.get(owner_id, ()))


async def view(session: AsyncSession, caller: Caller) -> PolicyView:
    """Return the rules for the caller's tasks. Rules for other users are left out, except for administrators."""
    rules = await stored(session, caller.user_id)
    return PolicyView(installation=await _shown(session, caller, rules.installation), own=rules.own)


async def replace(session: AsyncSession, owner_id: UserId | None, policy: Policy) -> None:
    """Replace the rules of a user, or of the installation if `owner_id` is None.

    They apply to every call that is decided from now on. Raises InvalidInput if the rules name unknown users.
    """
    rules = [_normal(each) for each in policy.rules]
    await _check_users(session, rules)
    values = {"owner_id": owner_id, "rules": [each.model_dump(mode="json") for each in rules]}
    statement = insert(ToolPolicy).values(values)
    change = {"rules": statement.excluded.rules, "updated_at": func.now()}
    if owner_id is None:
        # An index on an expression can only be named by the expression itself.
        is_installation = ToolPolicy.owner_id.is_(None)
        statement = statement.on_conflict_do_update(
            index_elements=[literal_column("(owner_id IS NULL)")], index_where=is_installation, set_=change
        )
    else:
        statement = statement.on_conflict_do_update(index_elements=[ToolPolicy.owner_id], set_=change)
    await session.execute(statement)


async def try_out(session: AsyncSession, settings: Settings, caller: Caller, wish: PolicyTest) -> PolicyTestView:
    """Return what the rules say about a call of one of the caller's agents."""
    rules = await stored(session, caller.user_id)
    definition, known = await definition_of(session, settings, caller.user_id, wish.tool)
    email = await users.email_of(session, caller.user_id)
    call = PolicyCall(definition, wish.arguments, wish.agent, email, wish.after_untrusted, is_trusted_destination=False)
    ruling = rule([*rules.installation, *rules.own], call)
    if definition.instant:
        # It runs with the answer that requests it, before any rule is read.
        return PolicyTestView(
            verdict=Verdict.ALLOW,
            reason="The tool has no effect and sends nothing, so it is always allowed.",
            decided_by="default",
            rule=None,
            known=known,
            approval=None,
        )
    of_installation = len(rules.installation)
    place = ruling.place
    is_own = place is not None and place >= of_installation
    shown = None if place is None else place - of_installation if is_own else place
    return PolicyTestView(
        verdict=ruling.verdict,
        reason=ruling.reason,
        decided_by="default" if place is None else "own" if is_own else "installation",
        rule=shown,
        known=known,
        approval=ruling.terms if ruling.verdict is Verdict.ASK else None,
    )


async def definition_of(
    session: AsyncSession, settings: Settings, owner_id: UserId, tool: str
) -> tuple[ToolDefinition, bool]:
    """Return a tool's definition, and whether it is known. An unknown tool counts as one with effects."""
    if (own := definitions_of(settings).get(tool)) is not None:
        return own, True
    rows = (
        select(ToolRow.definition)
        .where(ToolRow.name == tool, or_(ToolRow.owner_id.is_(None), ToolRow.owner_id == owner_id))
        .order_by(ToolRow.owner_id.nulls_first())
        .limit(1)
    )
    found = await session.scalar(rows)
    if found is not None:
        return ToolDefinition.model_validate(found), True
    return ToolDefinition(name=tool, description="", parameters={}, kind=ToolKind.ONCE), False


def _normal(rule: PolicyRule) -> PolicyRule:
    """Return a rule whose email addresses are written as in the table of users."""
    terms = rule.approval
    lowered = {
        "approvers": tuple(each.strip().lower() for each in terms.approvers),
        "escalate_to": tuple(each.strip().lower() for each in terms.escalate_to),
    }
    return rule.model_copy(update={"approval": terms.model_copy(update=lowered)})


async def _check_users(session: AsyncSession, rules: list[PolicyRule]) -> None:
    """Raise InvalidInput for the first address that no user has: nobody could decide there."""
    named = {email for each in rules for email in (*each.approval.approvers, *each.approval.escalate_to)}
    if not named:
        return
    known = set(await session.scalars(select(User.email).where(User.email.in_(named), User.disabled_at.is_(None))))
    for index, each in enumerate(rules):
        for field, emails in _people_in(each.approval):
            for place, email in enumerate(emails):
                if email not in known:
                    raise InvalidInput(
                        f"rules.{index}.approval.{field}.{place}",
                        f"There is no active user {email!r}. Name the email address of a user.",
                    )


def _people_in(terms: ApprovalTerms) -> Iterable[tuple[str, tuple[str, ...]]]:
    return ("approvers", terms.approvers), ("escalate_to", terms.escalate_to)


async def _shown(session: AsyncSession, caller: Caller, rules: tuple[PolicyRule, ...]) -> tuple[PolicyRule, ...]:
    if caller.role == "admin":
        return rules
    email = await users.email_of(session, caller.user_id)
    return tuple(each for each in rules if matches_user(each, email))
