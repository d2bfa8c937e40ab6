"""What `--json` prints."""

import sys

from pydantic_core import to_json

from cli.encodings import ESCAPED


def print_json(value: object) -> None:
    """Print contracts as JSON, which every reader takes for UTF-8: in ASCII alone on a stream of another encoding."""
    text = to_json(value, indent=2).decode()
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
    print(text if is_utf8 else text.encode("ascii", ESCAPED).decode())
