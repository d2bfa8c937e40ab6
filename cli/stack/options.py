"""Options for the data folder and the ports of the stack that a command starts."""

from pathlib import Path
from typing import Annotated

import typer

from cli.input.amounts import whole
from cli.input.encodings import path

_a_port = whole(1, 65_535)

Port = Annotated[
    int | None, typer.Option("--port", parser=_a_port, help="The API's port. Default: 8000.", show_default=False)
]
TemporalPort = Annotated[
    int | None, typer.Option(parser=_a_port, help="Temporal's port. Default: 7233.", show_default=False)
]
TemporalUiPort = Annotated[
    int | None, typer.Option(parser=_a_port, help="The port for Temporal's Web UI. Default: 8233.", show_default=False)
]
SimulatorPort = Annotated[
    int | None,
    typer.Option(parser=_a_port, help="The built-in simulator's port. Default: 8001.", show_default=False),
]
DataDir = Annotated[
    Path | None,
    typer.Option(parser=path, help="The folder for Chimera's data. Default: .chimera.", show_default=False),
]
