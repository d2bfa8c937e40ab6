"""The demo, as a newcomer starts it: the real stack, in its own folder and process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.parts import short_folder
from tests.ports import free_port

ROOT = Path(__file__).parents[3]
LIMIT_S = 280


@pytest.mark.usefixtures("starts_servers")
def test_a_task_survives_its_worker() -> None:
    with short_folder() as data_dir:
        ports = [f"--{name}={free_port()}" for name in ("port", "temporal-port", "temporal-ui-port", "simulator-port")]
        done = subprocess.run(
            (sys.executable, "-m", "cli", "demo", "--exit", *ports, f"--data-dir={data_dir}"),
            cwd=data_dir,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        printed = done.stdout
        assert done.returncode == 0, printed + done.stderr
        assert "with SIGKILL. Calls in flight: " in printed
        assert ", attempt 2\n" in printed
        assert re.search(r"finished and repeated +0 +0\n", printed)
        assert re.search(r"interrupted by the kill and repeated +([1-9]\d*) +\1\n", printed)
        assert re.search(r"✓ Proved: \d+ model calls finished, and none of them was repeated", printed)
        assert "Password" in printed
        assert "calculator returned" in printed
        # By then, nothing responds at any address.
        afterwards = printed.partition("✓ Proved")[2]
        assert "http://" not in afterwards
        assert re.search(r"show [0-9a-f]{8}\n", afterwards)
        assert "Traceback" not in printed + done.stderr
        assert left_running(data_dir) == []


def left_running(data_dir: Path) -> list[str]:
    """Return the processes that still work for this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("CHIMERA_DATA_DIR", "")]
        except psutil.Error:
            continue
        if any(str(data_dir) in word for word in words):
            found.append(" ".join(process.cmdline()))
    return found
