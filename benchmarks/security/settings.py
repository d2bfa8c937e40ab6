"""B21: settings that make an installation insecure, and starts that must reject them."""

import asyncio
import os
import sys
import tempfile
from uuid import uuid4

from benchmarks.security.finding import Finding, Seen
from tests.ports import free_port
from tests.stack import Stack

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
            env={"PATH": os.environ["PATH"], "HOME": folder, "CHIMERA_API_PORT": str(free_port()), **variables},
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


FINDINGS = (Finding("B21", "weak settings are rejected by name, with an error exit code", weak_settings),)
