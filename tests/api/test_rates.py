"""Request rates over HTTP: of users, of addresses without a token, and of starts."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.deps import API, STARTS
from chimera.config.settings import Settings
from tests.api.conftest import SignUp, client_of, new_task
from tests.api.routes.test_streams import close_code, opened, received

MOST = 40


@asynccontextmanager
async def limited(settings: Settings, processes: int = 1, **limits: int) -> AsyncIterator[list[FastAPI]]:
    """Run API processes with these limits."""
    async with AsyncExitStack() as running:
        apps = [create_app(settings.model_copy(update=limits)) for _ in range(processes)]
        for app in apps:
            await running.enter_async_context(app.router.lifespan_context(app))
        yield apps


def as_user(app: FastAPI, who: httpx2.AsyncClient, address: str | None = None) -> httpx2.AsyncClient:
    """Return a client of `app` that is signed in as the user of another client."""
    client = client_of(app, address)
    client.headers["Authorization"] = who.headers["Authorization"]
    return client


async def _codes(send: Callable[[int], Awaitable[httpx2.Response]], times: int) -> Counter[int]:
    return Counter([(await send(number)).status_code for number in range(times)])


async def test_processes_share_a_users_requests(api_settings: Settings, sign_up: SignUp, patience: None) -> None:
    carol, dave = await sign_up(), await sign_up()
    async with limited(api_settings, 4, max_requests_per_minute=MOST) as apps:
        clients = [as_user(app, carol) for app in apps]
        codes = await _codes(lambda number: clients[number % 4].get(f"{API}/tasks"), 2 * MOST)
        assert codes == {200: MOST, 429: MOST}
        assert (await as_user(apps[0], dave).get(f"{API}/tasks")).status_code == 200


async def test_the_quick_read_is_counted_too(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    task_id = (await new_task(carol))["id"]
    async with limited(api_settings, max_requests_per_minute=MOST) as (app,):
        client = as_user(app, carol)
        assert await _codes(lambda _: client.get(f"{API}/tasks/{task_id}"), MOST + 5) == {200: MOST, 429: 5}


async def test_a_refusal_names_the_limit_and_the_wait(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with limited(api_settings, max_requests_per_minute=1) as (app,):
        client = as_user(app, carol)
        await client.get(f"{API}/tasks")
        refused = await client.get(f"{API}/tasks")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 120
    assert refused.json()["code"] == "too_many_requests"
    assert "CHIMERA_MAX_REQUESTS_PER_MINUTE" in refused.json()["detail"]


async def test_headers_say_what_is_left(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with limited(api_settings, max_requests_per_minute=MOST) as (app,):
        headers = [(await as_user(app, carol).get(f"{API}/tasks")).headers for _ in range(2)]
    assert headers[0]["RateLimit-Policy"] == f'"user";q={MOST};w=60'
    assert headers[1]["RateLimit"].startswith(f'"user";r={MOST - 2};t=')


async def test_addresses_are_counted_without_a_token(api_settings: Settings) -> None:
    async with limited(api_settings, max_anonymous_requests_per_minute=MOST) as (app,):
        one, other = client_of(app, "192.0.2.1"), client_of(app, "192.0.2.2")
        paths = ("/docs", "/openapi.json", f"{API}/tasks", "/nothing")
        codes = await _codes(lambda number: one.get(paths[number % 4]), 2 * MOST)
        assert codes[429] == MOST
        assert (await other.get("/docs")).status_code == 200


async def test_wrong_tokens_count_toward_the_address(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with limited(api_settings, max_anonymous_requests_per_minute=MOST) as (app,):
        guesser = client_of(app, "192.0.2.3")

        def guess(number: int) -> Awaitable[httpx2.Response]:
            return guesser.get(f"{API}/tasks", headers={"Authorization": f"Bearer guess-{number}"})

        assert await _codes(guess, MOST + 5) == {401: MOST, 429: 5}
        # A user at the same address isn't affected.
        assert (await as_user(app, carol, "192.0.2.3").get(f"{API}/tasks")).status_code == 200


@pytest.mark.parametrize(
    ("way", "address"),
    [("address", "192.0.2.4"), ("ticket", "192.0.2.5"), ("token", "192.0.2.6"), ("header", "192.0.2.7")],
)
async def test_failed_socket_sign_ins_are_counted(
    api_settings: Settings, sign_up: SignUp, way: str, address: str
) -> None:
    carol, most = await sign_up(), 4
    async with limited(api_settings, max_anonymous_requests_per_minute=most) as (app,):
        codes = Counter([await _guess(app, way, address, number) for number in range(most + 3)])
        assert codes == {4401: most, 4429: 3}
        # A user at the same address isn't affected.
        async with opened(app, {"Authorization": carol.headers["Authorization"]}, address=address) as socket:
            assert await received(socket) == {"type": "authenticated"}


async def _guess(app: FastAPI, way: str, address: str, number: int) -> int:
    """Try to sign in to a WebSocket with a wrong ticket or token; return the close code."""
    path = f"/ws?ticket=guess-{number}" if way == "address" else "/ws"
    headers = {"Authorization": f"Bearer guess-{number}"} if way == "header" else None
    async with opened(app, headers, path, address) as socket:
        if way in ("ticket", "token"):
            await socket.send_json({"type": "authenticate", way: f"guess-{number}"})
        return await close_code(socket)


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
        ("POST", f"{API}/auth/refresh"),
        ("POST", f"{API}/auth/oidc/start"),
        ("POST", f"{API}/codec/guess/decode"),
    ],
)
async def test_public_addresses_are_counted_with_a_token(
    two_per_minute: FastAPI, method: str, path: str, header: str
) -> None:
    client = client_of(two_per_minute)
    client.headers[header] = "guess"
    codes = [(await client.request(method, path, json={})).status_code for _ in range(3)]
    assert 429 not in codes[:2]
    assert codes[2] == 429


async def test_health_probes_with_a_token_are_not_counted(two_per_minute: FastAPI) -> None:
    client = client_of(two_per_minute)
    client.headers["Authorization"] = "guess"
    assert await _codes(lambda _: client.get("/health/live"), 5) == {200: 5}


@pytest.fixture(scope="module")
async def two_per_minute(api_settings: Settings) -> AsyncIterator[FastAPI]:
    async with limited(api_settings, max_anonymous_requests_per_minute=2) as (app,):
        yield app


async def test_each_key_has_a_limit_of_its_own(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    made = [(await carol.post(f"{API}/auth/api-keys", json={"name": name, "scopes": ["read"]})).json() for name in "ab"]
    async with limited(api_settings, max_key_requests_per_minute=MOST) as (app,):
        one, other = client_of(app), client_of(app)
        for client, key in zip((one, other), made, strict=True):
            client.headers["X-Api-Key"] = key["key"]
        assert await _codes(lambda _: one.get(f"{API}/tasks"), MOST + 5) == {200: MOST, 429: 5}
        assert (await other.get(f"{API}/tasks")).headers["RateLimit-Policy"] == f'"key";q={MOST};w=60'


async def test_what_a_key_rejects_is_left_to_its_user(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    key = (await carol.post(f"{API}/auth/api-keys", json={"name": "a", "scopes": ["read"]})).json()["key"]
    limits = {"max_key_requests_per_minute": MOST, "max_requests_per_minute": 2 * MOST}
    async with limited(api_settings, **limits) as (app,):
        program, user = client_of(app), as_user(app, carol)
        program.headers["X-Api-Key"] = key
        assert await _codes(lambda _: program.get(f"{API}/tasks"), 4 * MOST) == {200: MOST, 429: 3 * MOST}
        assert await _codes(lambda _: user.get(f"{API}/tasks"), 2 * MOST) == {200: MOST, 429: MOST}


async def test_health_probes_are_not_counted(api_settings: Settings) -> None:
    async with limited(api_settings, max_anonymous_requests_per_minute=1) as (app,):
        client = client_of(app)
        assert await _codes(lambda _: client.get("/health/live"), 10) == {200: 10}


async def test_starts_are_counted_apart(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with limited(api_settings, max_starts_per_minute=3) as (app,):
        client = as_user(app, carol)
        body = {"goal": "Find out.", "start": False}
        assert await _codes(lambda _: client.post(f"{API}/tasks", json=body), 5) == {202: 3, 429: 2}
        assert (await client.get(f"{API}/tasks")).status_code == 200


async def test_new_notes_of_chats_are_starts(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with limited(api_settings, max_starts_per_minute=2) as (app,):
        client = as_user(app, carol)
        client.headers["Prefer"] = "wait=0"
        chat = (await client.post(f"{API}/chat/sessions", json={})).headers["Location"]
        assert (await client.post(f"{chat}/messages", json={"text": "Hello"})).status_code == 202
        # The second request for a summary finds the first one's.
        notes = ("summary", "summary", "suggestions", "summary")
        answers = [await client.get(f"{chat}/{note}") for note in notes]
        assert [each.status_code for each in answers] == [202, 202, 429, 202]
        assert answers[2].json()["code"] == "too_many_requests"
        assert "CHIMERA_MAX_STARTS_PER_MINUTE" in answers[2].json()["detail"]
        assert len({each.json()["id"] for each in answers if each.is_success}) == 1
    async with limited(api_settings) as (app,):
        assert (await as_user(app, carol).get(f"{chat}/suggestions", headers={"Prefer": "wait=0"})).status_code == 202


async def test_an_unreachable_redis_rejects_nobody(api_settings: Settings, sign_up: SignUp) -> None:
    carol = await sign_up()
    limits = {"max_requests_per_minute": MOST, "redis_url": "redis://127.0.0.1:9/0"}
    async with limited(api_settings.model_copy(update=limits)) as (app,):
        client = as_user(app, carol)
        assert await _codes(lambda _: client.get(f"{API}/tasks"), MOST + 5) == {200: MOST, 429: 5}


@pytest.mark.parametrize("start", sorted(STARTS), ids=" ".join)
def test_each_listed_start_is_a_route(app: FastAPI, start: tuple[str, str]) -> None:
    method, path = start
    routes = {(each, route.path) for route in iter_route_contexts(app.routes) for each in route.methods or ()}
    assert (method, path if path.startswith("/v1/") else f"{API}{path}") in routes
