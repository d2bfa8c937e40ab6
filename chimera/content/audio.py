"""How long a recording is: told by a WAV's own header, guessed from the size of anything else. Both lean long."""

import struct

GUESSED_BYTES_PER_S = 2_000
"""Speech at 16 kbit/s, about the least that anybody sends: the guess leans long."""
MOST_BYTES_PER_S = 1_536_000
"""Eight channels of 32 bits at 48 kHz. A header that tells more, or less than the guess, is not believed: it would make
a call cost next to nothing, or take everybody's tokens of a minute."""
MAX_CHUNKS = 1_000
"""Recorders write a handful before the sound. Somebody may send millions of empty ones, each a step of ours."""

_CHUNK = struct.Struct("<4sI")
_RATE_AT = 8
"""Where `fmt ` has its bytes per second, behind the chunk's own head."""


def seconds_of(head: bytes, size_bytes: int) -> float:
    """Tell or guess the length of a recording in seconds, by how it begins and how large it is.

    Takes at most a millisecond or so, whatever is sent.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        told = _wav_seconds(head, size_bytes)
        if told is not None:
            return told
    return guessed_seconds(size_bytes)


def guessed_seconds(size_bytes: int) -> float:
    """Guess the length of a recording of which only the size is known."""
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
            # All that follows is taken for sound: streams write 0 or 4 GiB where the size belongs.
            return (size_bytes - position) / bytes_per_s if believed else None
        position += size + size % 2
    return None
