"""The pattern of single agents: turns of a model call and the tools that it requests, until the agent answers."""

from collections.abc import Awaitable, Callable

from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from workflows.answers import SpareAnswers, check_answered
from workflows.node import Node
from workflows.tools import run_tools

Call = Callable[[ModelCallRequest], Awaitable[ModelCallOutcome]]
"""Makes the model call of a turn."""


async def single(node: Node) -> None:
    """Run the agent until it answers; see `take_turns`."""
    await take_turns(node, node.call)


async def take_turns(node: Node, call: Call) -> None:
    """Run the agent until it answers. Raises ApplicationError if its last permitted turn returns no answer, or if the
    answer doesn't match its JSON Schema even after repairs.

    On that turn, it can't call tools, so it has to answer. A limit of the agent itself is known only to the activity:
    its outcome tells that this was the last turn.
    """
    agent, policy = node.place.agent, node.place.policy
    spare = SpareAnswers(node.place)
    while True:
        step = node.state.step + 1
        request = node.request(Purpose.TURN, step, agent, last_turn=step >= policy.max_turns)
        outcome = await call(request)
        if not outcome.tool_calls and not outcome.goes_on and not spare.ask_again(outcome):
            check_answered(node.place, step, outcome)
            return
        await run_tools(node, step, outcome)
        node.keep(step=step)
        node.show(f"{step} turns, last: {', '.join(outcome.tool_calls) or 'another answer'}")
