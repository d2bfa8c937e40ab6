"""What helps to type: the history, completion, and advice on unknown commands."""

import stat
from pathlib import Path
from typing import Any, cast

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from cli.chat import commands
from cli.chat.completion import CommandCompleter
from cli.chat.conversation import Conversation
from cli.chat.history import MAX_BYTES, has_secret, history_at
from cli.errors import WrongUsage


def test_the_history_keeps_messages(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "chat_history"
    history = history_at(path)
    history.append_string("one\ntwo")
    history.append_string("my key is sk-abcdefghijklmnopqrstuvwx")
    assert list(history_at(path).load_history_strings()) == ["one\ntwo"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_long_history_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "chat_history"
    path.write_text(f"\n# now\n+{'a' * MAX_BYTES}\n")
    assert list(history_at(path).load_history_strings()) == []
    assert path.with_suffix(".old").exists()


def test_an_unwritable_history_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    history = history_at(tmp_path / "file" / "chat_history")
    history.append_string("one")
    assert history.get_strings() == ["one"]


@pytest.mark.parametrize(
    "text", ["Bearer abcdefghijklmnop", "password: hunter2", "postgresql://me:secret@host/db", "ck_0123456789abcdef01"]
)
def test_secrets_are_recognized(text: str) -> None:
    assert has_secret(f"Use {text} here")
    assert not has_secret("What is a token? Tell me about passwords.")


def completed(typed: str, completer: CommandCompleter) -> list[str]:
    found = completer.get_completions(Document(typed), CompleteEvent())
    return [typed[: len(typed) + each.start_position] + each.text for each in found]


def test_commands_and_names_are_completed() -> None:
    completer = CommandCompleter({name: each.summary for name, each in commands.COMMANDS.items()}, commands.FILES)
    completer.choices["agent"] = ["none", "writer"]
    assert completed("/se", completer) == ["/sessions", "/search"]
    assert completed("/agent w", completer) == ["/agent writer"]
    assert completed("hello /se", completer) == []


def test_file_names_are_completed(tmp_path: Path) -> None:
    (tmp_path / "tea.txt").touch()
    (tmp_path / "\x1btea").touch()
    (tmp_path / "tea folder").mkdir()
    (tmp_path / "teas").mkdir()
    completer = CommandCompleter({}, ("attach",))
    assert completed(f"/attach {tmp_path}/t", completer) == [
        f"/attach {tmp_path}/{name}" for name in ("tea.txt", "teas/")
    ]


NOBODY = cast(Conversation, cast(Any, None))


@pytest.mark.parametrize(("typed", "advice"), [("/modl x", "'/model'"), ("/exti", "'/quit'"), ("/zzz", "'/help'")])
async def test_unknown_commands_get_advice(typed: str, advice: str) -> None:
    with pytest.raises(WrongUsage, match=advice):
        await commands.run(NOBODY, typed)


@pytest.mark.parametrize("typed", ["/etc/passwd is a file", "//model", "Hello", "/ 2"])
async def test_other_texts_are_messages(typed: str) -> None:
    assert not await commands.run(NOBODY, typed)


async def test_a_missing_argument_is_named() -> None:
    with pytest.raises(WrongUsage, match="GOAL"):
        await commands.run(NOBODY, "/task")
