"""Every error that Chimera raises on purpose, in one tree, with a file per origin.

A class sets `code`, `http_status`, `title` and `retryable`; an instance takes its facts as arguments. A message names
the value with !r and explains what to do, because its reader cannot see the code. It has no address and no
command: an error carries a `Remedy`, which the API shows as a request and the command line as a command.

The API turns the tree into RFC 9457 problem documents (`api/errors.py`), the worker into Temporal failures
(`worker/interceptors.py`).
"""

from models.errors.access import *
from models.errors.base import *
from models.errors.kept import *
from models.errors.provider import *
from models.errors.request import *
from models.errors.run import *
from models.errors.unavailable import *
