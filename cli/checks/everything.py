"""All checks, in the order of the report."""

from chimera.config.errors import BadSettings
from chimera.config.settings import Settings
from cli.checks.findings import Finding, Level
from cli.checks.folder import folder
from cli.checks.health import health
from cli.checks.installation import packages, python, variables
from cli.checks.mcp_servers import mcp_servers
from cli.checks.payload_keys import payload_keys
from cli.checks.ports import ports
from cli.checks.providers import default_model, keys, providers
from cli.checks.servers import programs, servers
from cli.checks.tools import own_tools
from cli.input.settings import load_settings
from cli.stack.running import running_stack


async def findings(*, try_keys: bool) -> list[Finding]:
    """Check an installation. Vendors are contacted only with `try_keys`."""
    names = list(variables())
    found = [*python(), *packages(), *names]
    try:
        settings = load_settings()
    except BadSettings as error:
        return [*found, Finding(Level.FAIL, "settings", error.message)]
    found += [*([] if names else [Finding(Level.OK, "settings")]), *await _with(settings)]
    return [*found, *await keys(settings)] if try_keys else found


async def _with(settings: Settings) -> list[Finding]:
    stack_pid = running_stack(settings)
    return [
        *folder(settings),
        *programs(settings),
        *payload_keys(settings),
        *await servers(settings),
        *await ports(settings, stack_pid),
        *await providers(settings),
        *default_model(settings),
        *own_tools(settings),
        *await mcp_servers(settings),
        *await health(settings, stack_pid),
    ]
