"""`chimera chat` against the real API with a worker and the simulator, in a pipe or on a pseudo-terminal."""

import asyncio
import fcntl
import os
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from cli.http.sign_in import SignIn, in_folder
from cli.stack.stack import sign_in_here
from tests.cli.chat.screen import Screen
from tests.conftest import SimulatorServer
from tests.parts import SECRET, fresh_database, serving
from tests.runs import runs_with_worker

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "cli")
LIMIT_S = 30.0
ENTER, NEW_LINE, CUT, LEAVE = "\r", "\n", "\x03", "\x04"


@pytest.fixture(scope="module")
async def chat_settings_here(
    parts: Settings, simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Settings]:
    """Settings of an API that answers, with a sign-in in its data folder."""
    async with fresh_database(parts.database_url or "") as url:
        settings = chat_settings(parts, url, simulator, tmp_path_factory.mktemp("chat"))
        app = create_app(settings)
        async with app.router.lifespan_context(app), serving(app) as api_url:
            await signed_in_at(settings, api_url)
            async with runs_with_worker(settings):
                yield settings.model_copy(update={"api_port": int(api_url.rpartition(":")[2])})


@pytest.fixture(scope="module")
def chat_folder(chat_settings_here: Settings) -> Path:
    """Return a folder whose sign-in is for an API that answers."""
    return chat_settings_here.data_dir


@pytest.fixture
async def chat_api(chat_settings_here: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the API that answers, signed in as the same user."""
    token = SignIn.model_validate_json(in_folder(chat_settings_here.data_dir).read_bytes()).access_token
    url = f"http://127.0.0.1:{chat_settings_here.api_port}"
    async with httpx2.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT_S
    ) as client:
        yield client


def chat_settings(parts: Settings, database_url: str, simulator: SimulatorServer, folder: Path) -> Settings:
    """Return settings for an API and workers with a database and a data folder of their own."""
    return parts.model_copy(
        update={
            "database_url": database_url,
            "task_queue": "test-cli-chat",
            "data_dir": folder,
            "jwt_secret": SecretStr(SECRET),
            "simulator_url": simulator.url,
            "default_model": "simulator/fast",
            "chat_titles": False,
        }
    )


async def signed_in_at(settings: Settings, api_url: str) -> None:
    """Save a sign-in to an API in the data folder."""
    await sign_in_here(settings.model_copy(update={"api_port": int(api_url.rpartition(":")[2])}))


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "CHIMERA_DATA_DIR": str(folder),
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "VISUAL": "sed -i s/tea/cocoa/",
    }


async def piped(folder: Path, *arguments: str, stdin: str = "", command: str = "chat") -> tuple[int, str, str]:
    """Run the command without a terminal, and return its exit code, output and messages."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        command,
        *arguments,
        env=environment(folder),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate(stdin.encode())
    return process.returncode or 0, out.decode(), err.decode()


class Typist:
    """A user of the command at a pseudo-terminal."""

    def __init__(self, terminal: int, process: asyncio.subprocess.Process, screen: Screen) -> None:
        self.process = process
        self.screen = screen
        self.raw = b""
        self._terminal = terminal
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._read)

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    async def sees(self, words: str, times: int = 1) -> None:
        """Wait until words are on the screen, or have been, this number of times."""
        async with asyncio.timeout(LIMIT_S):
            while self.screen.text.count(words) < times:
                self._news.clear()
                await self._news.wait()

    async def ends(self) -> int:
        async with asyncio.timeout(LIMIT_S):
            return await self.process.wait()

    def _read(self) -> None:
        try:
            data = os.read(self._terminal, 65_536)
            self.raw += data
            self.screen.feed(data)
        except OSError:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self._news.set()


@asynccontextmanager
async def typing(folder: Path, *arguments: str, columns: int = 100, **more: str) -> AsyncIterator[Typist]:
    """Run the command at a terminal of 40 lines."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "chat",
        *arguments,
        env=environment(folder) | more,
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    typist = Typist(ours, process, Screen(columns, 40))
    try:
        yield typist
    except BaseException:
        print(typist.screen.text)
        raise
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
