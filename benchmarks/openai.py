"""Unmodified third-party clients of OpenAI's API, against a stack with the simulator.

    python -m benchmarks openai [--cache FOLDER]

Each client is installed from its registry into an environment of its own, which `--cache` keeps between runs. Needs the
network, and Node for one of the clients. The exit code is 1 if a step fails.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.parts import short_folder
from tests.stack import running_stack

STEP_S = 180
NODE_CLIENT = Path(__file__).parents[1] / "tests" / "clients" / "node"
_LLM_MODELS = """\
- model_id: chimera-writer
  model_name: writer
  api_base: {base}
  api_key_name: chimera
  supports_tools: true
- model_id: chimera-fast
  model_name: simulator/fast
  api_base: {base}
  api_key_name: chimera
  supports_tools: true
  supports_schema: true
"""
_PYTHON = """\
import openai
client = openai.OpenAI()
said = [{"role": "user", "content": "Say a word. [[sim: tokens=10]]"}]
whole = client.chat.completions.create(model="writer", messages=said).choices[0].message.content
with client.chat.completions.stream(model="writer", messages=said) as stream:
    assert stream.get_final_completion().choices[0].message.content == whole
with client.responses.stream(model="writer", input="Say a word. [[sim: tokens=10]]") as stream:
    assert stream.get_final_response().output_text == whole
print(whole)
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A command line of a client, and what its output has to contain."""

    what: str
    command: tuple[str, ...]
    expected: str = "[simulated]"
    typed: str = ""
    """What a person types."""


@dataclass(frozen=True, slots=True)
class Client:
    """A package, and what is tried with it. `{base}` and `{token}` in the environment are replaced."""

    package: str
    steps: tuple[Step, ...]
    environment: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Path, str, str], None] = lambda home, base, token: None
    is_node: bool = False
    needs: tuple[str, ...] = ()
    """Packages that the client imports, but doesn't declare."""


def _set_up_llm(home: Path, base: str, token: str) -> None:
    (home / "extra-openai-models.yaml").write_text(_LLM_MODELS.format(base=base))
    (home / "keys.json").write_text(json.dumps({"chimera": token}))


CLIENTS = (
    Client(
        "openai",
        (Step("chat and responses, streamed and not", ("python", "-c", _PYTHON)),),
        {"OPENAI_BASE_URL": "{base}", "OPENAI_API_KEY": "{token}"},
    ),
    Client(
        "openai (npm)",
        (Step("models, chat, tools, responses, errors", ("node", "try.mjs"), '"response":{"status":"completed"'),),
        {"BASE_URL": "{base}", "API_KEY": "{token}"},
        is_node=True,
    ),
    Client(
        "llm==0.36",
        (
            Step("an agent answers, streamed", ("llm", "-m", "chimera-writer", "Say a word. [[sim: tokens=20]]")),
            Step(
                "an agent answers in one piece",
                ("llm", "-m", "chimera-writer", "--no-stream", "-s", "Be brief.", "Say a word. [[sim: tokens=20]]"),
            ),
            Step("the conversation continues", ("llm", "-c", "-m", "chimera-writer", "And another.")),
            Step(
                "a typed answer", ("llm", "-m", "chimera-fast", "--schema", "city, degrees int", "Oslo?"), '"degrees"'
            ),
            Step(
                "the client runs a tool",
                ("llm", "-m", "chimera-fast", "-T", "llm_version", "Version? [[sim: call=llm_version]]"),
                "llm_version returned: 0.36",
            ),
            Step("a chat in the terminal", ("llm", "chat", "-m", "chimera-writer"), typed="Hello\nexit\n"),
        ),
        {"LLM_USER_PATH": "{home}"},
        _set_up_llm,
    ),
    Client(
        "shell-gpt==1.5.1",
        (
            Step("an agent answers", ("sgpt", "--no-md", "Say a word. [[sim: tokens=20]]")),
            Step("a conversation begins", ("sgpt", "--no-md", "--chat", "one", "Say a word. [[sim: tokens=20]]")),
            Step("the conversation continues", ("sgpt", "--no-md", "--chat", "one", "And another.")),
        ),
        {
            "HOME": "{home}",
            "API_BASE_URL": "{base}",
            "OPENAI_API_KEY": "{token}",
            "DEFAULT_MODEL": "writer",
            "OPENAI_USE_FUNCTIONS": "false",
            "USE_LITELLM": "false",
        },
        needs=("click",),
    ),
)


