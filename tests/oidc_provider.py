"""An OpenID Connect provider in its own process, which signs with real keys: `python -m tests.oidc_provider --port N`.

It gives codes without asking anyone, for the user in the parameter `login_as` (claims as JSON). The next ID token has
the faults that were sent to `/faults`. Codes work once, for their client, redirect URL and PKCE verifier.
"""

import argparse
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "chimera"
CLIENT_SECRET = "the secret of a client of these tests"
REDIRECT_URL = "https://console.example/sign-in"

Claims = dict[str, Any]


class Provider:
    """The state of the provider."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key, self.other_key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
        self.codes: dict[str, Claims] = {}
        self.faults: Claims = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/faults", self._set_faults, methods=["POST"]),
            ]
        )

    async def _configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )

    async def _keys(self, _: Request) -> Response:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return JSONResponse({"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]})

    async def _set_faults(self, request: Request) -> Response:
        self.faults = await request.json()
        return JSONResponse({})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if (asked["client_id"], asked["redirect_uri"]) != (CLIENT_ID, REDIRECT_URL):
            return Response("unknown client or redirect URL", 400)
        if asked["code_challenge_method"] != "S256" or asked["response_type"] != "code":
            return Response("PKCE is required", 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return RedirectResponse(f"{REDIRECT_URL}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20')}".encode()).decode()
        asked = self.codes.pop(sent.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest()).decode()
        is_right = (
            request.headers.get("authorization") == f"Basic {pair}"
            and asked is not None
            and sent["redirect_uri"] == REDIRECT_URL
            and challenge.rstrip("=") == asked["code_challenge"]
        )
        if asked is None or not is_right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"token_type": "Bearer", "access_token": "x", "id_token": self._id_token(asked)})

    def _id_token(self, asked: Claims) -> str:
        faults, self.faults = self.faults, {}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= json.loads(asked.get("login_as", "{}"))
        claims |= {"exp": now - 3600} if faults.get("expired") else {}
        claims = {name: value for name, value in (claims | faults.get("claims", {})).items() if value is not None}
        match faults.get("signature"):
            case "none":
                return jwt.encode(claims, "", "none", headers={"kid": "one"})
            case "public key":
                return self._signed_with_public_key(claims)
            case "other key":
                return jwt.encode(claims, self.other_key, "RS256", headers={"kid": "one"})
            case "own header":
                key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.other_key.public_key()))
                return jwt.encode(claims, self.other_key, "RS256", headers={"kid": "one", "jwk": key})
            case "client secret":
                return jwt.encode(claims, CLIENT_SECRET, "HS256", headers={"kid": "one"})
            case "unknown key":
                return jwt.encode(claims, self.other_key, "RS256", headers={"kid": "two"})
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "one"})

    def _signed_with_public_key(self, claims: Claims) -> str:
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head, body = (
            base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
            for each in ({"alg": "HS256", "kid": "one"}, claims)
        )
        signature = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
        return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(Provider(f"http://127.0.0.1:{port}").app(), port=port, log_config=None)


if __name__ == "__main__":
    main()
