"""Commands of a conversation that change its session: who replies, its title, its branch, or the session itself."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from uuid import uuid4

from rich.text import Text

from cli.chat.conversation import Conversation, Draft, check_idle
from cli.errors import WrongUsage
from cli.http import chats
from cli.output.chats import when
from cli.output.prose import print_prose
from cli.output.text import one_line, plain, short
from models.chat import ChatSessionView
from models.chat_messages import ChatMessageView, SentView
from models.runs import CLOSED
from models.shares import Right

LISTED = 15
"""How many sessions or messages are offered to choose from."""
SHOWN = 6
"""How many messages are shown when a conversation is continued."""
NONE = "none"


async def agent(chat: Conversation, argument: str) -> None:
    """Choose the agent that replies, or list agents."""
    names = await agent_names(chat)
    if not argument:
        chat.say(f"Agents: {', '.join(one_line(name, 60) for name in names)}. To choose none, enter '/agent none'.")
        return
    if argument != NONE and argument not in names:
        raise WrongUsage(f"There is no agent {one_line(argument, 60)!r}.{_meant(argument, names)}")
    await _change(chat, agent=None if argument == NONE else argument)
    who = "The model replies without an agent" if argument == NONE else f"{argument} replies"
    chat.say(f"{who} from the next message on.")


async def agent_names(chat: Conversation) -> list[str]:
    """Return the names of the agents that can reply. Agents of others whose names are taken have their IDs."""
    found = await chat.client.agents(shared="all")
    usable = [each for each in found if each.active and each.right is not Right.VIEW]
    times = Counter(each.name for each in usable)
    return [str(each.id) if each.right and times[each.name] > 1 else each.name for each in usable]


async def model(chat: Conversation, argument: str) -> None:
    """Choose the model that replies, or list models."""
    names = await model_names(chat)
    if not argument:
        chat.say("\n".join(["Models:", *(f"  {one_line(name, 100)}" for name in names)]))
        return
    if argument not in names and "/" not in argument:
        raise WrongUsage(f"There is no model {one_line(argument, 60)!r}.{_meant(argument, names)}")
    await _change(chat, model=argument)
    chat.say(f"{one_line(argument, 100)} replies from the next message on.")


async def model_names(chat: Conversation) -> list[str]:
    """Return the names of the models that can reply."""
    return [each.model for each in (await chat.client.models()).models]


async def new(chat: Conversation, argument: str) -> None:
    """Begin a new conversation with the same agent, model and instructions."""
    check_idle(chat)
    if chat.view is not None:
        kept = chats.spec_of(chat.view)
        chat.draft = Draft({name: kept[name] for name in ("agent", "model", "instructions") if kept[name]})
    chat.view = None
    chat.say("A new conversation begins with your next message.")


async def pick(chat: Conversation, argument: str) -> None:
    """Let the user choose a session, and continue it."""
    check_idle(chat)
    if argument:
        await resume(chat, await chats.session_named(chat.client, argument))
        return
    found = await chats.sessions(chat.client, LISTED)
    if not found:
        raise WrongUsage("You have no chat sessions yet.")
    lines = [f"{when(each.last_message_at)}  {short(each.id)}  {one_line(each.title, 60)}" for each in found]
    place = await _choose(chat, lines, "Which conversation? Enter a number (empty: none).")
    if place is not None:
        await resume(chat, await chats.session(chat.client, found[place].id))


async def resume(chat: Conversation, view: ChatSessionView) -> None:
    """Continue a session: show its last messages, and follow its open replies."""
    chat.view, chat.draft = view, Draft()
    messages = await chats.branch(chat.client, view.id, SHOWN)
    print_prose(chat.console, Text(f"— {one_line(view.title or short(view.id), 80)} —", style="dim"))
    by_id = {message.id: message for message in messages}
    open_ = [each for each in messages if each.reply is not None and each.reply.status not in CLOSED]
    answered = {each.parent_id for each in open_}
    for message in messages:
        # A message whose reply is open is printed with its reply.
        if message not in open_ and message.id not in answered:
            print_message(chat, message)
    for reply in open_:
        if reply.parent_id in by_id:
            chat.follow(SentView(message=by_id[reply.parent_id], reply=reply))


def print_message(chat: Conversation, message: ChatMessageView) -> None:
    """Print a message of the conversation."""
    printer = chat.terminal.printer
    if message.role == "user":
        text = printer.rendered(Text.assemble(("> ", "bold cyan"), (plain(message.text or ""), "bold")))
    elif message.text is None:
        text = printer.rendered(Text("(not written yet)", style="dim"))
    else:
        text = printer.markdown(plain(message.text))
    chat.terminal.print("\n" + text)


async def title(chat: Conversation, argument: str) -> None:
    """Set the session's title."""
    await _change(chat, title=argument)
    chat.say(f"The title is now: {one_line(argument, 120)}")


async def retry(chat: Conversation, argument: str) -> None:
    """Request another reply to the last message."""
    check_idle(chat)
    view = chat.view = await chats.session(chat.client, (await chat.session()).id)
    leaf, key = view.leaf_id, uuid4().hex
    if leaf is None:
        raise WrongUsage("There is no message yet to reply to.")
    chat.follow(await chat.answered(lambda: chats.regenerate(chat.client, view.id, leaf, key)))


async def back(chat: Conversation, argument: str) -> None:
    """Let the user change an earlier message, which begins a branch."""
    check_idle(chat)
    sent = []
    if chat.view is not None:
        sent = [each for each in await chats.branch(chat.client, chat.view.id, 2 * LISTED) if each.role == "user"]
    if not sent:
        raise WrongUsage("There is no message yet to go back to.")
    place = await _choose(
        chat, [one_line(each.text or "", 70) for each in sent], "Change which message? Enter a number (empty: none)."
    )
    if place is None:
        return
    chat.draft.parent = {"parent_id": sent[place].parent_id}
    chat.terminal.put(sent[place].text or "")
    chat.say("Change the message and send it. This begins a branch; the messages after it are kept in the other one.")


async def _change(chat: Conversation, **fields: str | None) -> None:
    if chat.view is None:
        chat.draft.spec = {name: value for name, value in {**chat.draft.spec, **fields}.items() if value is not None}
        return
    now = await chats.session(chat.client, chat.view.id)
    chat.view = await chats.replace(chat.client, now.id, chats.spec_of(now, **fields))


async def _choose(chat: Conversation, lines: Sequence[str], question: str) -> int | None:
    """Return the place of the line that the user chooses; None for none. Raises WrongUsage."""
    chat.say("\n".join(f"{number:3}  {line}" for number, line in enumerate(lines, 1)))
    typed = (await chat.ask(question)).strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or not 1 <= int(typed) <= len(lines):
        raise WrongUsage(f"{one_line(typed, 20)!r} is not a number from 1 to {len(lines)}.")
    return int(typed) - 1


def _meant(name: str, names: Sequence[str]) -> str:
    ends = {each.rpartition("/")[2]: each for each in names}
    if name in ends:
        return f" Did you mean {ends[name]!r}?"
    close = get_close_matches(name, names, 1, cutoff=0.4)
    return f" Did you mean {close[0]!r}?" if close else ""