async def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps the installed clients")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="chimera-clients-") as folder, short_folder() as data:
        cache = (asked.cache or Path(folder)).absolute()
        cache.mkdir(parents=True, exist_ok=True)
        async with running_stack(data / "stack", report=lambda *_: None) as stack:
            base = f"{str(stack.api.base_url).rstrip('/')}/v1"
            token = stack.api.headers["Authorization"].removeprefix("Bearer ")
            print("| client | version | step | outcome |\n|---|---|---|---|", flush=True)
            failures = [await _tried(client, cache, base, token) for client in CLIENTS]
    print(f"\n{sum(failures)} failed steps", flush=True)
    return int(sum(failures) > 0)


async def _tried(client: Client, cache: Path, base: str, token: str) -> int:
    """Install a client and try its steps; return how many failed."""
    place = cache / client.package.partition("=")[0].replace(" ", "-").strip("()")
    problem, version = await (_npm(place) if client.is_node else _pip(client, place))
    if problem:
        _print(client.package, version, "installation", f"failed: {problem}")
        return 1
    failed = 0
    with TemporaryDirectory(prefix="chimera-home-") as home:
        client.prepare(Path(home), base, token)
        values = {"base": base, "token": token, "home": home}
        environment = {name: value.format(**values) for name, value in client.environment.items()}
        for step in client.steps:
            outcome = await _outcome(step, place, environment)
            failed += outcome != "works"
            _print(client.package, version, step.what, outcome)
    return failed


async def _outcome(step: Step, place: Path, environment: dict[str, str]) -> str:
    code, output = await _run(*step.command, place=place, typed=step.typed, **environment)
    if code == 0 and step.expected in output:
        return "works"
    return f"failed ({code}): {' '.join(output.split())[-300:]}"


async def _pip(client: Client, place: Path) -> tuple[str, str]:
    """Install a package into an environment of its own; return the problem, if there is one, and its version."""
    python = place / "bin" / "python"
    if not python.exists():
        await asyncio.to_thread(venv.create, place, with_pip=True)
        code, output = await _run(
            str(python), "-m", "pip", "install", "--quiet", client.package, *client.needs, place=place
        )
        if code:
            return output[-200:], ""
    name = client.package.partition("=")[0]
    script = f"import importlib.metadata; print(importlib.metadata.version({name!r}))"
    return "", (await _run(str(python), "-c", script, place=place))[1].strip()


async def _npm(place: Path) -> tuple[str, str]:
    """Install the client at its locked version, as `_pip` does."""
    if shutil.which("npm") is None:
        return "npm isn't on the PATH", ""
    shutil.copytree(NODE_CLIENT, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    version: str = json.loads((place / "package.json").read_text())["dependencies"]["openai"]
    code, output = await _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", place=place)
    return output[-200:] if code else "", version


async def _run(*command: str, place: Path, typed: str = "", **environment: str) -> tuple[int, str]:
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=place,
        env={**os.environ, "PATH": path, "PYTHONPATH": "", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(STEP_S):
            output, _ = await process.communicate(typed.encode())
    except TimeoutError:
        process.kill()
        return 1, f"no end within {STEP_S} s"
    return process.returncode or 0, output.decode(errors="replace")


def _print(client: str, version: str, step: str, outcome: str) -> None:
    print(f"| {client} | {version} | {step} | {outcome} |", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
