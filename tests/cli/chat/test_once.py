"""`chimera chat` and `chimera sessions` in pipes."""

import asyncio
import json
import signal
from pathlib import Path

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.store import chat
from models.chat import ChatSessionSpec
from tests.cli.chat.conftest import COMMAND, LIMIT_S, environment, piped
from tests.conftest import SimulatorServer
from tests.runs import new_user
from tests.until import until_true


async def test_a_pipe_gets_one_reply(chat_folder: Path) -> None:
    code, out, err = await piped(chat_folder, "What is this?", "--system", "Be brief.", stdin="some text\n")
    assert (code, out[:11]) == (0, "[simulated]")
    assert "simulator/fast (simulated)" in err
    code, out, _ = await piped(chat_folder, "--continue", "--json", "And then?")
    sent = json.loads(out)
    assert (code, sent["reply"]["reply"]["status"]) == (0, "completed")
    session = sent["message"]["session_id"]
    code, out, _ = await piped(chat_folder, "show", session, command="sessions")
    assert "What is this?\n\nsome text" in out
    code, out, _ = await piped(chat_folder, "export", session[:8], "--format", "json", command="sessions")
    assert len(json.loads(out)["messages"]) == 4
    code, out, _ = await piped(chat_folder, "list", "--json", command="sessions")
    assert session in [each["id"] for each in json.loads(out)["items"]]
    code, out, _ = await piped(chat_folder, "delete", session, command="sessions")
    assert (code, "was deleted" in out) == (0, True)
    code, _, err = await piped(chat_folder, "show", session, command="sessions")
    assert code == 3


async def test_only_ones_own_session_is_continued(chat_folder: Path, chat_settings_here: Settings) -> None:
    _, out, _ = await piped(chat_folder, "Hello", "--json")
    own = json.loads(out)["message"]["session_id"]
    database = Database(chat_settings_here)
    async with database.begin() as session:
        other = await chat.create(session, await new_user(database), ChatSessionSpec(title="Theirs"))
    await database.close()
    code, out, err = await piped(chat_folder, "--continue", "--json", "And then?")
    assert code == 0, err
    assert json.loads(out)["message"]["session_id"] == own
    _, out, _ = await piped(chat_folder, "list", "--json", command="sessions")
    assert other not in out
    code, _, err = await piped(chat_folder, "delete", other[:12], command="sessions")
    assert (code, "No session ID begins with" in err) == (3, True)
    code, out, _ = await piped(chat_folder, "show", other, "--json", command="sessions")
    assert (code, json.loads(out)["id"]) == (0, other)


async def test_a_failed_reply_has_its_exit_code(chat_folder: Path) -> None:
    code, out, err = await piped(chat_folder, "Hello [[sim: status=400]]")
    assert (code, out) == (1, "")
    assert "failed" in err


async def test_a_message_is_needed(chat_folder: Path) -> None:
    code, _, err = await piped(chat_folder)
    assert (code, "There is no message" in err) == (3, True)
    code, _, err = await piped(chat_folder, "--new", "--continue", "Hello")
    assert (code, "Use only one of" in err) == (3, True)


async def test_files_are_sent_with_the_message(chat_folder: Path) -> None:
    (chat_folder / "notes.txt").write_text("Tea is hot.")
    code, out, _ = await piped(chat_folder, "Read it.", "--attach", "notes.txt", "--json")
    assert (code, json.loads(out)["message"]["attachments"][0]["name"]) == (0, "notes.txt")


async def test_ctrl_c_cuts_the_reply_of_a_pipe(chat_folder: Path, simulator: SimulatorServer) -> None:
    text = "Cut this. [[sim: tokens=4000; drip=20]]"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "chat",
        text,
        env=environment(chat_folder),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        # A shell that runs the tests in the background has them ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin is not None
    process.stdin.close()
    asked = len(simulator.asked())

    async def is_asked() -> bool:
        return len(simulator.asked()) > asked

    await until_true(is_asked)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    assert (process.returncode, out) == (130, b"")
    assert b"The reply was cut" in err
