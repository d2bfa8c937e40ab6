"""B11, B14, B18, B22, B23, B27: what anonymous callers may learn, choose or send."""

import httpx2

from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account, processor_s, try_password
from tests.stack import Stack

WEAK = ("password", "12345678", "qwertyuiop", " " * 8, "Password123!", "chimera1", "aaaaaaaa")
FOREIGN = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "")
PROMPTS = ("[[sim:" * 16_000, "1" * 99_000, "[[sim: a=" + " " * 90_000 + '"]]')
USED_S = 2.0
"""The simulator's processor time for a prompt of 100,000 characters; in quadratic time, it was 27 s."""


async def weak_passwords(stack: Stack) -> Seen:
    seen, email = Seen(), await new_account(stack)
    async with client_of(stack, address="127.0.7.1") as client:
        tokens = (await try_password(client, email, PASSWORD)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        for weak in (*WEAK, email):
            change = {"current_password": PASSWORD, "new_password": weak}
            answer = await client.post(f"{API}/auth/password", json=change)
            seen.expect(answer.status_code == httpx2.codes.UNPROCESSABLE_ENTITY, f"{weak!r} was accepted")
    return seen


async def foreign_names(stack: Stack) -> Seen:
    seen = Seen()
    async with client_of(stack) as client:
        for name in FOREIGN:
            for path in ("/docs", "/", f"{API}/tasks", "/ws"):
                answer = await client.get(path, headers={"Host": name})
                seen.expect(answer.status_code == httpx2.codes.MISDIRECTED_REQUEST, f"{path} for {name!r}")
            # Health probes send any host name, or none.
            health = await client.get("/health", headers={"Host": name})
            seen.expect(health.json().keys() == {"status"}, f"/health for {name!r}: {health.text[:100]}")
    return seen


async def what_anonymous_callers_learn(stack: Stack) -> Seen:
    """Check that health checks reveal only the status, and that pages load nothing from other hosts."""
    seen = Seen()
    async with client_of(stack) as client:
        for path in ("/health", "/health/ready"):
            seen.expect((await client.get(path)).json().keys() == {"status"}, f"{path} reveals more than its status")
        for path in ("/", "/docs"):
            policy = (await client.get(path, headers={"Accept": "text/html"})).headers["Content-Security-Policy"]
            seen.expect("unsafe" not in policy and "://" not in policy, f"the policy for {path} is {policy}")
    return seen


async def tokens_in_addresses(stack: Stack) -> Seen:
    """Send a token in an address, where the API doesn't expect it, and check that no log contains it."""
    seen, canary = Seen(), "eyJhbGciOiJIUzI1NiJ9.CANARY.CANARY"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    async with client_of(stack) as client:
        for path in ("/ws", "/ws/test", "/ws/none", f"{API}/tasks", f"{API}/auth/login", "/health", "/none"):
            for headers in ({}, {**upgrade, **key}, {**upgrade, **key, "Origin": "https://evil.example"}, upgrade):
                await client.get(f"{path}?token={canary}&other=CANARY", headers=headers)
                seen.trials += 1
    logs = [path for path in (stack.settings.data_dir / "logs").iterdir() if path.is_file()]
    for log in logs:
        seen.expect("CANARY" not in log.read_text("utf-8", "replace"), f"{log.name} contains a token from an address")
    return seen


async def long_texts(stack: Stack) -> Seen:
    seen = Seen()
    for text in ("word " * 199_000, "😀" * 240_000, "x" * 999_000):
        answer = await stack.api.post(f"{API}/ai/tokens/count", json={"model": "openai/gpt-5", "text": text})
        seen.expect(answer.is_success, f"{len(text)} characters: {answer.status_code}")
    return seen


async def prompts_of_the_simulator(stack: Stack) -> Seen:
    seen = Seen()
    for prompt in PROMPTS:
        before = _simulator_s(stack)
        body = {"model": "standard", "messages": [{"role": "user", "content": prompt}], "max_tokens": 5}
        url = f"http://127.0.0.1:{stack.settings.simulator_port}/v1/chat/completions"
        async with httpx2.AsyncClient(timeout=60) as client:
            await client.post(url, json=body)
        used = _simulator_s(stack) - before
        seen.figures[f"{prompt[:6]!r}, s"] = round(used, 2)
        seen.expect(used < USED_S, f"{prompt[:9]!r}… took {used:.1f} s")
    return seen


def _simulator_s(stack: Stack) -> float:
    simulator = stack.services.simulator
    assert simulator is not None, "a benchmark's stack has one"
    return processor_s(simulator)


FINDINGS = (
    Finding("B11", "no prompt blocks the simulator", prompts_of_the_simulator),
    Finding("B14", "common passwords are rejected", weak_passwords),
    Finding("B18", "logs don't contain tokens from addresses", tokens_in_addresses),
    Finding("B22", "foreign host names are rejected", foreign_names),
    Finding(
        "B23",
        "anonymous callers can't see the stack's parts, and pages load nothing from other hosts",
        what_anonymous_callers_learn,
    ),
    Finding("B27", "texts of any size are counted", long_texts),
)
