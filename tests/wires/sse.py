"""Server-sent events, which all vendors use to stream their answers."""

import json
from typing import Any


def framed(data: Any, kind: str = "", *, newline: str = "\n") -> str:
    """Frame one event. Text is sent unchanged, and everything else as JSON."""
    name = f"event: {kind}{newline}" if kind else ""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"{name}data: {text}{newline}{newline}"


def event(data: Any, kind: str = "") -> bytes:
    return framed(data, kind).encode()
