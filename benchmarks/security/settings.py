"""B21, S06: settings that make an installation insecure, and starts that must reject them."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from benchmarks.security.finding import Finding, Seen, client_of, try_password
from chimera.local import kept_secrets
from chimera.local.folder import Folder
from chimera.security.accounts import FIRST_USER
from tests.ports import free_port
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
AT_ONCE = 3
LIMIT_S = 120.0
GOOD = {"CHIMERA_JWT_SECRET": uuid4().hex + uuid4().hex, "CHIMERA_ENV_FILE": ""}
WEAK = (
    *(("CHIMERA_JWT_SECRET", value) for value in ("", "short", "a" * 40, "changeme" * 4, " " * 40, "ab" * 32)),
    *(
        ("CHIMERA_CORS_ORIGINS", value)
        for value in ("null", "*", "https://*", "https://*.example", ".*", "https://x.example/", "javascript:alert(1)")
    ),
    *(
        ("CHIMERA_TEMPORAL_UI_URL", value)
        for value in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd")
    ),
    *(("CHIMERA_ACCESS_TOKEN_MINUTES", value) for value in ("0", "-1", "1000000000")),
    *(("CHIMERA_REFRESH_TOKEN_DAYS", value) for value in ("0", "100000")),
    *(("CHIMERA_ALLOWED_HOSTS", value) for value in ("*", "http://x.example")),
    *(("CHIMERA_SETUP_TOKEN", value) for value in ("short", "a" * 40)),
    *(("CHIMERA_REGISTRATION", value) for value in ("yes", "true")),
    *(("CHIMERA_TRUSTED_PROXIES", value) for value in ("*", "everybody")),
    *(("CHIMERA_OPENAI_BASE_URL", value) for value in ("file:///etc/passwd", "gopher://x")),
)


async def weak_settings(stack: Stack) -> Seen:
    """Start the API with each setting: it must end at once, and name the setting but no secret."""
    seen, places = Seen(), asyncio.Semaphore(AT_ONCE)
    addresses = {
        "CHIMERA_DATABASE_URL": stack.settings.database_url or "",
        "CHIMERA_REDIS_URL": stack.settings.redis_url or "",
        "CHIMERA_TEMPORAL_ADDRESS": stack.settings.temporal_address or "",
    }

    async def one(name: str, value: str) -> None:
        async with places:
            code, output = await _start({**addresses, **GOOD, name: value})
        what = f"{name}={value[:30]!r}"
        seen.expect(code not in (0, None), f"{what} is accepted")
        seen.expect(name in output, f"{what}: {output[-200:]}")
        seen.expect("Traceback" not in output, f"{what} ends with a traceback")
        if len(value) > 5 and name == "CHIMERA_JWT_SECRET":
            seen.expect(value not in output, f"{what} is printed")

    await asyncio.gather(*(one(name, value) for name, value in WEAK))
    return seen


async def _start(variables: dict[str, str]) -> tuple[int | None, str]:
    with tempfile.TemporaryDirectory(prefix="chimera-settings-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "api"),
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "HOME": folder,
                "CHIMERA_API_PORT": str(free_port()),
                **variables,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return None, ""
        return process.returncode, output.decode("utf-8", "replace")


async def defaults(stack: Stack) -> Seen:
    """Start without a secret and with weak settings, and compare the secrets and passwords of two fresh installs."""
    seen = await weak_settings(stack)
    code, output = await _start({"CHIMERA_ENV_FILE": ""})
    seen.expect(code not in (0, None) and "CHIMERA_JWT_SECRET" in output, f"without a secret: {output[-200:]}")
    made = [await _fresh_secrets() for _ in range(2)]
    for name in made[0]:
        seen.expect(made[0][name] != made[1][name], f"two installs share {name}")
        seen.expect(len(made[0][name]) >= 32, f"{name} is short")
    for password in ("admin", "password", "chimera", "changeme", "admin@chimera.local"):
        async with client_of(stack, address="127.0.32.1") as client:
            status = (await try_password(client, FIRST_USER, password)).status_code
        seen.expect(status == 401, f"the first user has the password {password!r}: {status}")
    return seen


async def _fresh_secrets() -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="chimera-secrets-") as place:
        folder = Folder.at(Path(place))
        names = (kept_secrets.SIGNING, kept_secrets.SUPERUSER, kept_secrets.DATABASE, kept_secrets.PAYLOADS)
        await asyncio.to_thread(kept_secrets.make, folder, *names)
        return {name: kept_secrets.kept(folder, name).get_secret_value() for name in names}


FINDINGS = (
    Finding("B21", "weak settings are rejected by name, with an error exit code", weak_settings),
    Finding("S06", "no start with missing or weak secrets; two installs share none; no default password", defaults),
)
