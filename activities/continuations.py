"""Answers that were cut at their limit of tokens: the model is asked to go on, and the pieces are joined."""

from collections.abc import Sequence

from models.tasks import OnTruncated

MAX_CONTINUATIONS = 2
"""Of one answer. Each is a call of its own, with all that was written so far in its prompt."""

ASK = (
    "Your answer reached its token limit and was cut off. Continue exactly where it stopped, with the next character."
    " Do not repeat anything and do not mention the interruption."
)

_LEAST_OVERLAP, _MOST_OVERLAP = 12, 400


def are_wanted(policy: OnTruncated, pieces: Sequence[str]) -> bool:
    """Say whether the model is asked on, after so many pieces that were cut."""
    return policy is OnTruncated.CONTINUE and len(pieces) <= MAX_CONTINUATIONS


def joined(pieces: Sequence[str]) -> str:
    """Put an answer together. What a piece repeats of the end of the one before it, as models do, is left out."""
    answer = ""
    for piece in pieces:
        answer += piece[_overlap(answer, piece) :]
    return answer


def _overlap(answer: str, piece: str) -> int:
    for length in range(min(_MOST_OVERLAP, len(answer), len(piece)), _LEAST_OVERLAP - 1, -1):
        if answer.endswith(piece[:length]):
            return length
    return 0
