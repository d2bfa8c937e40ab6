"""The intent that the ledger records before a request is sent."""

from dataclasses import replace

from activities.calls.intents import intent_of
from activities.prompts import messages
from activities.prompts.assembly import PromptRequest
from chimera.config.settings import Settings
from chimera.pricing import price_of
from chimera.pricing.prices import PER
from tests.activities.prompts.test_assembly import CONTEXT
from tests.activities.test_replies import CHAT, INTENT


def test_a_call_reserves_the_price_of_cache_writes() -> None:
    model = "anthropic/claude-opus-4-5"
    chat = replace(CHAT, model="claude-opus-4-5", max_output_tokens=0)
    intent = intent_of(
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
