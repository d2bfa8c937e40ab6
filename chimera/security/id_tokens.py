"""Checks ID tokens of an identity provider: signature, issuer, audience, times and nonce."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from models.errors import SignInRefused

ALGORITHMS = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "EdDSA": "OKP",
}
"""The accepted algorithms with the type of their keys: only signatures with a private key, so that neither a public key
nor the client's secret can sign."""
LEEWAY_SECONDS = 30
MAX_TOKEN_CHARS = 16_384
MAX_SUBJECT_CHARS = 255

Claims = dict[str, Any]
Keys = Sequence[Mapping[str, Any]]


def key_id_of(token: str) -> str | None:
    """Return the ID of the key that a token claims to be signed with. Raises SignInRefused for odd tokens."""
    key_id = _header_of(token).get("kid")
    return key_id if isinstance(key_id, str) else None


def checked(token: str, keys: Keys, *, issuer: str, client_id: str, nonce: str) -> Claims:
    """Return the claims of a valid token. Raises SignInRefused, whose `reason` is for the log only."""
    algorithm = _header_of(token).get("alg")
    if algorithm not in ALGORITHMS:
        raise SignInRefused(f"algorithm {str(algorithm)[:20]!r}")
    key = _key_of(token, keys, algorithm)
    try:
        claims: Claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise SignInRefused(type(error).__name__) from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", client_id if not several else None) != client_id:
        raise SignInRefused("azp")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise SignInRefused("nonce")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= MAX_SUBJECT_CHARS or "\0" in claims["sub"]:
        raise SignInRefused("sub")
    return claims


def _header_of(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_CHARS:
        raise SignInRefused("size")
    try:
        return dict(jwt.get_unverified_header(token))
    except (PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise SignInRefused(type(error).__name__) from error


def _key_of(token: str, keys: Keys, algorithm: str) -> jwt.PyJWK:
    """Return the provider's key for this token. Keys or addresses in the token itself are ignored."""
    key_id = key_id_of(token)
    fitting = [
        key
        for key in keys
        if key.get("kty") == ALGORITHMS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (key_id is None or key.get("kid") == key_id)
    ]
    if len(fitting) != 1:
        raise SignInRefused(f"{len(fitting)} keys fit")
    try:
        return jwt.PyJWK(dict(fitting[0]), algorithm)
    except (PyJWTError, ValueError, TypeError) as error:
        raise SignInRefused(type(error).__name__) from error
