"""Prints the messages of a task's node: prompts, replies, tool calls and their results."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from cli.output.prose import print_answer
from cli.output.text import one_line, plain, versioned
from models.messages import MessageView


def print_messages(messages: Sequence[MessageView]) -> None:
    """Print the whole transcript of a node."""
    console = Console(highlight=False)
    for message in messages:
        console.print(Text(heading_of(message), style="bold"), soft_wrap=True)
        for label, words in parts_of(message):
            if label:
                console.print(Text(label, style="dim"))
            print_answer(plain(words).rstrip())
        print_answer("")


def heading_of(message: MessageView) -> str:
    """Return a line with a message's place and author: `── turn 2 · analyst (openai/gpt-5-mini)`."""
    if message.role == "tool":
        failed = " failed" if message.failed else ""
        who = f"{message.tool or 'a tool'}{failed}"
    elif message.role == "assistant":
        agent = versioned(message.agent or "the model", message.agent_version)
        who = f"{agent} ({message.model})" if message.model else agent
    else:
        who = "guidance" if message.guidance_id is not None else "prompt"
    return one_line(f"── {message.purpose} {message.step} · {who}", 300)


def parts_of(message: MessageView) -> Iterator[tuple[str, str]]:
    """Yield a message's parts (thoughts, text, requested tool calls), each with a label or an empty string."""
    if message.thought:
        yield "thought:", message.thought
    if message.content:
        yield ("answer:" if message.thought else ""), message.content
    for file_id in message.images:
        yield "", f"[image: file {file_id}]"
    for call in message.tool_calls:
        yield "", f"→ {call.name}({call.arguments})"
    if message.finish_reason not in (None, "stop", "tool_calls"):
        yield "", f"[ended: {message.finish_reason}]"
