"""Access by another user of this machine: `python -m benchmarks.security.other_user`, as root, with a request on stdin.

The request is JSON: the user to become, the processes whose environments to read, and the files and addresses to open.
The answer on stdout lists what could be read and which connections were accepted.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import psycopg


def main() -> None:
    asked = json.load(sys.stdin)
    os.setgroups([])
    os.setgid(asked["uid"])
    os.setuid(asked["uid"])
    print(
        json.dumps(
            {
                "environments": {pid: _text(f"/proc/{pid}/environ") for pid in asked["pids"]},
                "files": [path for path in asked["files"] if _text(path) is not None],
                "sockets": [path for path in asked["sockets"] if _connects(path)],
                "admitted": [address for address in asked["databases"] if _is_admitted(address)],
            }
        )
    )


def _text(path: str) -> str | None:
    try:
        return Path(path).read_bytes().decode("latin-1")
    except OSError:
        return None


def _connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as trying:
        try:
            trying.connect(path)
        except OSError:
            return False
    return True


def _is_admitted(address: Any) -> bool:
    try:
        psycopg.connect(**address, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


if __name__ == "__main__":
    main()
