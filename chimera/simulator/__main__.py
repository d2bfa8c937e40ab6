"""`python -m chimera.simulator --port 8001 --journal calls.jsonl`."""

import argparse
from pathlib import Path

import uvicorn

from chimera.simulator.app import create_app
from chimera.simulator.journal import Journal


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m chimera.simulator", description="Run a server that behaves like a model provider."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8001, help="port to listen on")
    parser.add_argument("--journal", type=Path, help="append a line to this file when a request starts and ends")
    parser.add_argument(
        "--fsync", action="store_true", help="sync the journal after every line, so that it survives a power failure"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed for the answers")
    arguments = parser.parse_args()
    journal = Journal(arguments.journal, fsync=arguments.fsync)
    uvicorn.run(
        create_app(journal, arguments.seed),
        host=arguments.host,
        port=arguments.port,
        access_log=False,
        # uvicorn logs answers that are cut on purpose as errors.
        log_level="critical",
        # A request that hangs on purpose must not delay the shutdown.
        timeout_graceful_shutdown=1,
        # Longer than the 5 s for which the SDK's client keeps an idle connection. If the server closed a connection
        # when the client was about to use it, a call would fail.
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
