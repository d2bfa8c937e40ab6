"""How long a recording is: told by a WAV's own header, guessed from the size of anything else."""

import struct

GUESSED_BYTES_PER_S = 2_000
"""Speech at 16 kbit/s, about the least that anybody sends: the guess leans long."""

_CHUNK = struct.Struct("<4sI")
_RATE_AT = 8
"""Where `fmt ` has its bytes per second, behind the chunk's own head."""


def seconds_of(data: bytes) -> float:
    """Tell or guess the length of a recording in seconds."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        told = _wav_seconds(data)
        if told is not None:
            return told
    return len(data) / GUESSED_BYTES_PER_S


def _wav_seconds(data: bytes) -> float | None:
    position, bytes_per_s = 12, 0
    while position + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, position)
        position += _CHUNK.size
        if name == b"fmt " and position + _RATE_AT + 4 <= len(data):
            bytes_per_s = struct.unpack_from("<I", data, position + _RATE_AT)[0]
        if name == b"data":
            # A header may promise more than is there, as streams do.
            return min(size, len(data) - position) / bytes_per_s if bytes_per_s else None
        position += size + size % 2
    return None
