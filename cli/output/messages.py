"""Show what was said at a node of a task: prompts, replies, tool calls and what came of them."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from cli.http.client import Client
from cli.http.connect import connected
from cli.http.ids import task_named
from cli.input.settings import where_settings
from cli.live.screens import say
from cli.output.printing import print_list
from cli.output.prose import print_answer
from cli.output.text import one_line, plain
from models.ids import TaskId
from models.messages import MessageView


async def show_messages(name: str, path: str, *, as_json: bool) -> int:
    """Print the whole transcript of a node; `/` is the task itself."""
    async with connected(where_settings()) as client:
        task = await task_named(client, name)
        messages = await _said_at(client, task.id, path.strip("/"))
    if as_json:
        print_list(messages)
        return 0
    console = Console(highlight=False)
    if not messages:
        say(console, f"Nothing was said there yet. How far the task is: chimera show {name}")
    for message in messages:
        console.print(Text(heading_of(message), style="bold"), soft_wrap=True)
        for label, words in parts_of(message):
            if label:
                console.print(Text(label, style="dim"))
            print_answer(plain(words).rstrip())
        print_answer("")
    return 0


async def _said_at(client: Client, task_id: TaskId, path: str) -> list[MessageView]:
    messages: list[MessageView] = []
    cursor: str | None = None
    while True:
        page = await client.messages(task_id, path, cursor)
        messages += page.items
        cursor = page.next_cursor
        if cursor is None:
            return messages


def heading_of(message: MessageView) -> str:
    """Say in a line who speaks, and where: `── turn 2 · analyst (openai/gpt-5-mini)`."""
    if message.role == "tool":
        failed = " failed" if message.failed else ""
        who = f"{message.tool or 'a tool'}{failed}"
    elif message.role == "assistant":
        who = f"{message.agent or 'the model'} ({message.model})" if message.model else message.agent or "the model"
    else:
        who = "guidance" if message.guidance_id is not None else "prompt"
    return one_line(f"── {message.purpose} {message.step} · {who}", 300)


def parts_of(message: MessageView) -> Iterator[tuple[str, str]]:
    """The parts of a message, each with a label where it needs one: thoughts, words, the tools that are asked for."""
    if message.thought:
        yield "thought:", message.thought
    if message.content:
        yield ("answer:" if message.thought else ""), message.content
    for call in message.tool_calls:
        yield "", f"→ {call.name}({call.arguments})"
    if message.finish_reason not in (None, "stop", "tool_calls"):
        yield "", f"[ended: {message.finish_reason}]"
