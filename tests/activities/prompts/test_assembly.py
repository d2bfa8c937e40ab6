"""The intent that the ledger records before a request is sent."""

from dataclasses import replace

from activities.prompts import assembly, messages
from activities.prompts.assembly import PromptRequest
from chimera.config.settings import Settings
from chimera.ledger.transcripts import CallContext
from chimera.pricing import price_of
from chimera.pricing.prices import PER
from models.tasks import OnTruncated
from tests.activities.test_replies import CHAT, INTENT

CONTEXT = CallContext(
    "u", "running", False, "Go", "m", (), (), "Go", (), None, None, (), 0, OnTruncated.ACCEPT, None, 0, (), None
)


def test_a_call_reserves_the_price_of_cache_writes() -> None:
    model = "anthropic/claude-opus-4-5"
    chat = replace(CHAT, model="claude-opus-4-5", max_output_tokens=0)
    intent = assembly.intent_of(
        INTENT.request,
        PromptRequest(chat, ()),
        context=CONTEXT,
        model=model,
        fell_back=None,
        simulated=False,
        worker="w",
        settings=Settings(),
    )
    (rate,) = price_of(model).rates
    assert rate.cache_write is not None
    asked = messages.input_tokens_of(chat)
    assert intent.reserve_micro_usd == -(-asked * rate.cache_write // PER)
    assert intent.reserve_tokens == asked


def test_a_task_lengthens_only_built_in_agents_answers() -> None:
    own = {"name": "poet", "prompt": "Rhyme.", "max_output_tokens": 100}
    context = replace(CONTEXT, max_output_tokens=9000, agent_spec=own)
    for name, longest in (("writer", 9000), ("planner", 9000), ("poet", 100)):
        request = INTENT.request.model_copy(update={"agent": name})
        assert assembly.agent_of(request, context).max_output_tokens == longest
    assert assembly.agent_of(INTENT.request.model_copy(update={"agent": "writer"}), CONTEXT).max_output_tokens == 2048
