"""Turn: an agent works on its instruction, with tools."""

from collections.abc import Sequence

from activities.prompts.base import Prompt
from activities.prompts.results import read_results, sections_of
from chimera.db.engine import Connection
from chimera.ledger.transcripts import CallContext, Result
from chimera.providers.base import ToolRequest
from models.ids import NodePath
from models.model_calls import ModelCallRequest


async def _user_message(connection: Connection, request: ModelCallRequest, context: CallContext, budget: int) -> str:
    if not context.depends_on:
        return turn_question(context, ())
    parent = NodePath(request.path.rpartition("/")[0])
    results = await read_results(connection, request.run_id, parent, context.depends_on, tokens=budget)
    return turn_question(context, results)


def _is_answer(request: ModelCallRequest, text: str, calls: Sequence[ToolRequest]) -> bool:
    """Return whether a reply counts as an answer. On the last turn, an empty reply doesn't."""
    return not calls and bool(text or not request.last_turn)


def turn_question(context: CallContext, results: Sequence[Result]) -> str:
    """Return the prompt with an agent's instruction and the results that it builds on."""
    user_message = f"Task:\n{context.instruction or context.goal}"
    return f"{user_message}\n\nResults you build on:\n{sections_of(results)}" if results else user_message


PROMPT = Prompt(user_message=_user_message, is_answer=_is_answer, offers_tools=True)
