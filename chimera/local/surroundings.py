"""The environment of each of the stack's processes: only the variables that it needs.

PostgreSQL, Redis, Temporal and the simulator must not get the keys in the environment of `chimera up`, because every
process of the same user can read a process's environment.
"""

import os
import re
from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_core import to_json

from chimera.config.named_secrets import PREFIX
from chimera.config.settings import Settings

_SYSTEM = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|TZDIR|LANG|LANGUAGE|LC_\w+|LOCPATH|XDG_(CACHE|CONFIG|DATA|RUNTIME)_\w+"
    # How a program finds its libraries, and how much memory and how many threads it may use.
    r"|(LD|DYLD|NIX_LD|MALLOC|OMP)_\w+|GLIBC_TUNABLES|GO(GC|DEBUG|MAXPROCS|MEMLIMIT|TRACEBACK)"
    # Windows can't start programs without these.
    r"|SYSTEM(ROOT|DRIVE)|WINDIR|COMSPEC|PATHEXT|TEMP|TMP|USERPROFILE|(LOCAL)?APPDATA|PROGRAM(DATA|FILES\S*)"
    r"|NUMBER_OF_PROCESSORS|PROCESSOR_\w+",
    re.IGNORECASE,
)
_PYTHON = re.compile(r"PYTHON\w+|VIRTUAL_ENV|CONDA_PREFIX|COVERAGE_\w+", re.IGNORECASE)
_OUTWARD = re.compile(
    # How to reach providers, and which certificates to trust.
    r"(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|SSLKEYLOGFILE|OPENSSL_\w+|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES"
    # Variables that the vendors' SDKs read and that have no setting: who pays, headers for gateways, and logs. Keys,
    # addresses and other products (Azure, Vertex, Bedrock) aren't included: they are settings, or aren't used.
    r"|OPENAI_(ORG_ID|PROJECT_ID|CUSTOM_HEADERS|LOG)|ANTHROPIC_(CUSTOM_HEADERS|LOG)"
    # Defaults of PostgreSQL's client library for what an address leaves open, and Kerberos, for signing in.
    r"|PG[A-Z]+|KRB5\w+",
    re.IGNORECASE,
)
_MODEL = re.compile(
    # Which GPUs llama.cpp uses, and how: variables of llama.cpp, NVIDIA, AMD, Intel and Vulkan.
    r"GGML_\w+|(CUDA|NVIDIA)_\w+|(HIP|HSA|ROCR|ROCM|ROCBLAS|HIPBLASLT|GPU)_\w+|(SYCL|ONEAPI|ZE|UR)_\w+"
    r"|(VK|MESA)_\w+|DRI_PRIME|OCL_ICD_\w+"
    # How many threads its arithmetic uses, and on which cores.
    r"|(OPENBLAS|MKL|KMP|GOMP|BLIS)_\w+",
    re.IGNORECASE,
)


def for_server(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for any program."""
    return _matching(environ, _SYSTEM)


def for_python(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a Python process of Chimera's that contacts no other machine."""
    return _matching(environ, _SYSTEM, _PYTHON)


def for_model(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a Python process of Chimera's that runs a model."""
    return _matching(environ, _SYSTEM, _PYTHON, _MODEL)


def for_client(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a Python process of Chimera's that contacts providers and databases."""
    return _matching(environ, _SYSTEM, _PYTHON, _OUTWARD)


def of_settings(settings: Settings, **changes: object) -> dict[str, str]:
    """Return settings as environment variables from which another process can read them.

    Defaults are included, because a flag may have set one that overrides a variable or a `.env` that the other process
    would read.
    """
    # Temporal's sandbox reloads the workflows' modules for every run. Without bytecode, it would compile them each
    # time, so a variable that forbids writing bytecode is cleared (empty means not set).
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
    for name in Settings.model_fields:
        value = changes.get(name, getattr(settings, name))
        if value is not None:
            environment[f"CHIMERA_{name.upper()}"] = _written(value)
    return environment


def of_secrets(settings: Settings) -> dict[str, str]:
    """Return the named secrets as environment variables, for a process that runs tools."""
    return {f"{PREFIX}{name}": value.get_secret_value() for name, value in settings.secrets.items()}


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
