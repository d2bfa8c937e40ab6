"""The embedded stack: real PostgreSQL, Redis and Temporal, and Chimera's own processes, without Docker.

    async with LocalStack(settings, report=print) as settings:           # the parts; addresses filled in
        async with LocalServices(settings, report=print) as services:    # simulator, API, worker
            await services.worker.kill()                              # another one is started

Only what settings give no address for is started. Everything is kept in one folder, `settings.data_dir`.
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
