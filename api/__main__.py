"""`python -m api`: serve the API with the settings of the environment."""

import gc
import os
import signal
import sys
from logging import shutdown
from typing import NoReturn

from api.app import create_app
from api.server import Server, config_of
from chimera.config.errors import BadSettings, read_settings
from chimera.observe import logging


def main() -> int:
    try:
        settings = read_settings()
        logging.configure(settings, "api")
        app = create_app(settings)
    except (BadSettings, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    server = Server(config_of(app, settings))
    # These objects live as long as the process. Freezing them spares the garbage collector from traversing them, which
    # would block every request for 120 ms on a busy machine.
    gc.collect()
    gc.freeze()
    for sent in (signal.SIGINT, signal.SIGTERM):
        # While uvicorn serves, its own handler replaces this one. Afterward, uvicorn raises the signal again.
        signal.signal(sent, signal.SIG_IGN)
    server.run()
    return 0 if server.started else 1


def leave(code: int) -> NoReturn:
    """Exit without tearing down the interpreter, during which Temporal's client can abort it (sdk-python #300)."""
    shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
