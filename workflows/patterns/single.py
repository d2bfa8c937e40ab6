"""One agent: turns of a model call and the tools that it asks for, until it answers."""

from models.model_calls import Purpose
from workflows.answers import check_answered
from workflows.node import Node
from workflows.tools import run_tools


async def single(node: Node) -> None:
    """Have the agent work until it answers. Raises ApplicationError when the last turn that it may take brings none.

    On that turn no tool may be called: it has to answer.
    """
    agent, policy = node.place.agent, node.place.policy
    while True:
        step = node.state.step + 1
        request = node.request(Purpose.TURN, step, agent, last_turn=step >= policy.max_turns)
        outcome = await node.call(request)
        if not outcome.tool_calls and not outcome.goes_on:
            check_answered(policy, step, outcome)
            return
        await run_tools(node, step, outcome)
        node.keep(step=step)
        node.show(f"{step} turns, last: {', '.join(outcome.tool_calls) or 'guidance'}")
