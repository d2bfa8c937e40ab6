"""The agent whose prompt is assembled."""

from dataclasses import replace

from activities.prompts import assembly
from chimera.ledger.transcripts import CallContext
from models.tasks import OnTruncated
from tests.activities.test_replies import INTENT

CONTEXT = CallContext(
    "u", "running", False, "Go", "m", (), (), "Go", (), None, None, (), 0, OnTruncated.ACCEPT, None, 0, (), None
)


def test_a_task_lengthens_only_built_in_agents_answers() -> None:
    own = {"name": "poet", "prompt": "Rhyme.", "max_output_tokens": 100}
    context = replace(CONTEXT, max_output_tokens=9000, agent_spec=own)
    for name, longest in (("writer", 9000), ("planner", 9000), ("poet", 100)):
        request = INTENT.request.model_copy(update={"agent": name})
        assert assembly.agent_of(request, context).max_output_tokens == longest
    assert assembly.agent_of(INTENT.request.model_copy(update={"agent": "writer"}), CONTEXT).max_output_tokens == 2048
