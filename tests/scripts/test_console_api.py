"""The console's API client, generated from the OpenAPI document."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_consoles_client_is_current() -> None:
    check = subprocess.run(
        [sys.executable, ROOT / "scripts/console_api.py", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
