"""The command that runs the demonstration."""

from typing import Annotated

import typer

from cli.stack.options import DataDir, Port, SimulatorPort, TemporalPort, TemporalUiPort

Stay = Annotated[
    bool | None,
    typer.Option(
        "--stay/--exit",
        help="Keep Chimera running after the demo (--stay) or stop it (--exit). In a terminal, the default is --stay.",
        show_default=False,
    ),
]


async def demo(
    stay: Stay = None,
    port: Port = None,
    temporal_port: TemporalPort = None,
    temporal_ui_port: TemporalUiPort = None,
    simulator_port: SimulatorPort = None,
    data_dir: DataDir = None,
) -> int:
    """Start Chimera, run a task, kill its worker midway and check that no finished model call is repeated."""
    from cli.input.settings import load_settings
    from cli.stack.demonstration import demonstrate

    settings = load_settings(
        api_port=port,
        temporal_port=temporal_port,
        temporal_ui_port=temporal_ui_port,
        simulator_port=simulator_port,
        data_dir=data_dir,
    )
    return await demonstrate(settings, stay=stay)
