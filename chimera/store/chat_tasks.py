"""Tasks that are started in chat sessions. The result of such a task is the text of a message of the assistant.

The message refers to the task's run, so the result is in the conversation as soon as the task has ended, whatever
happens to processes in between.
"""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content import chat_prompts
from chimera.content.text import clean_text, estimate_tokens
from chimera.db.tables import ChatMessage, ChatSession
from chimera.store import chat_messages, chat_notes, chat_replies, tasks
from chimera.store.chat_replies import Sending, Sent
from models.base import preview_of
from models.chat import TITLE_CHARS
from models.chat_messages import TaskMessageSpec
from models.ids import ChatMessageId, UserId
from models.tasks import SubtaskMode

CONTEXT_MESSAGES = 50


async def start(
    session: AsyncSession,
    chat: ChatSession,
    spec: TaskMessageSpec,
    sending: Sending,
    *,
    default_subtasks: SubtaskMode,
    refs: Mapping[str, str],
) -> Sent:
    """Start a task in a locked session, with the end of the active branch as context, and add its messages.

    `refs` are those of `tasks.create`.

    Raises IdempotencyKeyReused if another request has just used the key.
    """
    newest = await chat_messages.newest(session, chat, CONTEXT_MESSAGES)
    transcript = chat_prompts.transcript_of(chat_notes.entries_of(newest))
    title = spec.task.title or preview_of(spec.task.goal.splitlines()[0], tasks.TITLE_CHARS)
    task = spec.task.model_copy(update={"goal": chat_prompts.task_goal(spec.task.goal, transcript), "title": title})
    message = ChatMessage(
        session_id=chat.id,
        parent_id=chat.leaf_id,
        role="user",
        text=clean_text(spec.task.goal),
        attachments=[str(each) for each in spec.task.images],
        tokens=estimate_tokens(spec.task.goal),
    )
    session.add(message)
    await session.flush()
    if not chat.title:
        chat.title = preview_of(title, TITLE_CHARS)
    task_id, _ = await tasks.create(
        session,
        UserId(chat.owner_id),
        task,
        default_model=chat.model or sending.default_model,
        default_subtasks=default_subtasks,
        idempotency_key=sending.idempotency_key,
        fingerprint=sending.body_sha256,
        refs=refs,
    )
    message_id = ChatMessageId(message.id)
    answer_id = await chat_replies.append(session, chat, message_id, task_id)
    return Sent(message_id, answer_id, task_id)
