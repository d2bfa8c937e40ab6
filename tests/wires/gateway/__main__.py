"""`python -m tests.wires.gateway --port 8003 --behind http://127.0.0.1:8001`."""

import argparse

import uvicorn

from tests.wires.gateway.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.wires.gateway", description="Speak vendors' wires.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--behind", required=True, help="the simulator's address")
    arguments = parser.parse_args()
    uvicorn.run(
        create_app(arguments.behind),
        host="127.0.0.1",
        port=arguments.port,
        access_log=False,
        # As in the simulator, for the same reasons: answers break off on purpose, callers hang, connections stay idle.
        log_level="critical",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
