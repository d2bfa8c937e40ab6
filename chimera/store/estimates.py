"""Estimates of tasks: from the owner's similar tasks or, if these are too few, from typical calls and prices."""

import asyncio
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.ledger import estimates
from chimera.ledger.estimates import Needed
from chimera.pricing.expected import Expected, NewTask, expected_of
from chimera.store import agents
from chimera.store.agents import BUILT_IN_VIEWS
from chimera.store.shared_agents import pinned, with_refs
from models.agents import AgentView
from models.estimates import MIN_SAMPLES, Spread, TaskEstimate
from models.ids import UserId
from models.shares import Right
from models.tasks import Budget, TaskSpec
from models.users import Caller


async def estimate(
    session: AsyncSession, owner_id: UserId, spec: TaskSpec, refs: Mapping[str, str], settings: Settings
) -> TaskEstimate:
    """Estimate a task that could be created; `refs` are those of `tasks.create`. Nothing is stored."""
    model = spec.model or settings.default_model
    plan = None if spec.plan is None else with_refs(spec.plan, refs)
    names = None if plan is None else await _names_in_run(session, owner_id, [each.agent for each in plan])
    needed = await estimates.similar(session, owner_id, model=model, agents=names)
    if needed.samples >= MIN_SAMPLES:
        return _from_similar(needed, spec.budget)
    known = await _agents_by_ref(session, owner_id, {each.agent for each in plan or ()})
    task = NewTask(spec.goal, model, plan, known, spec.limits, images=len(spec.images))
    expected = await asyncio.to_thread(expected_of, task, settings.own_prices)
    return _from_prices(expected, needed.samples, spec.budget)


async def _names_in_run(session: AsyncSession, owner_id: UserId, refs: list[str]) -> list[str]:
    used = await pinned(session, owner_id, refs)
    return [used.name_of(ref) for ref in refs]


async def _agents_by_ref(session: AsyncSession, owner_id: UserId, refs: set[str]) -> Mapping[str, AgentView]:
    if refs <= BUILT_IN_VIEWS.keys():
        return BUILT_IN_VIEWS
    own, caller = await agents.agents_of(session, owner_id), Caller(user_id=owner_id, role="user")
    return own | {ref: await agents.one(session, caller, ref, Right.USE) for ref in refs - own.keys()}


def _from_similar(needed: Needed, budget: Budget | None) -> TaskEstimate:
    assert needed.model_calls is not None
    assert needed.tokens is not None
    assert needed.cost_micro_usd is not None
    return TaskEstimate(
        based_on="similar_tasks",
        samples=needed.samples,
        model_calls=needed.model_calls,
        tokens=needed.tokens,
        cost_micro_usd=needed.cost_micro_usd,
        duration_ms=needed.duration_ms,
        within_budget=_fits(budget, needed.model_calls, needed.tokens, needed.cost_micro_usd),
        simulated=needed.simulated,
    )


def _from_prices(expected: Expected, samples: int, budget: Budget | None) -> TaskEstimate:
    return TaskEstimate(
        based_on="prices",
        samples=samples,
        model_calls=expected.model_calls,
        tokens=expected.tokens,
        cost_micro_usd=expected.cost_micro_usd,
        duration_ms=None,
        within_budget=_fits(budget, expected.model_calls, expected.tokens, expected.cost_micro_usd),
        simulated=any(model.startswith("simulator/") for model in expected.models),
    )


def _fits(budget: Budget | None, calls: Spread, tokens: Spread, cost: Spread) -> bool | None:
    if budget is None:
        return None
    limits = (
        (budget.max_model_calls, calls),
        (budget.max_tokens, tokens),
        (budget.max_cost_micro_usd, cost),
    )
    return all(limit is None or spread.p90 <= limit for limit, spread in limits)
