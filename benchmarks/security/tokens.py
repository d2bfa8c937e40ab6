"""S01, S02, S03, S05: requests without credentials, forged and outdated tokens, and refresh tokens used twice."""

import asyncio
import base64
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import uuid4

import httpx2
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from httpx2.websockets import AsyncWebSocketClient, WebSocketDisconnect

from api.deps import PUBLIC, SOCKETS
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account, try_password
from chimera.security.sessions import AUDIENCE, CODEC_AUDIENCE, ISSUER, secret_of
from tests.stack import Stack

ROUNDS = 10
Claims = dict[str, Any]


async def without_credentials(stack: Stack) -> Seen:
    """Send each documented request, and open each WebSocket, without credentials and with invalid ones."""
    seen = Seen()
    async with client_of(stack, address="127.0.30.1") as client:
        document = (await client.get("/openapi.json")).json()
        routes = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
        closed = [route for route in routes if route not in PUBLIC]
        for method, path in closed:
            address = re.sub(r"\{\w+\}", str(uuid4()), path)
            for headers in ({}, {"Authorization": "Bearer x"}, {"X-Api-Key": "ck_x"}, {"Cookie": "session=x"}):
                status = (await client.request(method, address, headers=headers, json={})).status_code
                seen.expect(status == 401, f"{method} {path} with {sorted(headers)}: {status}")
        for path in sorted(SOCKETS):
            code = await _close_code(client, path)
            seen.expect(code == 4401, f"{path}: {code}")
    seen.figures |= {"closed routes": len(closed), "public routes": len(PUBLIC)}
    seen.decisions.append(
        f"{len(PUBLIC)} routes are public instead of 5; docs/reference/security.md has the reason for each"
    )
    return seen


async def forged(stack: Stack) -> Seen:
    """Send tokens that weren't signed here; some of them point to keys on a server that counts its visitors."""
    seen, took_ms = Seen(), list[float]()
    async with client_of(stack, address="127.0.30.2") as client, _visitors() as (url, visits):
        claims = await _own_claims(stack, client)
        tokens = _forgeries(claims, url)
        for name, token in tokens.items():
            began = time.perf_counter()
            answer = await client.get(f"{API}/auth/me", headers=[(b"authorization", b"Bearer " + token.encode())])
            took_ms.append((time.perf_counter() - began) * 1000)
            seen.expect(answer.status_code in (401, 431), f"{name}: {answer.status_code}")
        seen.expect(not visits, f"{len(visits)} outbound requests")
    seen.figures |= {"median ms": round(median(took_ms), 1), "longest ms": round(max(took_ms), 1)}
    seen.decisions.append("times are reported, not judged, because the machine may be busy")
    return seen


async def outdated(stack: Stack) -> Seen:
    """Send tokens that were signed here, but have expired, lack claims or are of another kind."""
    seen = Seen()
    async with client_of(stack, address="127.0.30.3") as client:
        claims, secret = await _own_claims(stack, client), secret_of(stack.settings)
        now = datetime.now(UTC)
        changes: dict[str, Claims] = {
            "expired": {"exp": now - timedelta(seconds=61)},
            "not yet valid": {"nbf": now + timedelta(seconds=61)},
            "another audience": {"aud": "other"},
            "several audiences": {"aud": ["other"]},
            "another issuer": {"iss": "other"},
            "a codec pass": {"typ": "codec", "aud": CODEC_AUDIENCE},
            "another kind": {"typ": "ticket"},
            "an unknown session": {"sid": str(uuid4())},
            "an unknown user": {"sub": str(uuid4())},
            "odd claims": {"sub": ["x"], "exp": "soon"},
            **{f"without {name}": {name: None} for name in ("exp", "iat", "iss", "aud", "sub", "sid", "typ", "jti")},
        }
        for name, change in changes.items():
            changed = {key: value for key, value in (claims | change).items() if value is not None}
            token = jwt.encode(changed, secret, "HS256")
            seen.expect(await _status(client, token) == 401, f"{name} is accepted")
        refresh = (await try_password(client, await new_account(stack), PASSWORD)).json()["refresh_token"]
        seen.expect(await _status(client, refresh) == 401, "a refresh token is accepted")
        seen.expect(await _status(client, jwt.encode(claims, secret, "HS256")) == 200, "the control is rejected")
    return seen


