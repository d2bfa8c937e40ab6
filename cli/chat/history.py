"""The history of the messages that were typed: a file that only its owner may read, without lines that hold secrets."""

import os
import re
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from cli.http.sign_in import at_home

MAX_BYTES = 1_000_000
"""When a new history begins. The one before is kept as `chat_history.old`."""
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|ck|ghp|gho|ghs|xox[abpr]|AKIA|AIza|glpat|hf)[-_]?[A-Za-z0-9_-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}\.|\bBearer\s+\S{12,}"
    r"|(?i:password|passwd|secret|api[_-]?key|token)\s*[:=]\s*\S{4,}|://[^\s/:@]+:[^\s/@]+@"
)


def history_at(path: Path) -> History:
    """Return the history in a file; one without a file if it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            if path.stat().st_size > MAX_BYTES:
                path.replace(path.with_suffix(".old"))
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return _Discreet(str(path))


def own_history() -> History:
    """Return the user's history, beside the sign-in of `chimera login`."""
    return history_at(at_home().with_name("chat_history"))


def has_secret(text: str) -> bool:
    """Return whether a text seems to contain a key, a token or a password."""
    return _SECRET.search(text) is not None


class _Discreet(FileHistory):
    """Keeps messages with secrets only until the program ends."""

    def store_string(self, string: str) -> None:
        if has_secret(string):
            return
        # A full disk or a removed folder must not end a conversation.
        with suppress(OSError):
            super().store_string(string)
