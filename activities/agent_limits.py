"""Limits of agents: whether the next turn of an agent is its last one, and whether a call may cost too much."""

import json
from collections.abc import Callable, Sequence

from chimera.db.engine import Connection
from chimera.ledger import agent_limits
from chimera.ledger.agent_limits import Progress, Turn
from models.agents import AgentLimits, AgentSpec
from models.base import usd
from models.errors import AgentLimitReached
from models.model_calls import ModelCallRequest, Purpose

MISTAKEN_TURNS = 3
"""Number of turns in a row whose calls were all mistaken, after which an agent has to answer."""


async def limit_reached(connection: Connection, request: ModelCallRequest, agent: AgentSpec) -> str | None:
    """Return which limit makes a call the agent's last turn, as a sentence for the model; None if none does.

    The first turns need no query, unless the agent limits its time or its tool calls.
    """
    limits = agent.limits
    if request.purpose is not Purpose.TURN:
        return None
    if limits.max_turns is not None and request.step >= limits.max_turns:
        return f"This is your last turn, because you may take at most {limits.max_turns}."
    turns = min(MISTAKEN_TURNS, limits.max_identical_calls)
    if limits.max_tool_calls is None and limits.max_seconds is None and request.step <= turns:
        return None
    looked_at = max(MISTAKEN_TURNS, limits.max_identical_calls)
    return reached_in(await agent_limits.read_progress(connection, request, turns=looked_at), limits)


def reached_in(progress: Progress, limits: AgentLimits) -> str | None:
    """Return which limit an agent has reached, as `limit_reached` does."""
    if limits.max_tool_calls is not None and progress.tool_calls >= limits.max_tool_calls:
        return f"This is your last turn, because you may make at most {limits.max_tool_calls} tool calls."
    if limits.max_seconds is not None and progress.seconds >= limits.max_seconds:
        return f"This is your last turn, because you may work for at most {limits.max_seconds} seconds."
    if _are_identical(progress.turns[: limits.max_identical_calls], limits.max_identical_calls):
        return f"This is your last turn, because you made the same tool calls {limits.max_identical_calls} times."
    if _all(progress.turns, MISTAKEN_TURNS, lambda turn: turn.mistaken):
        return f"This is your last turn, because all your tool calls were invalid {MISTAKEN_TURNS} times in a row."
    return None


def notice_of(reached: str) -> str:
    """Return the message that tells the model about its last turn."""
    return f"{reached} You can't call tools anymore. Answer now with what you have, and say what is missing."


async def check_cost(connection: Connection, request: ModelCallRequest, agent: AgentSpec, worst_micro_usd: int) -> None:
    """Raise AgentLimitReached if a call could make the node's own calls cost more than its agent may spend."""
    most = agent.limits.max_cost_micro_usd
    if most is None or request.purpose is not Purpose.TURN:
        return
    spent = await agent_limits.read_spent(connection, request)
    if spent + worst_micro_usd > most:
        raise AgentLimitReached(
            agent.name,
            f"may spend at most {usd(most)} per subtask (limits.max_cost_micro_usd). It has spent {usd(spent)}, and its"
            f" next call could cost {usd(worst_micro_usd)}.",
        )


def _are_identical(turns: Sequence[Turn], times: int) -> bool:
    if not turns or not turns[0].calls:
        return False
    first = _canonical(turns[0])
    return _all(turns, times, lambda turn: _canonical(turn) == first)


def _all(turns: Sequence[Turn], times: int, holds: Callable[[Turn], bool]) -> bool:
    """Return whether a condition holds for the latest `times` turns; not if there are fewer."""
    return len(turns) >= times and all(map(holds, turns[:times]))


def _canonical(turn: Turn) -> list[tuple[str, str]]:
    """Return a turn's calls in an order and a notation that mean the same."""
    return sorted((name, _same(arguments)) for name, arguments in turn.calls)


def _same(arguments: str) -> str:
    """Return JSON arguments without white space and with sorted names; anything else unchanged."""
    try:
        return json.dumps(json.loads(arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        return arguments
