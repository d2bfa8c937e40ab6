"""Signals that end a stack started from a script."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.errors import INTERRUPTED

ROOT = Path(__file__).parents[3]
STAYS = """
import asyncio, sys
from cli.process.signals import until_stopped

def answer() -> None:
    if sys.stdin.readline():
        print("here", flush=True)

async def stay() -> int:
    asyncio.get_running_loop().add_reader(sys.stdin, answer)
    print("ready", flush=True)
    await asyncio.Event().wait()
    return 0

def stopping() -> None:
    print("stopping", flush=True)

asyncio.run(until_stopped(stay(), stopping=stopping, hurry=lambda: None))
"""
"""A script that answers each line, so that a test knows that the process is still running."""

COMMAND = """
import asyncio, atexit, signal, sys, threading
import typer
from cli.main import finish
from cli.process import program
from cli.process.running import finish

# Who runs the tests in a script's background has it ignored, and so has each process that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def cleaning_up() -> int:
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("second", flush=True)
        await asyncio.Event().wait()
    return 0

async def in_a_thread() -> int:
    def read() -> None:
        print("ready", flush=True)
        told.wait()
        print("second", flush=True)
        sys.stdin.readline()
    told = threading.Event()
    try:
        await asyncio.to_thread(read)
    finally:
        told.set()
    return 0

async def at_exit() -> int:
    def leave() -> None:
        print("second", flush=True)
        sys.stdin.readline()
    atexit.register(leave)
    print("ready", flush=True)
    await asyncio.Event().wait()
    return 0

async def to_another_thread() -> int:
    def stay() -> None:
        print("ready", flush=True)
        sys.stdin.readline()
        threading.Event().wait(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    threading.Thread(target=stay).start()
    await asyncio.Event().wait()
    return 0

app = typer.Typer()

@app.command()
def command(where: str) -> None:
    finish(globals()[where]())

program.ending_with_own_codes(app)
"""
"""Commands that report where they are when another Ctrl-C arrives."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells do this")


@contextmanager
def staying() -> Iterator["subprocess.Popen[str]"]:
    """Start a process the way a script does with `&` under nohup."""
    process = subprocess.Popen(
        (
            "/bin/sh",
            "-c",
            f'trap \'\' {signal.SIGINT.value} {signal.SIGHUP.value}; exec "$0" -c "$1"',
            sys.executable,
            STAYS,
        ),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def end_of(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[str, int]:
    """Send a signal that stops the process, and return its output and exit code."""
    process.send_signal(number)
    return process.communicate()[0], process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_background_stack_can_be_stopped(number: signal.Signals) -> None:
    with staying() as process:
        assert end_of(process, number) == ("stopping\n", 0)


def test_a_stack_under_nohup_outlives_its_terminal() -> None:
    with staying() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.send_signal(signal.SIGHUP)
        for _ in range(2):
            process.stdin.write("\n")
            assert process.stdout.readline() == "here\n"
        assert end_of(process, signal.SIGTERM) == ("stopping\n", 0)


@pytest.mark.parametrize("where", ["cleaning_up", "in_a_thread", "at_exit"])
def test_another_interrupt_leaves_code_and_output_alone(where: str) -> None:
    process = subprocess.Popen(
        (sys.executable, "-c", COMMAND, where),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for printed in ("ready\n", "second\n"):
            assert process.stdout.readline() == printed
            process.send_signal(signal.SIGINT)
        # The end of the input releases a command that waits for a line; only then may the process end by itself.
        assert process.communicate() == ("", "")
        assert process.returncode == INTERRUPTED
    finally:
        process.kill()
        process.wait()


def test_a_signal_to_another_thread_is_noticed() -> None:
    """A signal that arrives between the event loop's last check and its wait has the same effect."""
    done = subprocess.run(
        (sys.executable, "-c", COMMAND, "to_another_thread"),
        cwd=ROOT,
        input="\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("ready\n", "", INTERRUPTED)
