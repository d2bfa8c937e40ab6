"""Temporal behind TLS: certificates made for a test, and a proxy that terminates TLS in front of a server without it.

The proxy can inspect requests and change them byte by byte. It recognises HTTP/2 headers by their Huffman code.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

T = TypeVar("T")
Edit = Callable[[bytes], bytes]

_CODES = {
    " ": "010100",
    "/": "011000",
    ".": "010111",
    "1": "00001",
    "B": "1011101",
    "a": "00011",
    "c": "00100",
    "e": "00101",
    "i": "00110",
    "l": "101000",
    "m": "101001",
    "o": "00111",
    "p": "101011",
    "r": "101100",
    "s": "01000",
    "t": "01001",
    "v": "1110111",
}
"""The part of the Huffman code for HTTP/2 headers (RFC 7541, appendix B) that the tests need."""


def huffman(text: str) -> bytes:
    """Encode a header's value, without the bits that don't fill the last byte."""
    bits = "".join(_CODES[letter] for letter in text)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, each in a file."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates, in its own folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(name)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        made = _builder(subject, subject, self._key).add_extension(constraints, critical=True)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def signed(
        self,
        name: str,
        *,
        ends: timedelta = timedelta(days=1),
        usage: x509.ObjectIdentifier | None = None,
    ) -> Pair:
        """Sign a certificate for a host that expires after `ends`. With `usage`, it is valid for nothing else."""
        key = ec.generate_private_key(ec.SECP256R1())
        host = x509.DNSName(name) if name[0].isalpha() else x509.IPAddress(ip_address(name))
        made = (
            _builder(_named(name), _named(self._name), key, ends)
            .add_extension(x509.SubjectAlternativeName([host]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if usage is not None:
            made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        pair = Pair(self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key")
        pair.certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, ends: timedelta = timedelta(days=1)
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


@asynccontextmanager
async def tls_proxy(
    address: str, server: Pair, *, clients: Authority | None = None, edit: Edit = bytes
) -> AsyncIterator[str]:
    """Serve TLS in front of `address`, and yield the new address. `clients` must have signed a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server.certificate, server.key)
    context.set_alpn_protocols(["h2"])
    if clients is not None:
        context.load_verify_locations(clients.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    host, _, port = address.rpartition(":")
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(cast("asyncio.Task[None]", asyncio.current_task()))
        # The task is cancelled at the end, and the callback of asyncio's streams can't handle a cancelled task.
        with suppress(OSError, asyncio.CancelledError), closing(writer):
            client = _Tls(context, reader, writer)
            await client.shake_hands()
            there, back = await asyncio.open_connection(host, int(port))
            with closing(back):
                forth = asyncio.create_task(_requests(client, back, edit))
                await _answers(there, client)
                forth.cancel()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for connection in open_now:
            connection.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


class _Tls:
    """The server's side of a connection. asyncio's own TLS sends no alert to a client that it rejects."""

    def __init__(self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._come, self._go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._come, self._go, server_side=True)

    async def shake_hands(self) -> None:
        """Raise SSLError for a client without the right certificate, after notifying the client."""
        try:
            await self._until_done(self._tls.do_handshake)
        except ssl.SSLError:
            await self._flush()
            self._writer.write_eof()
            # If the connection were closed with unread bytes, it would be reset and the alert lost.
            await self._reader.read()
            raise

    async def read(self) -> bytes:
        return await self._until_done(lambda: self._tls.read(65536))

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def _until_done(self, step: Callable[[], T]) -> T:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._reader.read(65536)
                if not data:
                    raise ConnectionResetError from None
                self._come.write(data)
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        self._writer.write(self._go.read())
        await self._writer.drain()


async def _requests(client: _Tls, server: asyncio.StreamWriter, edit: Edit) -> None:
    with suppress(OSError):
        while data := await client.read():
            server.write(edit(data))
            await server.drain()
    server.close()


async def _answers(server: asyncio.StreamReader, client: _Tls) -> None:
    while data := await server.read(65536):
        await client.write(data)
