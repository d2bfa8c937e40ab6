"""The Python sandbox: what it can do, and what nobody gets out of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest

from chimera.tools.base import ToolError, ToolOutput
from chimera.tools.run_python import MAX_OUTPUT_BYTES, RunPython
from tests.chimera.tools.calls import context
from tests.until import until_true


@pytest.fixture(scope="module")
async def python() -> AsyncIterator[RunPython]:
    tool = RunPython(max_seconds=2, at_once=2)
    yield tool
    await tool.aclose()


@pytest.fixture
def canary() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIMERA_SECRET_CANARY", "canary-7731")
        yield "canary-7731"


async def run(tool: RunPython, code: str) -> ToolOutput:
    return await tool.run({"code": code}, context())


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 + 1", "2"),
        ("print('a')\nprint('b', end='')\n[3]", "a\nb\n[3]"),
        ("x = 1", "The code ran. It printed nothing and has no value."),
        ("'text'", "text"),
        ("import math\nround(math.pi, 2)", "3.14"),
        ("class A:\n    def f(self): return 5\nA().f()", "5"),
        ("import asyncio\nasync def f(): return 1\nawait f()", "1"),
        ('import json\nsorted(json.loads(\'{"b": 1, "a": 2}\'))', "['a', 'b']"),
        ("import time\ntime.sleep(3600)\n'slept'", "slept"),
        ("'a\\x00b\\u202e'", "ab"),
        ("x = 'é'; (x,  # twice\n x)", "('é', 'é')"),
        ("class A:\n    def __repr__(self): return 'mine'\nA()", "mine"),
        ("def isinstance(*_): return False\ndef repr(_): return [1]\n2", "[1]"),
    ],
)
async def test_code_returns_prints_and_last_value(python: RunPython, code: str, text: str) -> None:
    assert await run(python, code) == ToolOutput(text)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = 1\nx = = 2", "line 2"),
        ("def f():\n    return 1 / 0\n\nf()", "line 2, in f"),
        ("import numpy", "No module named 'numpy'"),
        ("def g():\n    yield 1", "yield"),
        ("2 ** 100_000", "can't be shown"),
        ("raise SystemExit(3)", "SystemExit|exceptions"),
        ("input('?')", "'input' is not defined"),
        ("1" + "+1" * 20_000, "deeply nested"),
    ],
)
async def test_an_error_names_its_line(python: RunPython, code: str, error: str) -> None:
    output = await run(python, code)
    assert output.failed
    assert any(part in output.text for part in error.split("|")), output.text


ESCAPES = {
    "os.system": "import os\nos.system('id')",
    "os.listdir": "import os\nos.listdir('/')",
    "os.environ": "import os\nprint(os.environ)",
    "os.getenv": "import os\nprint(os.getenv('CHIMERA_SECRET_CANARY'))",
    "open": "open('/etc/passwd').read()",
    "open proc": "open('/proc/self/environ').read()",
    "write": "open('/tmp/x', 'w').write('x')",
    "pathlib": "from pathlib import Path\nPath('/etc/passwd').read_text()",
    "socket": "import socket\nsocket.create_connection(('127.0.0.1', 80))",
    "subprocess": "import subprocess\nsubprocess.run('id')",
    "asyncio subprocess": "import asyncio\nawait asyncio.create_subprocess_exec('id')",
    "ctypes": "import ctypes\nctypes.CDLL(None)",
    "import": "__import__('os').system('id')",
    "exec": "exec('import socket')",
    "subclasses": "().__class__.__base__.__subclasses__()",
    "getattr": "getattr((), '__class__')",
    "format": "'{0.__class__.__mro__}'.format(1)",
    "globals": "(lambda: 0).__globals__",
    "code object": "(lambda: 0).__code__.replace(co_code=b'')",
    "builtins": "__builtins__['open']",
    "exit": "import sys\nsys.exit(1)",
    "breakpoint": "breakpoint()",
    "allocation": "x = 'a' * 10 ** 10",
    "list": "x = [0] * 10 ** 9",
    "growing": "x = []\nwhile True: x.append('a' * 10_000)",
    "power": "9 ** 9 ** 9",
    "loop": "while True: pass",
    "caught loop": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "recursion": "def f(n): return f(n + 1)\nf(0)",
    "prints": "while True: print('a' * 1000)",
    "large value": "'a' * 100_000_000",
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=list(ESCAPES))
async def test_an_escape_is_refused(python: RunPython, escape: str, canary: str) -> None:
    output = await run(python, escape)
    assert output.failed
    assert canary not in output.text
    assert "root:" not in output.text
    assert len(output.text.encode()) < MAX_OUTPUT_BYTES + 1000
    assert await run(python, "1 + 1") == ToolOutput("2")


async def test_long_output_and_values_are_cut(python: RunPython) -> None:
    printed = await run(python, "for i in range(100_000): print(i)")
    assert printed.failed
    assert printed.text.endswith("it printed more than 32 KB.")
    value = await run(python, "list(range(100_000))")
    assert value.text.endswith("[cut off after 32 KB]")


async def test_a_value_is_not_built_outside_the_sandbox(python: RunPython) -> None:
    # 100 million parts would exceed the time limit of a test, and a gigabyte.
    value = await run(python, "a = ['x'] * 1000\nb = [a] * 1000\n[b] * 100")
    assert value.failed
    assert "can't be shown" in value.text


async def test_calls_share_nothing(python: RunPython) -> None:
    await run(python, "x = 5")
    assert "'x' is not defined" in (await run(python, "x")).text


def workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.name() == "monty"]


async def test_a_cancel_frees_the_worker() -> None:
    tool = RunPython(max_seconds=60, at_once=1)
    endless = asyncio.create_task(run(tool, "while True: pass"))
    await until_busy(tool)
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    assert await run(tool, "1 + 1") == ToolOutput("2")
    await tool.aclose()


async def until_busy(tool: RunPython) -> None:
    """Return once the tool's worker computes."""
    while tool._pool is None or not any(worker.cpu_times().user > 0.05 for worker in workers()):
        await asyncio.sleep(0.01)


