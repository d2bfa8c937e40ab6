"""Tool policies: the rules of the installation and of users, and what they say about a call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from pydantic import JsonValue
from pydantic_core import to_json
from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.tables import ToolPolicy, ToolRow, User
from chimera.egress.client import EgressClient
from chimera.ledger.turns import take_turn
from chimera.store import users
from chimera.tools.built_in import built_in, definitions_of
from chimera.tools.catalog import Catalog
from chimera.tools.policy import PolicyCall, Ruling, matches_user, rule, varies
from models.errors import InvalidInput, TooBusy
from models.ids import UserId
from models.policies import (
    ApprovalTerms,
    DecidedBy,
    Policy,
    PolicyRule,
    PolicyTest,
    PolicyTestView,
    PolicyView,
    ToolRuling,
    Verdict,
)
from models.tools import ToolDefinition, ToolKind
from models.users import Caller

_TURN_WAIT = timedelta(seconds=5)


class Stored(NamedTuple):
    """The rules that apply to a user's tasks, in their order."""

    installation: tuple[PolicyRule, ...]
    own: tuple[PolicyRule, ...]

    @property
    def all(self) -> tuple[PolicyRule, ...]:
        return (*self.installation, *self.own)

    def whose(self, place: int | None) -> tuple[DecidedBy, int | None]:
        """Return the list that a rule is in, and its position there; `place` is its position among all of them."""
        if place is None:
            return "default", None
        of_installation = len(self.installation)
        return ("installation", place) if place < of_installation else ("own", place - of_installation)


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


async def lock(session: AsyncSession, owner_id: UserId | None) -> None:
    """Lock the policy of a user, or of the installation, until the transaction ends, even if there is none yet."""
    try:
        await take_turn(session, f"policy {owner_id or 'of the installation'}", _TURN_WAIT)
    except TimeoutError as error:
        raise TooBusy("changes of these rules") from error


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
    judge = await judge_of(session, settings, caller.user_id)
    definition, known = await definition_of(session, settings, caller.user_id, wish.tool)
    ruling = judge.rule(definition, wish.agent, wish.arguments, after_untrusted=wish.after_untrusted)
    decided_by, place = judge.rules.whose(ruling.place)
    return PolicyTestView(
        verdict=ruling.verdict,
        reason=ruling.reason,
        decided_by=decided_by,
        rule=place,
        known=known,
        approval=ruling.terms if ruling.verdict is Verdict.ASK else None,
    )


@dataclass(frozen=True, slots=True)
class Judge:
    """Applies the rules for a user's tasks to calls that haven't been made."""

    rules: Stored
    email: str
    catalog: Catalog
    """The built-in tools, which know the destinations that are trusted."""

    def rule(
        self, definition: ToolDefinition, agent: str, arguments: Mapping[str, JsonValue], *, after_untrusted: bool
    ) -> Ruling:
        """Return the ruling on a call. Tools that aren't built in count as such without a trusted destination."""
        return rule(self.rules.all, self._call(definition, agent, arguments, after_untrusted))

    def outlook(self, definition: ToolDefinition, agent: str = "") -> ToolRuling:
        """Return the ruling on calls of an agent, or of any agent, whose arguments aren't known."""
        ruling = self.rule(definition, agent, {}, after_untrusted=False)
        decided_by, place = self.rules.whose(ruling.place)
        return ToolRuling(
            verdict=ruling.verdict,
            after_untrusted=self.rule(definition, agent, {}, after_untrusted=True).verdict,
            reason=ruling.reason,
            decided_by=decided_by,
            rule=place,
            varies=varies(self.rules.all, ruling, self._call(definition, agent, {}, False)),
        )

    def _call(
        self, definition: ToolDefinition, agent: str, arguments: Mapping[str, JsonValue], is_untrusted: bool
    ) -> PolicyCall:
        tool = self.catalog.tools.get(definition.name)
        is_trusted = tool is not None and self.catalog.is_trusted_destination(tool, to_json(arguments).decode())
        return PolicyCall(definition, arguments, agent, self.email, is_untrusted, is_trusted)


async def judge_of(session: AsyncSession, settings: Settings, owner_id: UserId) -> Judge:
    """Return what decides about calls of a user's agents."""
    return Judge(
        await stored(session, owner_id),
        await users.email_of(session, owner_id),
        Catalog(built_in(settings, EgressClient(settings))),
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
    """Return a rule whose e-mail addresses are written as in the table of users."""
    terms = rule.approval
    lowered = {
        "approvers": tuple(each.strip().lower() for each in terms.approvers),
        "escalate_to": tuple(each.strip().lower() for each in terms.escalate_to),
    }
    return rule.model_copy(update={"approval": terms.model_copy(update=lowered)})


async def _check_users(session: AsyncSession, rules: list[PolicyRule]) -> None:
    """Raise InvalidInput for the first address without an account, because no user could decide there."""
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
                        f"There is no active user {email!r}. Name the e-mail address of a user.",
                    )


def _people_in(terms: ApprovalTerms) -> Iterable[tuple[str, tuple[str, ...]]]:
    return ("approvers", terms.approvers), ("escalate_to", terms.escalate_to)


async def _shown(session: AsyncSession, caller: Caller, rules: tuple[PolicyRule, ...]) -> tuple[PolicyRule, ...]:
    if caller.role == "admin":
        return rules
    email = await users.email_of(session, caller.user_id)
    return tuple(each for each in rules if matches_user(each, email))
