"""`chimera chat` at a pseudo-terminal."""

import stat
from pathlib import Path

from tests.cli.chat.conftest import CUT, ENTER, LEAVE, NEW_LINE, piped, typing

READY = "Enter a message"
LONG = "Tell me about tea. [[sim: tokens=4000]]"


async def test_a_conversation_has_replies_and_costs(chat_folder: Path) -> None:
    async with typing(chat_folder) as user:
        await user.sees(READY)
        user.type("Tell me about tea." + ENTER)
        await user.sees("[simulated]")
        await user.sees("simulator/fast (simulated)")
        user.type("/cost" + ENTER)
        await user.sees("This branch: 1 reply")
        user.type(LEAVE)
        await user.sees("chimera chat --session")
        assert await user.ends() == 0


async def test_messages_can_have_several_lines(chat_folder: Path) -> None:
    async with typing(chat_folder) as user:
        await user.sees(READY)
        user.type("one" + NEW_LINE + "two\x1b" + ENTER + "three")
        user.type("\x1b[200~four\nfive\x1b[201~" + ENTER)
        await user.sees("> one\ntwo\nthreefour\nfive\n")
        await user.sees("simulator/fast (simulated)")
        user.type(LEAVE)
        assert await user.ends() == 0


async def test_ctrl_c_cuts_the_reply(chat_folder: Path) -> None:
    async with typing(chat_folder, "--model", "simulator/slow") as user:
        await user.sees(READY)
        user.type(CUT)
        await user.sees("To leave, press Ctrl-D")
        user.type(LONG + ENTER)
        await user.sees("[simulated]")
        user.type("And then?" + ENTER)
        await user.sees("queued: And then?")
        user.type(CUT)
        await user.sees("The reply was cut")
        await user.sees("> And then?")
        await user.sees("simulator/slow (simulated)", 2)
        user.type(LEAVE)
        assert await user.ends() == 0


async def test_commands_change_the_session(chat_folder: Path) -> None:
    async with typing(chat_folder, "Tell me about tea.") as user:
        await user.sees("simulator/fast (simulated)")
        user.type("/modle" + ENTER)
        await user.sees("Did you mean '/model'?")
        user.type("/model standard" + ENTER)
        await user.sees("Did you mean 'simulator/standard'?")
        user.type("/model simulator/standard" + ENTER)
        await user.sees("simulator/standard replies from the next message on.")
        user.type("/title Drinks" + ENTER)
        await user.sees("The title is now: Drinks")
        user.type("/retry" + ENTER)
        await user.sees("simulator/standard (simulated)", 1)
        user.type("/back" + ENTER)
        await user.sees("Change which message?")
        user.type("1" + ENTER)
        await user.sees("This begins a branch")
        user.type(" And coffee." + ENTER)
        await user.sees("> Tell me about tea. And coffee.")
        await user.sees("simulator/standard (simulated)", 2)
        user.type("/export talk.md" + ENTER)
        await user.sees("Saved as talk.md")
        user.type("/sessions" + ENTER)
        await user.sees("Which conversation?")
        user.type("1" + ENTER)
        await user.sees("— Drinks —")
        user.type("/edit tea" + ENTER)
        await user.sees("> cocoa")
        user.type(CUT + LEAVE)
        assert await user.ends() == 0
    assert "And coffee." in (chat_folder / "talk.md").read_text()


async def test_a_task_is_followed(chat_folder: Path) -> None:
    async with typing(chat_folder) as user:
        await user.sees(READY)
        user.type("/task Compare tea and coffee." + ENTER)
        await user.sees("completed")
        await user.sees("simulator/fast (simulated)")
        user.type(LONG.replace("]]", "; drip=5]]") + ENTER)
        await user.sees("writing")
        user.type(LEAVE)
        await user.sees("The reply continues in the background.")
        assert await user.ends() == 0


async def test_the_history_is_private(chat_folder: Path) -> None:
    async with typing(chat_folder) as user:
        await user.sees(READY)
        user.type("/cost" + ENTER + "/title password=hunter22" + ENTER)
        await user.sees("The title is now")
        user.type(LEAVE)
        assert await user.ends() == 0
    history = chat_folder / ".config/chimera/chat_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "/cost" in history.read_text()
    assert "hunter22" not in history.read_text()


async def test_hostile_text_never_reaches_the_terminal(chat_folder: Path) -> None:
    hostile = "\x1b]0;owned\x07 \x1b[2J \u202eevil &rlm;&#x202e; \x9b2J"
    code, out, _ = await piped(chat_folder, stdin=f"Repeat. {hostile}")
    assert code == 0
    assert not set(out) & set("\x1b\x07\x9b\u202e\u200f")
    async with typing(chat_folder, "--continue") as user:
        await user.sees("evil")
        user.type(LEAVE)
        assert await user.ends() == 0
    assert "\x1b]" not in user.raw.decode()
    assert "\u202e" not in user.raw.decode()
