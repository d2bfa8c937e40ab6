"""TLS settings for a Temporal server of your own, checked before anything starts.

Error messages name settings and files, but never show anything from a key.
"""

import shlex
import ssl
from dataclasses import dataclass
from pathlib import Path

from chimera.config.addresses import is_near

SWITCH = "CHIMERA_TEMPORAL_TLS"
API_KEY = "CHIMERA_TEMPORAL_API_KEY"
CLIENT_CERT = "CHIMERA_TEMPORAL_TLS_CLIENT_CERT_PATH"
CLIENT_KEY = "CHIMERA_TEMPORAL_TLS_CLIENT_KEY_PATH"
SERVER_CA = "CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH"
SERVER_NAME = "CHIMERA_TEMPORAL_TLS_SERVER_NAME"


class UnusableFile(ValueError):
    """A file that a setting names can't be read, or isn't the right one."""

    def __init__(self, setting: str, path: Path, reason: str) -> None:
        super().__init__(f"{setting}: {str(path)!r} {reason}")
        self.setting = setting


@dataclass(frozen=True)
class TemporalTls:
    """The settings of one connection."""

    switch: bool | None = None
    has_api_key: bool = False
    client_cert: Path | None = None
    client_key: Path | None = None
    server_ca: Path | None = None
    server_name: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether TLS is used: as the switch says, or else if another setting needs it, as in Temporal's own SDKs."""
        return bool(self._named()) if self.switch is None else self.switch

    def check(self, address: str | None) -> None:
        """Raise ValueError, which names the setting, if a client of `address` can't use these settings."""
        named = [SWITCH] if self.switch and not self._named() else self._named()
        if named and address is None:
            raise ValueError(
                f"{named[0]} is set without CHIMERA_TEMPORAL_ADDRESS, but the embedded Temporal server supports"
                " neither TLS nor API keys. Set CHIMERA_TEMPORAL_ADDRESS to the address of your server, or leave"
                f" {named[0]} empty."
            )
        if address is not None:
            self._check_switch(address)
        self._check_pair()
        if self.is_on:
            self.context()

    def context(self) -> ssl.SSLContext:
        """Read the files into a context that speaks HTTP/2. Raises UnusableFile."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(["h2"])
        # As in Temporal's SDK, every certificate in the file is trusted, even an intermediate authority's.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.server_ca is None:
            context.load_default_certs()
        else:
            _trust(context, self.server_ca)
        if self.client_cert is not None and self.client_key is not None:
            _sign_in(context, self.client_cert, self.client_key)
        return context

    def _named(self) -> list[str]:
        """Return the names of the settings that turn TLS on."""
        given = {
            API_KEY: self.has_api_key,
            CLIENT_CERT: self.client_cert,
            CLIENT_KEY: self.client_key,
            SERVER_CA: self.server_ca,
            SERVER_NAME: self.server_name,
        }
        return [name for name, value in given.items() if value]

    def _check_switch(self, address: str) -> None:
        if self.switch is not False:
            return
        if unused := [name for name in self._named() if name != API_KEY]:
            raise ValueError(f"{unused[0]} is set, but {SWITCH} is off. Leave one of these settings empty.")
        # At a near address, a proxy or a private network may protect the key; elsewhere, each hop could read it.
        if self.has_api_key and not is_near(f"http://{address}"):
            raise ValueError(
                f"{API_KEY} would be sent to {address!r} without encryption, because {SWITCH} is off."
                f" To use TLS, leave {SWITCH} empty."
            )

    def _check_pair(self) -> None:
        if (self.client_cert is None) != (self.client_key is None):
            there, missing = (CLIENT_CERT, CLIENT_KEY) if self.client_key is None else (CLIENT_KEY, CLIENT_CERT)
            raise ValueError(f"{there} is set without {missing}. Set both settings, or leave both empty.")


def read(path: Path, setting: str) -> bytes:
    """Return the content of a file that a setting names. Raises UnusableFile."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableFile(setting, path, f"can't be read ({error.strerror}). Correct the path.") from None


def _pem(path: Path, setting: str, kind: str) -> str:
    """Return a file's text; comments beside the encoded data may contain any characters."""
    content = read(path, setting).decode("ascii", "ignore")
    if f"{kind}-----" not in content:
        reason = f"doesn't contain a {kind.lower()} in PEM format, which begins with -----BEGIN."
        raise UnusableFile(setting, path, reason)
    return content


def _trust(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cadata=_pem(path, SERVER_CA, "CERTIFICATE"))
    except ssl.SSLError:
        raise UnusableFile(
            SERVER_CA, path, "contains a certificate that can't be read. Replace the certificate."
        ) from None


def _sign_in(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    _pem(cert, CLIENT_CERT, "CERTIFICATE")
    if "ENCRYPTED" in _pem(key, CLIENT_KEY, "PRIVATE KEY"):
        command = shlex.join(["openssl", "pkey", "-in", str(key), "-out", str(key.with_suffix(".decrypted.pem"))])
        raise UnusableFile(CLIENT_KEY, key, f"is encrypted. Use a decrypted key. To decrypt this key, run: {command}")
    try:
        # Without a password, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        reason = (
            "doesn't belong to the certificate" if "MISMATCH" in str(error) else "can't be used with the certificate"
        )
        raise UnusableFile(
            CLIENT_KEY, key, f"{reason} {str(cert)!r} ({CLIENT_CERT}). Replace one of these files."
        ) from None
