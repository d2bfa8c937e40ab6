"""Conversion of values to payloads in Temporal: pydantic JSON without unset fields, encrypted if keys are set.

Payloads are encrypted with AES-256-GCM. Their metadata is the same as in Temporal's own samples, so that its tools
recognize them. Arguments, results, memos, summaries and details are encrypted, and so are the messages and traces of
failures, as encoded attributes. Everything that Temporal searches or sorts by stays readable: ids, which contain the
keys of subtasks, names of agents, types of errors, priorities, and the times when schedules are due.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

from chimera.config import payload_keys
from chimera.config.settings import Settings
from models.codec import CodecPayload, CodecPayloads

ENCODING, KEY_ID = "encoding", "encryption-key-id"
ENCRYPTED = b"binary/encrypted"
NONCE_BYTES = 12
"""The length of a nonce. Nonces are random, which is safe for 2^32 payloads per key (NIST SP 800-38D, 8.3): a thousand
per second for 50 days."""

_CONVERTERS = tuple(PydanticPayloadConverter(ToJsonOptions(exclude_unset=True)).converters.values())


class _LeanPayloadConverter(CompositePayloadConverter):
    """A converter whose parts, with their caches by type, are created only once.

    The SDK creates a new converter for every activation.
    """

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


DATA_CONVERTER = DataConverter(payload_converter_class=_LeanPayloadConverter)
"""Encrypts nothing and can't decrypt: for histories that were recorded unencrypted, and for data that must not depend
on a key."""


class PayloadUnreadable(RuntimeError):
    """A payload can't be decrypted here. In a worker, the workflow task or activity is retried until it can be.

    It is a RuntimeError, like the client's error for a server that it can't use now, so that code that waits for such a
    server also waits for the key.
    """


class Encryption(PayloadCodec):
    """Encrypts each payload with the first key, and decrypts it with the key that it names.

    Without keys, all payloads stay plain.
    """

    def __init__(self, settings: Settings) -> None:
        written = settings.payload_keys
        keys = {} if written is None else payload_keys.parse(written.get_secret_value())
        self._ciphers = {id.encode(): AESGCM(key) for id, key in keys.items()}
        self._first = next(iter(self._ciphers.items()), None)

    @property
    def is_on(self) -> bool:
        return self._first is not None

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys; the first key encrypts."""
        return tuple(id.decode() for id in self._ciphers)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads) if self._first is None else [self._encrypted(each, *self._first) for each in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt the encrypted payloads; the others are from before keys were set. Raises PayloadUnreadable."""
        return [self._decrypted(each) if each.metadata.get(ENCODING) == ENCRYPTED else each for each in payloads]

    async def decode_for_tools(self, asked: CodecPayloads) -> CodecPayloads:
        """Answer a request to a codec server. Raises PayloadUnreadable."""
        payloads = [Payload(metadata=each.metadata, data=each.data) for each in asked.payloads]
        plain = await self.decode(payloads)
        return CodecPayloads(payloads=tuple(CodecPayload(metadata=dict(p.metadata), data=p.data) for p in plain))

    def _encrypted(self, payload: Payload, id: bytes, cipher: AESGCM) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + cipher.encrypt(nonce, payload.SerializeToString(), id)
        return Payload(metadata={ENCODING: ENCRYPTED, KEY_ID: id}, data=data)

    def _decrypted(self, payload: Payload) -> Payload:
        id = payload.metadata.get(KEY_ID, b"")
        named = repr(id.decode(errors="replace")[:64])
        cipher = self._ciphers.get(id)
        if cipher is None:
            raise PayloadUnreadable(
                f"A payload in Temporal is encrypted with the key {named}, which this process doesn't have. Add this"
                " key to CHIMERA_PAYLOAD_KEYS after the first key, and restart the process."
            )
        nonce, data = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, data, id))
        except (InvalidTag, ValueError, DecodeError):
            raise PayloadUnreadable(
                f"A payload in Temporal can't be decrypted with the key {named}. The payload is damaged, or it was"
                " encrypted with a different key that has the same ID. Compare CHIMERA_PAYLOAD_KEYS in all processes."
            ) from None


def converter_of(encryption: Encryption) -> DataConverter:
    """Return the converter with which a process writes and reads payloads."""
    converter = replace(DATA_CONVERTER, payload_codec=encryption)
    if not encryption.is_on:
        # Failures stay in their usual fields: encoded but unencrypted, they would only be harder to read.
        return converter
    return replace(converter, failure_converter_class=DefaultFailureConverterWithEncodedAttributes)
