"""Recognizes errors about a model that isn't in memory yet or doesn't fit. These errors concern only that model.

A model of many gigabytes takes minutes to load. In the meantime, some servers hold requests (Ollama, LM Studio,
llama-swap), and others reject them at once: llama.cpp and llamafile with 503 "Loading model", Hugging Face with "is
currently loading", and hosts that scale to zero with their own messages. Sources of the messages: the servers' users
(https://github.com/canonical/inference-snaps/issues/234, https://github.com/IceWhaleTech/ZimaOS/issues/466,
https://github.com/huggingface/transformers/issues/32665, https://github.com/ollama/ollama/issues/4131).
"""

import re

from chimera.providers.refusals.bodies import ErrorBody

_DOING = r"(?:loading|warming up|starting|booting|initiali[sz]ing|scaling up|downloading|pulling)"
_IS_LOADING = re.compile(
    # llama.cpp; Ollama's "llm server loading model"
    r"(?:\A|[:.;,(\"'] ?|\bstill |\bserver )loading (?:the |a )?(?:model|weights)\b"
    # Hugging Face, SGLang, gateways
    rf"|\b(?:is|are|still|currently)(?: now| still| currently| being){{0,2}} {_DOING}\b"
    r"|\bbeing (?:re)?(?:loaded|started|downloaded|pulled|initiali[sz]ed|deployed|warmed up)\b"
    r"|\b(?:model|server|deployment|endpoint|engine|backend|instance|replica|worker)s?(?: \S{1,100})?"
    r" (?:is |are )?not (?:yet )?ready\b"
    r"|模型.{0,20}加载中",
    re.IGNORECASE,
)
_CODES = re.compile(r"model_?(?:is_?)?loading|model_?not_?ready|scaling_?up|warming(?:_?up)?\b|cold_?start")
_CANNOT_LOAD = re.compile(
    r"\b(?:fail\w*|errors?|unable|could ?n[o']t|cannot|can't|timed out)\b(?: [\w'-]{1,40}){0,6}"
    r" (?:load|loading|loaded|start|pull|pulling)\b"
    r"|\b(?:load|loading|start-?up)\b.{0,80}\b(?:failed|aborted|timed out)\b|requires more (?:system |gpu )?memory"
    r"|\brunner (?:process )?has (?:terminated|unexpectedly stopped)",
    re.IGNORECASE,
)
_OTHERS = frozenset({400, 401, 402, 403, 404, 413, 422})
"""Statuses for a rejected request or key, whose messages may quote anything."""


def is_loading(error_body: ErrorBody, status: int | None) -> bool:
    """Return whether an error means that the model will be available later. Nothing was done or billed."""
    if status in _OTHERS or cannot_load(error_body.words):
        return False
    return bool(_CODES.search(error_body.codes) or _IS_LOADING.search(error_body.words))


def cannot_load(words: str) -> bool:
    """Return whether a server failed to load a model; its other models may still work."""
    return bool(_CANNOT_LOAD.search(words))
