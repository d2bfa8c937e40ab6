"""How an answer ended, where who reads it should know."""

CUT_AT_LIMIT = "cut at its limit"


def is_cut(told: object) -> bool:
    """Whether an answer, or what came of it, ends where its limit of tokens was. An older API doesn't say."""
    return getattr(told, "finish_reason", None) == "length"
