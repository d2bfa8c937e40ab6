"""Write the OpenAPI document from which `npm run generate` generates the console's API client, and its hash.

Git keeps only the client and the hash: a test compares the hash with that of the current document.
"""

import hashlib
import json
import secrets
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "frontend/openapi.json"
HASH = ROOT / "frontend/src/api/openapi.sha256"


def document() -> dict[str, Any]:
    """Return the OpenAPI document of this checkout's API, with its default settings."""
    sys.path.insert(0, str(ROOT))
    from api.app import create_app
    from chimera.config.settings import Settings

    settings = Settings(_env_file=None, jwt_secret=secrets.token_urlsafe(48))
    return create_app(settings).openapi()


def text() -> str:
    """Return the file's text."""
    return json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def hash_of(document_text: str) -> str:
    """Return the SHA-256 of a document's text, as the file holds it."""
    return hashlib.sha256(document_text.encode()).hexdigest() + "\n"


def is_current() -> bool:
    """Return whether the client was generated from the document of this checkout's API."""
    return HASH.read_text("utf-8") == hash_of(text())


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if is_current() else "The console's API client is outdated. Run `npm run generate` in frontend/.")
    current = text()
    DOCUMENT.write_text(current, "utf-8")
    HASH.write_text(hash_of(current), "utf-8")
