"""Detects the type of a file from its bytes, never from its name or its sender's claim."""

import re
import unicodedata
from codecs import getincrementaldecoder

from models.files import MAX_NAME_CHARS

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
AUDIO = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "audio/webm": "webm",
}
"""Media types, and the file extensions that vendors rely on."""

_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    # An ID3 tag, or the sync word of a first frame of layer III.
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "audio/mpeg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"OggS"), "audio/ogg"),
    # Phones store photographs in the same container format as MP4.
    (re.compile(rb".{4}ftyp(?:hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL), "image/heic"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    # MP4 and WebM may also contain video; transcription uses its audio.
    (re.compile(rb".{4}ftyp", re.DOTALL), "audio/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "audio/webm"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
_LOOKED_AT_BYTES = 4096
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def media_type_of(data: bytes) -> str:
    """Detect the type of bytes from their beginning. Markup counts as plain text, so that no browser runs it."""
    for beginning, media_type in _BEGINNINGS:
        if beginning.match(data):
            return media_type
    return TEXT if data and _is_text(data[:_LOOKED_AT_BYTES]) else UNKNOWN


def clean_name(name: str | None, fallback: str = "file") -> str:
    """Make a file name presentable: no path, no invisible characters, at most 120 characters with its extension."""
    last = re.split(r"[/\\]", name or "")[-1]
    # Format characters (Cf) reverse text or hide in it; the other characters of category C can't be displayed.
    visible = "".join(each for each in last if unicodedata.category(each)[0] != "C")
    cleaned = re.sub(r'[<>:"|?*%]+', "_", " ".join(visible.split())).strip(". ")
    if not cleaned:
        return fallback
    ending = _ENDING.search(cleaned)
    return cleaned if len(cleaned) <= MAX_NAME_CHARS else _shortened(cleaned, ending[0] if ending else "")


def _shortened(name: str, ending: str) -> str:
    return name[: MAX_NAME_CHARS - len(ending)].rstrip(". ") + ending


def _is_text(head: bytes) -> bool:
    try:
        # The last character of the beginning may be incomplete.
        text = getincrementaldecoder("utf-8")().decode(head, final=len(head) < _LOOKED_AT_BYTES)
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(each) == "Cc" and each not in "\t\n\r\f" for each in text)
