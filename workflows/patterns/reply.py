"""The pattern of replies: turns of an agent or a model, after older messages were summarized if there is no room."""

from temporalio.exceptions import ActivityError

from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from workflows.failures import is_cancel
from workflows.node import Node
from workflows.patterns.single import take_turns

MAX_SUMMARIES = 10
"""How many summaries one reply makes at most. Each covers as many messages as one call can read."""


async def reply(node: Node) -> None:
    """Answer the conversation. Raises what `take_turns` raises."""

    async def call(request: ModelCallRequest) -> ModelCallOutcome:
        if request.step > 1:
            return await node.call(request)
        return await _first_call(node, request)

    await take_turns(node, call)


async def _first_call(node: Node, request: ModelCallRequest) -> ModelCallOutcome:
    """Make the first call, after the summaries that it needs. Without them, the conversation is cut in the middle."""
    for step in range(1, MAX_SUMMARIES + 1):
        outcome = await node.call(request.model_copy(update={"may_summarize": True}))
        if not outcome.needs_summary:
            return outcome
        if not await _summarized(node, step):
            break
    return await node.call(request)


async def _summarized(node: Node, step: int) -> bool:
    """Summarize the oldest messages; return whether that succeeded."""
    try:
        outcome = await node.call(node.request(Purpose.SUMMARY, step, node.place.agent))
    except ActivityError as error:
        if is_cancel(error) or node.is_stopping():
            raise
        return False
    return bool(outcome.text_preview)
