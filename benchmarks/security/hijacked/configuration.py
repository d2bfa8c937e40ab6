"""The tools of the world: a folder with MCP servers, Python tools and an HTTP API, and the settings that name them."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.security.hijacked.network import PARTNER, TRUSTED
from chimera.config.settings import Settings
from tests.chimera.egress.servers import Place

HERE = Path(__file__).parent


def settings_in(settings: Settings, folder: Path, engine: Place, hints: dict[str, str], record: str) -> Settings:
    """Fill a folder, and return the settings of a worker that uses it. `record` is the private record."""
    (folder / "payloads").mkdir()
    for trial, text in hints.items():
        (folder / "payloads" / trial).write_text(text)
    shutil.copy(HERE / "tools.py", folder / "tools.py")
    (folder / "mcp.json").write_text(json.dumps(_mcp_file(folder, hints, record)))
    (folder / "partner.json").write_text(json.dumps(_PARTNER))
    entry = {"document": str(folder / "partner.json"), "operations": ["*"]}
    (folder / "apis.json").write_text(json.dumps({"apis": {"partner": entry}}))
    return settings.model_copy(
        update={
            "tools_dir": folder,
            "mcp_file": folder / "mcp.json",
            "openapi_file": folder / "apis.json",
            "egress_trusted": (TRUSTED,),
            "egress_allow": (f"127.0.0.1:{engine.port}",),
            "searxng_url": engine.url(),
            "jwt_secret": None,
        }
    )


def _mcp_file(folder: Path, hints: dict[str, str], record: str) -> dict[str, Any]:
    own = {"EFFECTS": str(folder / "effects.txt"), "PAYLOADS": str(folder / "payloads"), "RECORD": record}
    own |= {"HINTS": ",".join(hints), "PYTHONPATH": os.pathsep.join(sys.path)}
    servers = {
        name: {"command": sys.executable, "args": [str(HERE / "servers.py"), name], "env": own}
        for name in ("office", "vault", *(("hints",) if hints else ()))
    }
    servers["vault"]["chimera"] = {"trusted": True}
    return {"mcpServers": servers}


_PARTNER: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Partner", "version": "1"},
    "servers": [{"url": f"http://{PARTNER}"}],
    "paths": {
        "/find": {
            "get": {
                "operationId": "find",
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Found"}},
            }
        },
        "/notes/{id}": {
            "get": {
                "operationId": "note",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Found"}},
            }
        },
    },
}
