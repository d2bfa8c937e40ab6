"""Starts Chimera and keeps it running."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.input.amounts import whole
from cli.output.prose import print_to
from cli.stack.options import DataDir, Port, SimulatorPort, TemporalPort, TemporalUiPort

if TYPE_CHECKING:
    from cli.stack.stack import Stack

Workers = Annotated[int, typer.Option(parser=whole(1, 64), help="Number of worker processes.")]


async def up(
    port: Port = None,
    temporal_port: TemporalPort = None,
    temporal_ui_port: TemporalUiPort = None,
    simulator_port: SimulatorPort = None,
    data_dir: DataDir = None,
    workers: Workers = 1,
) -> int:
    """Start Chimera and keep it running. Ctrl-C stops it without losing work."""
    from chimera import __version__
    from cli.input.settings import load_settings
    from cli.process.signals import until_stopped
    from cli.stack.stack import Stack
    from cli.stack.welcome import print_stopping

    settings = load_settings(
        api_port=port,
        temporal_port=temporal_port,
        temporal_ui_port=temporal_ui_port,
        simulator_port=simulator_port,
        data_dir=data_dir,
    )
    console = Console(highlight=False)
    print_to(console, f"Chimera {__version__}")
    stack = Stack(settings, lambda line: print_to(console, line), workers)
    # Stopping Chimera with a signal counts as success.
    await until_stopped(_stay(stack, console), stopping=lambda: print_stopping(console), hurry=stack.hurry)
    return 0


async def _stay(stack: "Stack", console: Console) -> int:
    from cli.http.addresses import api_url_of
    from cli.stack.console import outcome
    from cli.stack.welcome import forever, how_to_start_a_task, how_to_stop, print_welcome

    async with stack:
        print_welcome(stack, console)
        print_to(console, f"\n  {how_to_start_a_task(stack.settings.data_dir)}")
        print_to(console, f"  {how_to_stop()}")
        if (line := await outcome(api_url_of(stack.settings))) is not None:
            print_to(console, f"\n  {line}")
        await forever()
    return 0
