"""The embedded stack: real PostgreSQL, Redis and Temporal, and Chimera's own processes, without Docker.

    stack = LocalStack(settings, report=print)
    async with stack as settings:    # the servers; their addresses are added to the settings
        async with LocalServices(settings, stack.register, report=print) as services:    # simulator, API, worker
            services.worker.kill()    # another worker is started automatically

Only servers without an address in the settings are started. All data is stored in one folder, `settings.data_dir`.
"""

from chimera.local.errors import FolderInUse, FolderUnusable, PartMissing, PartsAway, PortsTaken, StartFailed
from chimera.local.services import LocalServices
from chimera.local.stack import LocalStack
from chimera.local.supervisor import Supervised

__all__ = [
    "FolderInUse",
    "FolderUnusable",
    "LocalServices",
    "LocalStack",
    "PartMissing",
    "PartsAway",
    "PortsTaken",
    "StartFailed",
    "Supervised",
]