async def test_more_calls_than_workers_wait(python: RunPython) -> None:
    outputs = await asyncio.gather(*(run(python, f"sum(range({n}))") for n in range(20)))
    assert [output.text for output in outputs] == [str(sum(range(n))) for n in range(20)]
    assert len(workers()) <= 2


async def test_a_killed_idle_worker_is_replaced() -> None:
    tool = RunPython(at_once=1)
    known = {worker.pid for worker in workers()}
    await run(tool, "1")
    for worker in workers():
        if worker.pid not in known:
            os.kill(worker.pid, 9)
    assert await run(tool, "1 + 1") == ToolOutput("2")
    await tool.aclose()


async def _are_gone(known: set[int]) -> bool:
    return {worker.pid for worker in workers()} <= known


async def test_a_closed_sandbox_leaves_no_process() -> None:
    known = {worker.pid for worker in workers()}
    tool = RunPython(at_once=1)
    await run(tool, "1")
    await tool.aclose()
    await tool.aclose()
    # The processes are told to end. On a busy machine, that takes a moment.
    await until_true(lambda: _are_gone(known))
    assert await run(tool, "1 + 1") == ToolOutput("2")
    await tool.aclose()


async def test_workers_inherit_no_environment(python: RunPython, canary: str) -> None:
    endless = asyncio.create_task(run(python, "while True: pass"))
    await until_busy(python)
    assert {str(worker.environ()) for worker in workers()} == {"{}"}
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless


async def test_code_of_the_wrong_type_is_explained(python: RunPython) -> None:
    with pytest.raises(ToolError, match="code: Field required"):
        await python.run({}, context())
