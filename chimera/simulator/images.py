"""Simulated images: stripes in colors derived from the prompt, with SIMULATED written across them and in a note in
their metadata."""

import struct
import zlib
from hashlib import blake2b
from random import Random

NOTE = "Simulated: made by Chimera's simulator from a hash of the prompt. No model generated this image."

# The letters of the word, five pixels wide and seven high. Each number is a row.
_LETTERS = {
    "S": (15, 16, 16, 14, 1, 1, 30),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "D": (30, 17, 17, 17, 17, 17, 30),
}
_WORD = "SIMULATED"
_LETTER_WIDTH, _LETTER_HEIGHT = 6, 7
_INK = 8


def png_of(seed: str, width: int, height: int) -> bytes:
    """Generate an image; the same seed and size give the same bytes."""
    random = Random(blake2b(seed.encode(), digest_size=8).digest())  # noqa: S311  (an image, not a secret)
    colors = bytes(random.randrange(60, 220) for _ in range(3 * _INK)) + b"\xff\xff\xff"
    rows = [b"\0" + row for row in _rows(width, height)]
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", colors),
        _chunk(b"tEXt", b"Comment\0" + NOTE.encode("latin-1")),
        _chunk(b"IDAT", zlib.compress(b"".join(rows), 6)),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _rows(width: int, height: int) -> list[bytes]:
    """Draw bands of stripes, with the word in the middle, as large as the width allows."""
    stripe = max(1, width // 16)
    bands = [bytes((x // stripe + shift) % _INK for x in range(width)) for shift in range(_INK)]
    rows = [bands[(y * _INK // height) % _INK] for y in range(height)]
    scale = width // (_LETTER_WIDTH * len(_WORD) + 2)
    top = (height - scale * _LETTER_HEIGHT) // 2
    for line in range(_LETTER_HEIGHT):
        for y in range(top + line * scale, top + (line + 1) * scale):
            if 0 <= y < height:
                rows[y] = _inked(rows[y], line, scale)
    return rows


def _inked(row: bytes, line: int, scale: int) -> bytes:
    inked, left = bytearray(row), scale
    for letter in _WORD:
        bits = _LETTERS[letter][line]
        for column in range(5):
            if bits >> (4 - column) & 1:
                start = left + column * scale
                inked[start : start + scale] = bytes([_INK]) * scale
        left += _LETTER_WIDTH * scale
    return bytes(inked)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
