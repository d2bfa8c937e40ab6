"""Starts an MCP server in its own process: `python launcher.py PARENT UID:GID|- COMMAND ARGUMENT…`.

A program of its own, because code between fork and exec isn't safe in a worker, which has threads. It imports nothing
of Chimera's, and takes a few milliseconds. On Linux, the kernel ends the server when the worker dies, even by SIGKILL;
elsewhere, the server notices the end of its input.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, user, *command = sys.argv[1:]
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # Afterward, because the kernel clears the death signal when a process changes its user. SIGTERM, because `npx` and
    # `uvx` pass it on to the server that they have started.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        # The worker may have died before the death signal was set.
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # without a shell, on purpose


if __name__ == "__main__":
    main()
