"""A sink in a process of its own: it counts what effects reach it, as a mail or payment server would.

`python -m tests.faults.sink PORT FILE` appends a line of JSON for each request. An effect with a known idempotency key
is answered like the first one, and doesn't happen again. A request for `/hang/…` has its effect and gets no answer.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Sink(ThreadingHTTPServer):
    """Writes effects to a file, one after another."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, file: Path) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._file = file
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    def take(self, name: str, key: str | None) -> None:
        """Record a request, and whether it has an effect."""
        with self._lock:
            is_new = key is None or key not in self._keys
            self._keys.add(key or "")
            with self._file.open("a") as file:
                file.write(json.dumps({"name": name, "key": key, "effect": is_new}) + "\n")


class _Handler(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        """Let an effect happen."""
        hangs = self.path.startswith("/hang/")
        self.server.take(self.path.rpartition("/")[2], self.headers.get("Idempotency-Key"))
        if hangs:
            threading.Event().wait()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name in the base class)
        """Write no log."""


def main() -> None:
    """Serve until the process is ended."""
    Sink(int(sys.argv[1]), Path(sys.argv[2])).serve_forever()


if __name__ == "__main__":
    main()
