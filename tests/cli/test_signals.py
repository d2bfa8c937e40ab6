"""What ends a stack that was started from a script."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAYS = """
import asyncio
from cli.signals import until_told

async def stay() -> int:
    print("ready", flush=True)
    await asyncio.Event().wait()
    return 0

def stopping() -> None:
    print("stopping", flush=True)

asyncio.run(until_told(stay(), stopping=stopping, hurry=lambda: None))
"""


def told(number: signal.Signals) -> tuple[str, int]:
    """Send a signal to a process that was started as a script's `&` under nohup does; what it says, how it ends."""
    process = subprocess.Popen(
        (
            "/bin/sh",
            "-c",
            f'trap \'\' {signal.SIGINT.value} {signal.SIGHUP.value}; exec "$0" -c "$1"',
            sys.executable,
            STAYS,
        ),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        return process.communicate(timeout=2)[0], process.returncode
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells do this")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stack_in_the_background_of_a_script_can_be_stopped(number: signal.Signals) -> None:
    assert told(number) == ("stopping\n", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells do this")
def test_a_stack_under_nohup_outlives_its_terminal() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        told(signal.SIGHUP)
