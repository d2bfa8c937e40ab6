"""Aggregate: the results of a node's subtasks become its answer."""

from collections.abc import Sequence

from activities.prompts.base import Prompt
from activities.prompts.results import read_results, sections_of
from chimera.db.engine import Connection
from chimera.ledger.transcripts import CallContext, Result
from models.model_calls import ModelCallRequest


async def _user_message(connection: Connection, request: ModelCallRequest, context: CallContext, budget: int) -> str:
    results = await read_results(connection, request.run_id, request.path, None, tokens=budget)
    return aggregate_question(context, results)


def aggregate_question(context: CallContext, results: Sequence[Result]) -> str:
    """Return the prompt that requests one answer from the subtasks' results."""
    goal = context.instruction or context.goal
    return f"Goal:\n{goal}\n\nResults of the subtasks:\n{sections_of(results)}\n\nWrite the answer."


PROMPT = Prompt(user_message=_user_message, begins_node=False)
