"""The length of a recording: its header is believed within reason and never costs much time."""

import struct
import time

import pytest

from chimera.content.audio import GUESSED_BYTES_PER_S, seconds_of
from tests.media import a_wav


def a_wav_of(bytes_per_s: int, data: bytes, declared_size: int | None = None) -> bytes:
    """Return a WAV file whose header contains the given values, plausible or not."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, bytes_per_s, 2, 16)
    size = len(data) if declared_size is None else declared_size
    return b"RIFF\0\0\0\0WAVE" + form + b"data" + struct.pack("<I", size) + data


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (a_wav(2.5), 2.5),
        (a_wav(2.5)[:-8000], 2.0),
        (a_wav_of(16_000, bytes(16_000), declared_size=0), 1.0),
        (a_wav_of(16_000, bytes(16_000), declared_size=2**32 - 1), 1.0),
        (b"ID3" + bytes(1997), 1.0),
        (b"RIFF\0\0\0\0WAVE" + bytes(8), 0.01),
        (b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff" + bytes(1980), 1.0),
        (b"", 0.0),
    ],
)
def test_a_recordings_length_is_read_or_estimated(data: bytes, seconds: float) -> None:
    assert seconds_of(data, len(data)) == pytest.approx(seconds)


@pytest.mark.parametrize("bytes_per_s", [0, 1, 1_999, 1_536_001, 2**32 - 1])
def test_a_header_that_makes_no_sense_is_not_believed(bytes_per_s: int) -> None:
    data = a_wav_of(bytes_per_s, bytes(20_000))
    assert seconds_of(data, len(data)) == len(data) / GUESSED_BYTES_PER_S


def test_how_a_file_begins_is_enough() -> None:
    data = a_wav(60)
    assert seconds_of(data[:64], len(data)) == 60


def test_empty_chunks_cost_no_time() -> None:
    data = b"RIFF\0\0\0\0WAVE" + (b"junk" + bytes(4)) * 3_000_000
    began = time.process_time()
    assert seconds_of(data, len(data)) == len(data) / GUESSED_BYTES_PER_S
    assert time.process_time() - began < 0.1
