"""Minimal valid files for tests."""

import struct
import zlib


def a_png(width: int = 2, height: int = 2) -> bytes:
    """Return an image that is all black."""
    rows = b"".join(b"\0" + bytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def a_wav(seconds: float = 1.0) -> bytes:
    """Return silence: 16 bits, one channel, 8 kHz."""
    data = bytes(2 * int(8000 * seconds))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + len(data), b"WAVE")
        + form
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
