"""Recognizes errors about conversations that exceed a model's window. Each server has its own text; few have a code.

The texts come from the servers, as their users report them (https://github.com/earendil-works/pi/issues/129 has a
list). A request whose error isn't recognized here is made once, and fails as a bad request.
"""

import re

from chimera.providers.refusals.bodies import ErrorBody

_SIZE = r"(length|window|size|limit)"
_SURE = (
    # vLLM, llama.cpp, SGLang, Mistral, Ollama, LM Studio, Anthropic, MiniMax, OpenRouter
    rf"context[ _-]?{_SIZE}?\b.{{0,60}}(exceed|overflow|is full|too small)",
    rf"(exceed|(longer|larger|greater) than|beyond|too large for|fit|no room|overflow).{{0,80}}context[ _-]?{_SIZE}",
    rf"maximum context|context[ _-]?{_SIZE} (is|of) (only )?\d",
    r"context shift is disabled",
    r"trying to keep the first \d+ tokens|tokens to keep from the initial prompt",
    # Bedrock, Anthropic, GitHub Models, OpenAI, many
    (
        r"\b(prompt|input|request|conversation|messages?|context|question)( text| body| tokens?| length| size)?"
        r" (is |are |was )?too (long|large|big)\b"
    ),
    r"too many (input |prompt |total )?tokens",
    # Zhipu, Gemini, Cohere, Poolside, Copilot, tabbyAPI, vLLM
    (
        r"(exceed\w*|(longer|greater) than).{0,60}max(imum)?[ _](allowed )?(number of )?"
        r"((input|prompt|sequence|seq|model|context|total)[ _])?(length|len|tokens?)\b"
    ),
    r"exceed\w* the model'?s max|exceed\w*.{0,40}\btoken limit|token limit.{0,20}exceed",
    r"\b(prompt|input)( token)?s? ?(length|count)?\b.{0,60}(exceed|(longer|greater|larger) than)",
    r"total number of tokens.{0,40}cannot exceed|contains (at least )?\d+ (input )?tokens.{0,60}(limit|max)",
    # TGI, Together, xAI, Qwen, older vLLM
    r"\binputs?\b.{0,60}must (have|be) (less|fewer|at most|under|<)",
    r"max(imum)? (prompt|input|sequence|model) length|max_(input_length|model_len)\b",
    r"max(imum)? number of input tokens|number of (input |prompt )?tokens exceed",
    r"input token count is \d+.{0,40}(support|limit|max)|request payload size exceeds",
    r"(total )?length of (the )?messages exceed|messages? exceeds? the (token|context)|n_ctx.{0,20}(overflow|exceed)",
    r"message you submitted was too long",
    r"range of input length should be",
    r"max_tokens must be at least 1, got -",
    # Groq, Cerebras, OpenAI
    r"(reduce|decrease|shorten) (the |your )?(length|prompt|input|messages?)|tokens must be reduced",
    r"messages.{0,60}string too long",
    r"超长|(上下文|输入|提示|tokens?).{0,20}(过长|超出|超过|超限)",
)
_IS_SURE = re.compile("|".join(_SURE), re.IGNORECASE | re.DOTALL)
_LIKELY = re.compile(r"context[ _](length|window|size|limit)", re.IGNORECASE)
"""In a rejected request, this always means its length; in a server's failure, it may mean the server's memory."""

_CODES = re.compile(
    r"context_?(length|window|size)|(prompt|input|context)_too_(long|large)|request_too_large|tokens_limit_reached"
    r"|contextwindowexceeded"
)
_NEVER_FITS = re.compile(r"request too large|tokens must be reduced|reduce the length", re.IGNORECASE)
"""A request that alone exceeds the limit per minute, so that waiting is useless."""

_OTHERS = re.compile(
    r"\b(name|description|id|identifier|metadata|key|stop|schema|temperature)s?\b[^.]{0,60}"
    r"(exceed|too long|longer than|must be)|please wait|rate limit|per (minute|second|hour|day)",
    re.IGNORECASE,
)
"""Similar texts with another meaning: another field, or a rate limit."""


def is_too_long(error_body: ErrorBody, status: int | None) -> bool:
    """Return whether a refusal, or an error in an answer, is about the length of the conversation."""
    if status in (401, 402, 403, 404):
        return False
    if status == 429:
        return bool(_NEVER_FITS.search(error_body.words))
    if status == 413 or _CODES.search(error_body.codes):
        return True
    if _OTHERS.search(error_body.words):
        return False
    return bool(_IS_SURE.search(error_body.words) or (status in (None, 400, 422) and _LIKELY.search(error_body.words)))
