"""Every error that Chimera raises on purpose, in one class hierarchy, with a file per origin.

A class sets `code`, `http_status`, `title` and `retryable`; an instance takes its facts as arguments. A message quotes
the value with !r and explains what to do, because its reader can't see the code. It doesn't contain addresses or
commands. Instead, an error has a `Remedy`, which the API shows as a request and the command line as a command.

The API turns these errors into RFC 9457 problem documents (`api/errors.py`), and the worker turns them into Temporal
failures (`worker/interceptors.py`).
"""

from models.errors.access import *
from models.errors.base import *
from models.errors.kept import *
from models.errors.openai import *
from models.errors.provider import *
from models.errors.request import *
from models.errors.run import *
from models.errors.unavailable import *
