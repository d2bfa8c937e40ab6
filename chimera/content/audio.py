"""The length of a recording: from a WAV file's header, otherwise estimated from its size. Both tend to be too long."""

import struct

GUESSED_BYTES_PER_S = 2_000
"""Speech at 16 kbit/s, about the lowest rate in use, so the estimate tends to be too long."""
MOST_BYTES_PER_S = 1_536_000
"""Eight channels of 32 bits at 48 kHz. A header that claims more than this, or less than `GUESSED_BYTES_PER_S`, is
ignored: otherwise, a call would cost next to nothing, or use up all tokens of a minute."""
MAX_CHUNKS = 1_000
"""Recorders write a handful of chunks before the audio, but a caller may send millions of empty ones."""

_CHUNK = struct.Struct("<4sI")
_RATE_AT = 8
"""Offset of the bytes per second in the chunk `fmt `, after the chunk's header."""


def seconds_of(head: bytes, size_bytes: int) -> float:
    """Return the length of a recording in seconds, read or estimated from its beginning and its size.

    Takes about a millisecond at most, for any input.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        seconds = _wav_seconds(head, size_bytes)
        if seconds is not None:
            return seconds
    return guessed_seconds(size_bytes)


def guessed_seconds(size_bytes: int) -> float:
    """Estimate the length of a recording, in seconds, from its size alone."""
    return size_bytes / GUESSED_BYTES_PER_S


def _wav_seconds(head: bytes, size_bytes: int) -> float | None:
    position, bytes_per_s = 12, 0
    for _ in range(MAX_CHUNKS):
        if position + _CHUNK.size > len(head):
            return None
        name, size = _CHUNK.unpack_from(head, position)
        position += _CHUNK.size
        if name == b"fmt " and position + _RATE_AT + 4 <= len(head):
            bytes_per_s = struct.unpack_from("<I", head, position + _RATE_AT)[0]
        if name == b"data":
            believed = GUESSED_BYTES_PER_S <= bytes_per_s <= MOST_BYTES_PER_S
            # Everything that follows counts as audio, because streams write 0 or 4 GiB as the size.
            return (size_bytes - position) / bytes_per_s if believed else None
        position += size + size % 2
    return None