async def refreshes(stack: Stack) -> Seen:
    """Use refresh tokens twice, one after the other and at the same time."""
    seen = Seen()
    email = await new_account(stack)
    async with client_of(stack, address="127.0.30.4") as client:
        for _ in range(ROUNDS):
            first = (await try_password(client, email, PASSWORD)).json()["refresh_token"]
            second = (await _refresh(client, first)).json()["refresh_token"]
            seen.expect((await _refresh(client, first)).status_code == 401, "a used token works again")
            seen.expect((await _refresh(client, second)).status_code == 401, "the session continues after a reuse")
        for _ in range(ROUNDS):
            token = (await try_password(client, email, PASSWORD)).json()["refresh_token"]
            answers = await asyncio.gather(*(_refresh(client, token) for _ in range(8)))
            worked = [answer.status_code for answer in answers].count(200)
            seen.expect(worked <= 1, f"{worked} of 8 simultaneous refreshes succeed")
    return seen


def _forgeries(claims: Claims, url: str) -> dict[str, str]:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = own.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    guess = jwt.encode(claims, "another secret that is long enough for it", "HS256")
    head, body, signature = guess.split(".")
    tokens = {f"algorithm {name}": _signed_as({"alg": name}, claims) for name in ("none", "None", "NONE", "nOnE", "")}
    tokens |= {
        f"the public key as a secret, {name}": _signed_as({"alg": name, "typ": "JWT"}, claims, public, digest)
        for name, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"))
    }
    tokens |= {f"algorithm {name}": jwt.encode(claims, private, name) for name in ("RS256", "PS256")}
    for name, value in (("path", "../../dev/null"), ("SQL", "' OR 1=1 --"), ("URL", url), ("empty", "")):
        tokens[f"kid with {name}"] = jwt.encode(claims, "x" * 40, "HS256", headers={"kid": value})
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 40).decode()}
    headers: Claims = {"jku": url, "x5u": url, "jwk": jwk, "x5c": [url], "crit": ["exp"], "zip": "DEF"}
    for header, content in headers.items():
        tokens[f"header {header}"] = jwt.encode(claims, "x" * 40, "HS256", headers={header: content})
    return tokens | {
        "another secret": guess,
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "two signatures": f"{guess}.{signature}",
        "64 KB": f"{head}.{body}.{'a' * 60_000}",
        "not Base64": "é.é.é".encode().decode("latin-1"),
        "nothing": "..",
        "a number": "1",
        "JSON": '{"alg":"none"}',
    }


def _signed_as(header: Claims, claims: Claims, secret: bytes = b"", digest: str = "") -> str:
    """Sign by hand, because PyJWT refuses a public key as a secret; without a secret, the signature is empty."""
    said = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
    return f"{said}.{_part(hmac.digest(secret, said.encode(), digest)) if secret else ''}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


async def _own_claims(stack: Stack, client: httpx2.AsyncClient) -> Claims:
    token = (await try_password(client, await new_account(stack), PASSWORD)).json()["access_token"]
    claims: Claims = jwt.decode(token, secret_of(stack.settings), ["HS256"], audience=AUDIENCE, issuer=ISSUER)
    return claims


async def _status(client: httpx2.AsyncClient, token: str) -> int:
    return (await client.get(f"{API}/auth/me", headers={"Authorization": f"Bearer {token}"})).status_code


async def _refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/refresh", json={"refresh_token": token})


async def _close_code(client: httpx2.AsyncClient, path: str) -> int:
    async with AsyncWebSocketClient(client).connect(path) as socket:
        await socket.send_text('{"type":"ping"}')
        try:
            await socket.receive_json()
        except WebSocketDisconnect as closed:
            return int(closed.code)
    return 0


@asynccontextmanager
async def _visitors() -> AsyncIterator[tuple[str, list[str]]]:
    """Listen on loopback, and yield the address and the list of connections."""
    visits: list[str] = []

    async def visited(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys.json", visits


FINDINGS = (
    Finding("S01", "without valid credentials, nothing answers that isn't public", without_credentials),
    Finding("S02", "no forged token is accepted, and none causes a request", forged),
    Finding("S03", "no outdated, incomplete or other token is accepted", outdated),
    Finding("S05", "a refresh token works once; a second use ends the session", refreshes),
)
