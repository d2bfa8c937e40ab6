"""Summary: older messages of a chat session are summarized, so that the conversation fits into the model's window.

`conversation.py` finds the messages, and `assembly.py` asks for the summary.
"""

from activities.prompts.base import Prompt

SYSTEM = (
    "You summarize conversations. Your summary takes the place of the messages, so keep what later answers may need:"
    " facts, names, numbers, decisions, wishes and open questions, each as it was said last. Write plain sentences, and"
    " nothing about the task of summarizing."
)
MAX_TOKENS = 1024
"""The longest summary."""
ASK = "Summarize this conversation in at most {words} words."


def question(conversation: str, tokens: int) -> str:
    """Return the prompt that asks for a summary of at most about `tokens` tokens."""
    return f"{ASK.format(words=tokens // 2)}\n\n{conversation}"


PROMPT = Prompt(user_message=None, begins_node=False)
