"""Plan: a node's goal is divided into subtasks, as JSON."""

from collections.abc import Iterable, Sequence

from activities.plans import plans_in
from activities.prompts.base import Prompt
from chimera.db.engine import Connection
from chimera.ledger import plans
from chimera.ledger.transcripts import CallContext
from models.agents import AgentSpec
from models.ids import NodePath, depth_of
from models.model_calls import ModelCallRequest
from models.plans import MAX_DEPTH, Plan

_PLAN_FORM = (
    '{"subtasks": [{"key": "report", "title": "…", "instruction": "…", "agent": "…", "depends_on": ["facts"],'
    ' "decompose": false}]}'
)
"""The form of a plan, for servers that ignore a schema. A model that only repeats it doesn't name a valid agent, and
gets an error.
"""


async def _user_message(connection: Connection, request: ModelCallRequest, context: CallContext, budget: int) -> str:
    room = await plans.room_for(connection, request.run_id, request.path)
    return plan_question(context, room.agents.values(), request.path, room.nodes_left)


def plan_question(context: CallContext, agents: Iterable[AgentSpec], path: NodePath, nodes_left: int) -> str:
    """Return the prompt that requests a plan for the goal, or for a subtask that is split further."""
    known = "\n".join(f"- {agent.name}: {agent.description}" for agent in agents)
    can_split = depth_of(path) + 1 < MAX_DEPTH and nodes_left > 1
    deeper = "false" if not can_split else "true only for a subtask that is too large for one agent"
    return (
        f"Goal:\n{context.instruction or context.goal}\n\nAgents:\n{known}\n\n"
        f"Plan at most {min(nodes_left, 12)} subtasks. Set decompose to {deeper}."
        " In depends_on, list the keys of the subtasks whose results a subtask needs."
        f" Answer only with JSON, in this form:\n{_PLAN_FORM}"
    )


def plan_correction(problems: Sequence[str]) -> str:
    """List the problems of a plan, for the only repair round."""
    return (
        "Your plan is invalid:\n" + "\n".join(f"- {p}" for p in problems) + "\nAnswer with the complete corrected plan."
    )


PROMPT = Prompt(user_message=_user_message, schema=Plan.model_json_schema(), plans_in=plans_in)
