"""Results of the full-text search in chat sessions."""

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.chat_messages import MessageRole
from models.ids import ChatMessageId, ChatSessionId


class SnippetPart(Contract):
    """A part of a snippet."""

    text: str
    marked: bool = Field(description="Whether the text matches the search")


class SearchHit(Contract):
    """A message that was found."""

    session_id: ChatSessionId = Field(description="ID of the chat session")
    session_title: str = Field(description="Title of the chat session")
    message_id: ChatMessageId = Field(description="ID of the message")
    role: MessageRole
    snippet: tuple[SnippetPart, ...] = Field(
        description="The parts of the message that match, as plain text. Joined together, they are an excerpt."
    )
    created_at: UtcDatetime


class SearchPage(Contract):
    """A page of messages that were found, newest first."""

    items: tuple[SearchHit, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
