"""What Chimera writes about a conversation on request: a summary, and suggestions for the next message."""

from pydantic import Field

from models.base import Contract
from models.ids import ChatMessageId, RunId
from models.runs import RunStatus

SUGGESTIONS = 3


class NoteState(Contract):
    """The state of the run that writes a note."""

    id: RunId = Field(description="ID of the reply that writes it")
    status: RunStatus
    leaf_id: ChatMessageId = Field(description="ID of the last message that it is about")
    simulated: bool = Field(description="`true` if the built-in simulator answered")
    cost_micro_usd: int = Field(description="Cost so far, in millionths of a US dollar")
    error_code: str | None = None
    error: str | None = None


class SummaryView(NoteState):
    """A summary of a conversation."""

    text: str | None = Field(description="The summary. `null` until it is ready.")


class SuggestionsView(NoteState):
    """Suggestions for the user's next message."""

    suggestions: tuple[str, ...] = Field(description="Three suggested messages. Empty until they are ready.")
