"""Which variables of the environment a process of the stack gets: those that it needs, and no other.

A key in the environment of `chimera up` is no business of PostgreSQL, Redis, Temporal or the simulator: what a process
has in its environment can be read by everything that runs as the same user.
"""

import os
import re
from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_core import to_json

from chimera.config.settings import Settings

_SYSTEM = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|TZDIR|LANG|LANGUAGE|LC_\w+|LOCPATH|XDG_(CACHE|CONFIG|DATA|RUNTIME)_\w+"
    # How a program finds its libraries and how much memory and how many threads it may take.
    r"|(LD|DYLD|NIX_LD|MALLOC|OMP)_\w+|GLIBC_TUNABLES|GO(GC|DEBUG|MAXPROCS|MEMLIMIT|TRACEBACK)"
    # Windows starts nothing without them.
    r"|SYSTEM(ROOT|DRIVE)|WINDIR|COMSPEC|PATHEXT|TEMP|TMP|USERPROFILE|(LOCAL)?APPDATA|PROGRAM(DATA|FILES\S*)"
    r"|NUMBER_OF_PROCESSORS|PROCESSOR_\w+",
    re.IGNORECASE,
)
_PYTHON = re.compile(r"PYTHON\w+|VIRTUAL_ENV|CONDA_PREFIX|COVERAGE_\w+", re.IGNORECASE)
_OUTWARD = re.compile(
    # The way to providers, and whom to trust on it.
    r"(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|SSLKEYLOGFILE|OPENSSL_\w+|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES"
    # What the vendors' SDKs read of themselves and no setting stands for: who pays, what a gateway asks for, and logs.
    # Keys, addresses and other products (Azure, Vertex, Bedrock) are not among it: those are settings, or not asked.
    r"|OPENAI_(ORG_ID|PROJECT_ID|CUSTOM_HEADERS|LOG)|ANTHROPIC_(CUSTOM_HEADERS|LOG)"
    # What PostgreSQL's client library goes by where an address leaves it open, and Kerberos, which it may sign in by.
    r"|PG[A-Z]+|KRB5\w+",
    re.IGNORECASE,
)
_MODEL = re.compile(
    # Which processors of graphics llama.cpp takes, and how: its own, NVIDIA's, AMD's, Intel's, Vulkan's.
    r"GGML_\w+|(CUDA|NVIDIA)_\w+|(HIP|HSA|ROCR|ROCM|ROCBLAS|HIPBLASLT|GPU)_\w+|(SYCL|ONEAPI|ZE|UR)_\w+"
    r"|(VK|MESA)_\w+|DRI_PRIME|OCL_ICD_\w+"
    # How many threads its arithmetic takes, and where.
    r"|(OPENBLAS|MKL|KMP|GOMP|BLIS)_\w+",
    re.IGNORECASE,
)


def for_server(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What any program needs of its surroundings."""
    return _matching(environ, _SYSTEM)


def for_python(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same for a Python of ours that contacts no other machine."""
    return _matching(environ, _SYSTEM, _PYTHON)


def for_model(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same for one that has a model in it."""
    return _matching(environ, _SYSTEM, _PYTHON, _MODEL)


def for_client(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same for one that reaches providers and databases."""
    return _matching(environ, _SYSTEM, _PYTHON, _OUTWARD)


def of_settings(settings: Settings, **changes: object) -> dict[str, str]:
    """Write settings as the variables that another process reads them back from.

    Defaults too: a flag may have set one against a variable or a `.env` that the other process would read.
    """
    # The sandbox loads the workflows' modules anew for every run; without bytecode it would compile them each time,
    # so a setting of the surroundings that forbids writing it is lifted (empty: not set).
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
    for name in Settings.model_fields:
        value = changes.get(name, getattr(settings, name))
        if value is not None:
            environment[f"CHIMERA_{name.upper()}"] = _written(value)
    return environment


def _matching(environ: Mapping[str, str] | None, *patterns: re.Pattern[str]) -> dict[str, str]:
    found = os.environ if environ is None else environ
    return {name: value for name, value in found.items() if any(pattern.fullmatch(name) for pattern in patterns)}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return to_json(value, exclude_none=True).decode()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
