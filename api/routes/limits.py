"""Routes for spending limits: one's own, and those that administrators set for users."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from api.deps import ClosedRoute, Parts, WithCaller, WithParts
from api.etags import ChecksTag, ShowsVersion
from chimera.db.engine import READ_SECONDS
from chimera.ledger import spending
from chimera.ledger.spending import SpendingRules, Used
from chimera.store import accounts, audit, limits, user_limits
from models.audit import AuditAction
from models.ids import UserId
from models.limits import LimitsView, SpendingLimit, SpentView, UserLimits
from models.users import Caller

router = APIRouter(tags=["usage"], route_class=ClosedRoute)


async def _user_id(user_id: Annotated[UUID, Path(description="ID of the user")]) -> UserId:
    return UserId(str(user_id))


WithUser = Annotated[UserId, Depends(_user_id)]


@router.get("/usage/limits", operation_id="get_limits", summary="Get Your Spending Limits")
async def get_limits(caller: WithCaller, parts: WithParts) -> LimitsView:
    """Return your spending limits, what you have spent, and how much you have of what is limited otherwise.

    For each spending limit, the response contains what counts toward it at the moment and when its period ends.
    """
    return await _view(parts, caller, caller.user_id)


@router.get("/users/{user_id}/limits", operation_id="get_user_limits", summary="Get a User's Spending Limits")
async def get_user_limits(user_id: WithUser, caller: WithCaller, parts: WithParts, tagged: ShowsVersion) -> LimitsView:
    """Return a user's spending limits, with what counts toward them at the moment. For administrators only."""
    view = await _view(parts, caller, user_id)
    tagged.show(view.own)
    return view


@router.put("/users/{user_id}/limits", operation_id="set_user_limits", summary="Set a User's Spending Limits")
async def set_user_limits(
    user_id: WithUser, own: UserLimits, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> LimitsView:
    """Replace a user's own spending limits. For administrators only.

    They apply from the next model call. Tasks that wait for a limit continue within seconds if it was raised.
    """
    async with parts.database.begin() as session:
        await accounts.check_acting(session, caller)
        before = await limits.set_own(session, user_id, own)
        tagged.check(before)
        await audit.record(
            session,
            AuditAction.LIMITS_CHANGED,
            actor_id=caller.user_id,
            subject_id=user_id,
            before=before.model_dump(),
            after=own.model_dump(),
        )
    tagged.show(own)
    return await _view(parts, caller, user_id)


async def _view(parts: Parts, caller: Caller, user_id: UserId) -> LimitsView:
    rules = SpendingRules.of(parts.settings)
    async with parts.database.begin() as session:
        own = await limits.own_of(session, user_id)
        holdings = await user_limits.holdings_of(session, user_id, parts.settings)
    every = rules.for_user(own.max_cost_day_micro_usd, own.max_cost_month_micro_usd)
    # What all users have spent isn't each user's business.
    shown = {limit: most for limit, most in every.items() if limit.scope == "user" or caller.role == "admin"}
    async with parts.database.statements(READ_SECONDS) as connection:
        used = await spending.used_of(connection, user_id, _PERIODS | shown, rules.time_zone)
    return LimitsView(
        time_zone=rules.time_zone,
        limits=spending.views_of(shown, used),
        own=own,
        day=_spent(used[SpendingLimit.USER_DAY]),
        month=_spent(used[SpendingLimit.USER_MONTH]),
        holdings=holdings,
    )


_PERIODS = {SpendingLimit.USER_DAY: 0, SpendingLimit.USER_MONTH: 0}
"""What a user has spent in these periods is shown even without a limit."""


def _spent(used: Used) -> SpentView:
    return SpentView(
        spent_micro_usd=used.spent,
        in_doubt_micro_usd=used.in_doubt,
        reserved_micro_usd=used.reserved,
        begins_at=used.begins_at,
        ends_at=used.ends_at,
    )
