"""S49: what answers reveal about the implementation, with all servers up and with each one down, and open ports."""

import ipaddress
import random
import re
import socket

import httpx2
import psutil

from benchmarks.security.finding import Finding, Seen, client_of
from benchmarks.security.malformed import malformed
from benchmarks.security.processes import running
from tests.faults.lab import crash, revive
from tests.stack import Stack

REQUESTS = 500
AWAY = ("redis", "temporal", "simulator", "postgres")
WHILE_AWAY = 20
SEED = 49
SENT, UNSENT = "malformed requests sent", "rejected by the client before sending"
REVEALING = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|sqlalchemy|psycopg|SELECT |INSERT INTO|UPDATE \w+ SET|\bFROM \w+ WHERE"
    r"|relation \"|column \"|syntax error|pydantic|starlette|uvicorn|/home/|/root/|/usr/|/tmp/|unix://|postgresql:|redis:"
)
DEBUG = (
    *("/metrics", "/debug", "/debug/pprof", "/.git/config", "/.git/HEAD", "/.env", "/config", "/admin", "/console"),
    *("/server-status", "/actuator", "/actuator/env", "/phpinfo.php", "/swagger.json", "/graphql", "/main.js.map"),
    *("/static/../.env", "/docs/../api/app.py", "/%2e%2e/.env", "/..%2f.env", "/docs/swagger-ui.js.map", "/redoc"),
    *("/api/v1/debug", "/api/v1/../../.env", "/api/app.py", "/secrets.json", "/cli.json"),
)


async def what_answers_reveal(stack: Stack) -> Seen:
    seen, chance = Seen(), random.Random(SEED)
    await ask(stack, seen, chance, REQUESTS, {500, 502, 503, 504})
    for name in AWAY:
        part = running(stack)[name]
        await crash(part)
        try:
            await ask(stack, seen, chance, WHILE_AWAY, {500, 502}, f" without {name}")
        finally:
            await revive(part)
    async with client_of(stack) as client:
        for path in DEBUG:
            for method in ("GET", "POST"):
                answer = await client.request(method, path)
                seen.expect(answer.status_code in (401, 404, 405), f"{method} {path}: {answer.status_code}")
                _judge(seen, answer, {500})
    _ports(stack, seen)
    seen.decisions += [
        "Temporal and its Web UI have no sign-in, and listen only on this machine (docs/how-to/run-in-production.md)",
        "for the roles in PostgreSQL and Redis, see B24",
    ]
    return seen


async def ask(stack: Stack, seen: Seen, chance: random.Random, number: int, wrong: set[int], when: str = "") -> None:
    """Send a number of malformed requests and judge the answers.

    A request that our own client refuses to send is counted, and another one is sent instead.
    """
    for _ in range(number):
        while (answer := await malformed(stack, chance)) is None:
            seen.figures[UNSENT] = seen.figures.get(UNSENT, 0) + 1
        _judge(seen, answer, wrong, when)
    seen.figures[SENT] = seen.figures.get(SENT, 0) + number


def _judge(seen: Seen, answer: httpx2.Response, wrong: set[int], when: str = "") -> None:
    revealed = REVEALING.search(answer.text) if "html" not in answer.headers.get("content-type", "") else None
    asked = f"{answer.request.method} {str(answer.request.url.path)[:60]}{when}"
    seen.expect(answer.status_code not in wrong, f"{asked}: {answer.status_code}")
    seen.expect(revealed is None, f"{asked} reveals {revealed and revealed[0]!r}")


def _ports(stack: Stack, seen: Seen) -> None:
    """Check that all ports listen on loopback addresses, and can't be reached at the machine's other addresses."""
    for name, process in running(stack).items():
        tree = psutil.Process(process.pid)
        for each in (tree, *tree.children(recursive=True)):
            for connection in each.net_connections(kind="inet"):
                if connection.status != psutil.CONN_LISTEN:
                    continue
                host, port = connection.laddr
                seen.expect(ipaddress.ip_address(host).is_loopback, f"{name} listens on {host}:{port}")
                for address in _outward():
                    reached = _connects(address, port)
                    seen.expect(not reached, f"port {port} of {name} is reachable at {address}")
    seen.figures["addresses tried from outside"] = len(_outward())


def _outward() -> list[str]:
    found = (each.address for card in psutil.net_if_addrs().values() for each in card if each.family == socket.AF_INET)
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


def _connects(address: str, port: int) -> bool:
    with socket.socket() as trying:
        trying.settimeout(2)
        return trying.connect_ex((address, port)) == 0


FINDINGS = (
    Finding(
        "S49",
        "no response is 500 or reveals SQL, files or code, and all ports listen only on this machine",
        what_answers_reveal,
    ),
)
