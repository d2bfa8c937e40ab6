"""The wires that the contract is tested with, one entry per provider."""

from tests.wires.anthropic.wire import Anthropic
from tests.wires.base import Wire
from tests.wires.chat_completions.wire import Chat
from tests.wires.google.wire import Google

WIRES: tuple[Wire, ...] = (
    Chat("openai", "gpt-5.6", "openai_base_url", "/v1", "max_completion_tokens"),
    Anthropic(),
    Google(),
    # Users' own servers number the calls in each answer anew, and vLLM's IDs are long.
    Chat(
        "local", "gemma", "local_base_url", "/v1", "max_tokens", ("call_0", f"chatcmpl-tool-{'0123abcd' * 4}", "call_0")
    ),
    Chat("simulator", "fast", "simulator_url", "", "max_tokens"),
)
