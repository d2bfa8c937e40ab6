"""The names that clients send as `model`: agents and models share them."""

import re
from collections import Counter
from typing import NamedTuple

from api.deps import Parts
from chimera.config.vendors import VENDORS
from chimera.store import agents
from models.agents import NOT_OFFERED, AgentView
from models.base import AGENT as AGENT_REF
from models.base import MODEL_REF
from models.errors import AmbiguousAgent, AmbiguousModel, Forbidden, InactiveAgent, ModelNotFound, NotFound
from models.openai.models import ModelObject
from models.shares import Right
from models.users import Caller

AGENT = "agent"
"""The owner of agents, and the prefix of their full names: `agent/researcher`."""
_AGENT, _MODEL_REF = re.compile(AGENT_REF), re.compile(MODEL_REF)


class Named(NamedTuple):
    """What a name stands for: an agent or else a model, as `provider/model`."""

    agent: AgentView | None
    model: str | None


async def named(parts: Parts, caller: Caller, name: str) -> Named:
    """Find the agent or model with a name; an agent comes before a model whose provider is omitted.

    Agents of others are found by ID or by full name. A name alone never means one: otherwise, any member of a group
    could share an agent that has the name of a model.

    Raises ModelNotFound, InactiveAgent, AmbiguousAgent, AmbiguousModel, Forbidden for an agent that is shared only for
    reading, or the reason why the model can't be called.
    """
    prefix, _, rest = name.partition("/")
    if prefix == AGENT or not rest:
        agent = await _agent(parts, caller, rest or name, named=bool(rest))
        if agent is not None:
            return Named(agent, None)
        if rest:
            raise ModelNotFound(name)
    return Named(None, await _model(parts, name))


async def listed(parts: Parts, caller: Caller) -> tuple[ModelObject, ...]:
    """List the caller's active agents and those of others, then all usable models, each by its shortest unambiguous
    full name.
    """
    async with parts.database.begin() as session:
        known = await agents.agents_of(session, caller.user_id)
        shared = await agents.shared_with_caller(session, caller, Right.USE)
    own = [_of_agent(agent, agent.name) for agent in known.values() if _is_offered(agent)]
    times = Counter([*known, *(agent.name for agent in shared)])
    others = [
        _of_agent(agent, f"{AGENT}/{agent.name if times[agent.name] == 1 else agent.id}")
        for agent in shared
        if agent.active
    ]
    models = (await parts.available.models()).models
    return (*own, *others, *[_of_model(each.model, each.context_tokens) for each in models if each.usable])


async def one(parts: Parts, caller: Caller, name: str) -> ModelObject:
    """Show the agent or model with a name, under that name. Raises the errors of `named`."""
    found = await named(parts, caller, name)
    if found.agent is not None:
        return _of_agent(found.agent, name)
    shown = _of_model(found.model or name)
    return shown.model_copy(update={"id": name})


async def _agent(parts: Parts, caller: Caller, ref: str, *, named: bool) -> AgentView | None:
    if not _AGENT.fullmatch(ref) or ref in NOT_OFFERED:
        return None
    user = Caller(user_id=caller.user_id, role="user")
    try:
        async with parts.database.begin() as session:
            agent = await agents.one(session, user, ref, Right.USE, named=named)
    except NotFound:
        return None
    except (AmbiguousAgent, Forbidden) as error:
        error.field = "model"
        raise
    if not agent.active:
        raise InactiveAgent(ref, field="model")
    return agent


async def _model(parts: Parts, name: str) -> str:
    """Return the full name of a model that can be called."""
    ref = name
    if name.partition("/")[0] not in VENDORS or "/" not in name:
        refs = await parts.available.refs_of(name)
        if len(refs) > 1:
            raise AmbiguousModel(name, refs)
        if not refs:
            raise ModelNotFound(name)
        ref = refs[0]
    if not _MODEL_REF.fullmatch(ref):
        raise ModelNotFound(name)
    await parts.models.check(ref)
    return ref


def _is_offered(agent: AgentView) -> bool:
    return agent.active and agent.name not in NOT_OFFERED


def _of_agent(agent: AgentView, name: str) -> ModelObject:
    return ModelObject(id=name, owned_by=AGENT, description=agent.description or None)


def _of_model(ref: str, context_tokens: int | None = None) -> ModelObject:
    provider = ref.partition("/")[0]
    return ModelObject(id=ref, owned_by=provider, context_window=context_tokens, simulated=provider == "simulator")
