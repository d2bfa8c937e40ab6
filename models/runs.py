"""Runs: the root of all that is done for an owner. What each kind has beside it is a noun of its own."""

from enum import StrEnum


class RunKind(StrEnum):
    """What a run is. The account, the events, the controls and the bill of every kind are the same."""

    TASK = "task"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    TRANSCRIPTIONS = "transcriptions"
