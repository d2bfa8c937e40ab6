"""Check whether Temporal can be reached and, if not, which setting is at fault.

The check uses plain HTTP/2 instead of Temporal's SDK: the SDK's errors name no setting, and in a short-lived process,
its client can abort the interpreter at exit (sdk-python #300). No reason contains an address, a path or a key.
"""

import asyncio
import ssl
from dataclasses import dataclass

from chimera.config.temporal_tls import (
    CLIENT_CERT,
    CLIENT_KEY,
    SERVER_CA,
    SERVER_NAME,
    SWITCH,
    TemporalTls,
    UnusableFile,
)

_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""The preface of a client and its empty SETTINGS frame (RFC 9113, 3.4); a server's first frame is SETTINGS too."""
_FRAME_HEADER_BYTES, _SETTINGS_FRAME = 9, 4
_TLS_ALERT = b"\x15\x03"
"""The response of a server that expects TLS to anything else (RFC 8446, 5.1)."""

# OpenSSL's codes (x509_vfy.h).
_OUT_OF_DATE, _OTHER_NAME, _UNKNOWN_SIGNER = (9, 10), (62, 64), (2, 18, 19, 20, 21)

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
"""OpenSSL's reasons for bytes that aren't TLS; they differ by version."""


@dataclass(frozen=True)
class Problem:
    """Why Temporal can't be used: `reason` continues a sentence that begins with its name."""

    reason: str
    remedy: str = ""
    may_pass: bool = False
    """Whether waiting may help."""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"Temporal {self.reason}.", self.remedy)))


NOT_TEMPORAL = Problem(
    "responds, but not with Temporal's protocol. Temporal's port is usually 7233, and its Web UI has a different port",
    may_pass=True,
)
AWAY = Problem("can't be reached", may_pass=True)


async def problem_of(address: str, tls: TemporalTls) -> Problem | None:
    """Connect and send a first frame; return the problem, or None if Temporal responds. There is no timeout."""
    try:
        header = await _first_frame(address, tls)
    except UnusableFile as error:
        return unusable(error)
    except ssl.SSLCertVerificationError as error:
        return _distrusted(error, tls)
    except ssl.SSLEOFError:
        return _closed(tls)
    except ssl.SSLError as error:
        return _rejected(error, tls)
    except (ConnectionResetError, ConnectionAbortedError):
        return _closed(tls)
    except (OSError, UnicodeError):
        return AWAY
    if header.startswith(_TLS_ALERT):
        return Problem("expects TLS", f"Set {SWITCH}=true.")
    if not header:
        return _closed(tls)
    if len(header) != _FRAME_HEADER_BYTES or header[3] != _SETTINGS_FRAME:
        return NOT_TEMPORAL
    return None


def unusable(error: UnusableFile) -> Problem:
    """Return the problem with a file that was usable when the process started.

    The problem names only the setting: the path is for those who can read the settings.
    """
    return Problem("can't be contacted", f"The file named in {error.setting} can no longer be used. Correct the file.")


async def _first_frame(address: str, tls: TemporalTls) -> bytes:
    """Return the header of the server's first frame, or the part that arrived."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    context = tls.context() if tls.is_on else None
    name = (tls.server_name or host) if tls.is_on else None
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=name)
    try:
        writer.write(_HTTP2_HELLO)
        return await reader.readexactly(_FRAME_HEADER_BYTES)
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionError:
        return b""
    finally:
        writer.close()


def _closed(tls: TemporalTls) -> Problem:
    """Return the problem if the server closes the connection.

    Some servers reject a client without a TLS alert, and some proxies have no server behind them yet.
    """
    if not tls.is_on:
        remedy = f"If the server expects TLS, set {SWITCH}=true."
    elif tls.client_cert is None:
        remedy = f"If the server requires a client certificate, set {CLIENT_CERT} and {CLIENT_KEY}."
    else:
        remedy = f"Check that the server accepts the certificate in {CLIENT_CERT}."
    return Problem("closes the connection without a response", remedy, may_pass=True)


def _distrusted(error: ssl.SSLCertVerificationError, tls: TemporalTls) -> Problem:
    if error.verify_code in _OUT_OF_DATE:
        return Problem("has a certificate that has expired or isn't valid yet", "Renew the server's certificate.")
    if error.verify_code in _OTHER_NAME:
        name = f"{SERVER_NAME}, {tls.server_name!r}" if tls.server_name else "CHIMERA_TEMPORAL_ADDRESS"
        return Problem(
            f"has a certificate that isn't valid for the name in {name}",
            f"Set {SERVER_NAME} to a name in the server's certificate.",
        )
    if error.verify_code not in _UNKNOWN_SIGNER:
        return Problem(
            f"has an unacceptable certificate ({error.verify_message})",
            f"Replace the server's certificate, or correct {SERVER_CA}.",
        )
    signed_by = f"the authority in {SERVER_CA}" if tls.server_ca else "an authority trusted by this system"
    return Problem(
        f"has a certificate that isn't signed by {signed_by}",
        f"Set {SERVER_CA} to a file that contains the server's CA certificate.",
    )


def _rejected(error: ssl.SSLError, tls: TemporalTls) -> Problem:
    reason = str(error.reason or "")
    if any(word in reason for word in _NO_TLS):
        return Problem("doesn't use TLS", f"Set {SWITCH}=false, or correct CHIMERA_TEMPORAL_ADDRESS.")
    if "UNRECOGNIZED_NAME" in reason:
        return Problem("doesn't recognize the requested server name", f"Set or correct {SERVER_NAME}.")
    if "ALERT" not in reason:
        return Problem(f"can't be reached over TLS ({reason})", f"Correct the settings {SWITCH}_…")
    if tls.client_cert is None:
        return Problem(f"requires a client certificate ({_in_words(reason)})", f"Set {CLIENT_CERT} and {CLIENT_KEY}.")
    return Problem(
        f"rejects the client certificate in {CLIENT_CERT} ({_in_words(reason)})",
        f"Set {CLIENT_CERT} and {CLIENT_KEY} to a certificate that the server accepts.",
    )


def _in_words(reason: str) -> str:
    """Return an alert's name as words: TLSV13_ALERT_CERTIFICATE_REQUIRED is "certificate required"."""
    return reason.partition("ALERT_")[2].replace("_", " ").lower()
