"""Chat sessions as Markdown or JSON, piece by piece, so that an export of any length takes little memory."""

from datetime import UTC, datetime

from pydantic_core import to_json

from models.chat import ChatSessionView
from models.chat_messages import ChatMessageView
from models.ids import ChatMessageId

_TIME = "%Y-%m-%d %H:%M UTC"


class MarkdownExport:
    """A heading per message, with its text as it is."""

    media_type, suffix = "text/markdown; charset=utf-8", "md"
    end = ""

    def __init__(self, session: ChatSessionView) -> None:
        self._session = session
        self._before: ChatMessageId | None = None
        self._numbers: dict[str, int] = {}

    def begin(self) -> str:
        by = self._session.agent or self._session.model
        lines = [f"# {_one_line(self._session.title) or 'Conversation'}", _written_at(self._session.created_at)]
        return "\n\n".join([*lines, *([f"With {by}"] if by else [])]) + "\n"

    def piece(self, message: ChatMessageView) -> str:
        number = self._numbers[message.id] = len(self._numbers) + 1
        parts = [
            f"\n## {number}. {self._speaker_of(message)}{self._branch_of(message)}",
            _written_at(message.created_at),
        ]
        self._before = message.id
        if message.text:
            parts.append(message.text)
        state = message.reply
        if state is not None and (not message.text or state.finish_reason == "interrupted"):
            parts.append(f"*({state.status})*")
        parts += [
            f"Attachment: {_one_line(each.name or f'a deleted file ({each.id})')}" for each in message.attachments
        ]
        return "\n\n".join(parts) + "\n"

    def _speaker_of(self, message: ChatMessageView) -> str:
        if message.role == "user":
            return "User"
        if message.task_id is not None:
            return f"Task {message.task_id}"
        return (message.reply and (message.reply.agent or message.reply.model)) or "Assistant"

    def _branch_of(self, message: ChatMessageView) -> str:
        """Name the message that this one follows, if that isn't the one before it."""
        if message.parent_id == self._before:
            return ""
        follows = self._numbers.get(message.parent_id) if message.parent_id else None
        return f" (follows {follows})" if follows else " (another beginning)"


class JsonExport:
    """One object with the session and its messages, including their costs."""

    media_type, suffix = "application/json", "json"
    end = "]}\n"

    def __init__(self, session: ChatSessionView) -> None:
        self._session = session
        self._is_first = True

    def begin(self) -> str:
        return f'{{"session":{to_json(self._session).decode()},"messages":['

    def piece(self, message: ChatMessageView) -> str:
        separator, self._is_first = "" if self._is_first else ",", False
        return f"{separator}\n{to_json(message).decode()}"


def _written_at(at: datetime) -> str:
    return f"*{at.astimezone(UTC).strftime(_TIME)}*"


def _one_line(text: str) -> str:
    return " ".join(text.split())
