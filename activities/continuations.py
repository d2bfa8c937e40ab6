"""Answers that reached their token limit: the model is asked to continue, and the pieces are joined."""

from collections.abc import Sequence

from models.tasks import OnTruncated

MAX_CONTINUATIONS = 2
"""Maximum number of continuations of one answer. Each is a separate call, whose prompt contains all earlier pieces."""

ASK = (
    "Your answer reached its token limit and was cut off. Continue exactly where it stopped, with the next character."
    " Do not repeat anything and do not mention the interruption."
)

_LEAST_OVERLAP, _MOST_OVERLAP = 12, 400


def are_wanted(policy: OnTruncated, pieces: Sequence[str]) -> bool:
    """Return whether the model is asked to continue, after these truncated pieces."""
    return policy is OnTruncated.CONTINUE and len(pieces) <= MAX_CONTINUATIONS


def joined(pieces: Sequence[str]) -> str:
    """Join the pieces of an answer. Models repeat the end of the previous piece; these repetitions are dropped."""
    answer = ""
    for piece in pieces:
        answer += piece[_overlap(answer, piece) :]
    return answer


def _overlap(answer: str, piece: str) -> int:
    for length in range(min(_MOST_OVERLAP, len(answer), len(piece)), _LEAST_OVERLAP - 1, -1):
        if answer.endswith(piece[:length]):
            return length
    return 0
