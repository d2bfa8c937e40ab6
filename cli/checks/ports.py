"""Checks the ports that a start needs."""

from chimera.config.settings import Settings
from chimera.local import ports as local_ports
from chimera.local.errors import HostUnusable, PortsTaken
from cli.checks.findings import Finding, Level
from cli.http.addresses import api_url_of
from cli.http.connect import is_alive


async def ports(settings: Settings, stack_pid: int | None) -> list[Finding]:
    """Check whether the ports for a start are free. They aren't checked while a stack is running, which uses them."""
    if stack_pid is not None:
        return [
            Finding(
                Level.OK,
                "ports",
                f"not checked, because Chimera is running with this data folder (process {stack_pid})",
            )
        ]
    api_url = api_url_of(settings)
    if await is_alive(api_url):
        folder = local_ports.data_dir_behind(settings.api_port)
        setting = f"CHIMERA_DATA_DIR={folder}" if folder else "CHIMERA_DATA_DIR to that server's data folder"
        message = (
            f"not checked, because the Chimera server at {api_url} was started in another folder. Run this command in"
            f" that folder, or set {setting}."
        )
        return [Finding(Level.WARN, "ports", message)]
    needed = local_ports.ports_of(settings)
    try:
        taken = local_ports.find_taken(needed)
    except HostUnusable as error:
        return [Finding(Level.FAIL, "ports", error.message)]
    if taken:
        return [Finding(Level.FAIL, "ports", PortsTaken(taken).message)]
    return [Finding(Level.OK, "ports", f"free: {', '.join(f'{port.number} for {port.title}' for port in needed)}")]
