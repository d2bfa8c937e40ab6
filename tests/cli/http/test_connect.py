"""The Chimera and user that a command connects to: settings come first, and refusals aren't hidden."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.ports import ports
from cli.errors import NoSignIn, NotReachable, SignInEnded, StartedElsewhere, TokenRefused, WrongUsage
from cli.http import sign_in
from cli.http.addresses import address_from, is_same, port_here
from cli.http.connect import connected
from cli.input.settings import where_settings
from tests.cli.api import TinyApi
from tests.cli.builders import TASK
from tests.parts import serving
from tests.ports import free_port


@pytest.fixture
async def api() -> TinyApi:
    return TinyApi()


@pytest.fixture
async def kept(api: TinyApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """Save the sign-in of this data folder, before any `chimera login`."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    async with serving(api.app()) as api_url:
        yield api.kept_in(tmp_path / "cli.json", api_url)


def url_of(path: Path) -> str:
    known = sign_in.read(path)
    assert known is not None
    return known.api_url


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_programs_bring_address_and_token(api: TinyApi, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api.access_tokens.add("a-token")
    known = sign_in.read(kept)
    assert known is not None
    monkeypatch.setenv("CHIMERA_API_URL", known.api_url)
    monkeypatch.setenv("CHIMERA_TOKEN", "a-token")
    async with connected(Settings(data_dir=kept.parent / "elsewhere")) as client:
        assert (await client.task(TASK)).id == TASK
        api.expire_access_tokens()
        with pytest.raises(TokenRefused, match="CHIMERA_TOKEN is not valid"):
            await client.task(TASK)
    assert api.refreshes == 0


async def test_this_folders_running_chimera_is_preferred(
    api: TinyApi, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    api.kept_in(sign_in.at_home(), f"http://127.0.0.1:{free_port()}")
    async with connected(Settings(data_dir=kept.parent)) as client:
        assert (await client.task(TASK)).id == TASK


async def test_the_chimera_of_login_is_next(
    api: TinyApi, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    known = sign_in.read(kept)
    assert known is not None
    api.kept_in(sign_in.at_home(), known.api_url)
    api.kept_in(kept, f"http://127.0.0.1:{free_port()}")
    async with connected(Settings(data_dir=kept.parent)) as client:
        assert client.api_url == known.api_url


async def test_a_chimera_of_another_folder_is_recognised(
    api: TinyApi, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    known = sign_in.read(kept)
    assert known is not None
    elsewhere = Settings(data_dir=tmp_path / "elsewhere", api_port=int(known.api_url.rpartition(":")[2]))
    with pytest.raises(NoSignIn, match=r"folder where Chimera was started, or set CHIMERA_DATA_DIR="):
        async with connected(elsewhere):
            pass
    found = await ports(elsewhere, None)
    assert [(finding.level, "started in another folder" in finding.message) for finding in found] == [
        (Level.WARN, True)
    ]


async def test_missing_sign_in_and_api_show_both_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(NotReachable, match=r"chimera up.*chimera login"):
        async with connected(Settings(data_dir=tmp_path, api_port=free_port())):
            pass


@pytest.mark.parametrize("same_address", [True, False])
async def test_a_dead_sign_in_hides_no_good_one(
    api: TinyApi, kept: Path, same_address: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    other = TinyApi()
    async with serving(other.app()) as elsewhere:
        url = url_of(kept) if same_address else elsewhere
        sign_in.write(kept, sign_in.SignIn(api_url=url_of(kept), email="old@example.com", refresh_token="dead-token"))
        api.session_ended = not same_address
        (api if same_address else other).kept_in(sign_in.at_home(), url)
        api.others_end_nothing = True
        async with connected(Settings(data_dir=kept.parent)) as client:
            assert (client.api_url, (await client.task(TASK)).id) == (url, TASK)
    printed = capsys.readouterr().err
    assert f"old@example.com at {url_of(kept)}, saved in {kept}, is no longer valid" in printed
    assert f"This command uses the session for me@example.com at {url} (saved in {sign_in.at_home()})" in printed


async def test_a_token_that_looks_fresh_may_be_dead(api: TinyApi, kept: Path) -> None:
    other = TinyApi()
    api.session_ended = True
    dead = sign_in.SignIn(
        api_url=url_of(kept), email="old@example.com", refresh_token="x", access_token="y", expires_at=4e9
    )
    sign_in.write(kept, dead)
    async with serving(other.app()) as elsewhere:
        other.kept_in(sign_in.at_home(), elsewhere)
        async with connected(Settings(data_dir=kept.parent)) as client:
            assert client.api_url == elsewhere


async def test_two_dead_sign_ins_name_one_to_renew(api: TinyApi, kept: Path) -> None:
    api.session_ended = True
    api.kept_in(sign_in.at_home(), url_of(kept))
    with pytest.raises(SignInEnded, match=f"saved in {kept}.*chimera login --api-url {url_of(kept)} --email me@"):
        async with connected(Settings(data_dir=kept.parent)):
            pass


async def test_a_set_port_overrides_a_stopped_stacks(api: TinyApi, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, nothing = url_of(kept), f"http://127.0.0.1:{free_port()}"
    api.kept_in(kept, nothing)
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(kept.parent))
    monkeypatch.setenv("CHIMERA_API_PORT", str(port_of(running)))
    with pytest.raises(StartedElsewhere, match=running):
        async with connected(where_settings()):
            pass
    unused = free_port()
    monkeypatch.setenv("CHIMERA_API_PORT", str(unused))
    with pytest.raises(NotReachable, match=str(unused)):
        async with connected(where_settings()):
            pass
    monkeypatch.setenv("CHIMERA_API_PORT", str(port_of(running)))
    api.kept_in(sign_in.at_home(), running)
    async with connected(where_settings()) as client:
        assert client.api_url == running


async def test_a_stack_that_runs_at_another_port_is_found(
    api: TinyApi, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = free_port()
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(kept.parent))
    monkeypatch.setenv("CHIMERA_API_PORT", str(named))
    async with connected(where_settings()) as client:
        assert client.api_url == url_of(kept)
    printed = capsys.readouterr().err
    assert f"not reachable at http://127.0.0.1:{named}, the address set in CHIMERA_API_PORT or CHIMERA_HOST" in printed
    assert f"This command uses the session for me@example.com at {url_of(kept)} (saved in {kept})" in printed


@pytest.mark.parametrize("is_own_known", [True, False])
async def test_a_login_elsewhere_does_not_replace_configured_addresses(
    api: TinyApi, kept: Path, monkeypatch: pytest.MonkeyPatch, is_own_known: bool
) -> None:
    """If the user's own stack has stopped, commands don't connect to the company's instead."""
    here = free_port()
    api.kept_in(sign_in.at_home(), url_of(kept))
    running = url_of(kept)
    api.kept_in(kept, f"http://127.0.0.1:{here}")
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(kept.parent if is_own_known else kept.parent / "new"))
    monkeypatch.setenv("CHIMERA_API_PORT", str(here))
    with pytest.raises(NotReachable, match=str(here)):
        async with connected(where_settings()) as client:
            await client.task(TASK)
    monkeypatch.delenv("CHIMERA_API_PORT")
    async with connected(where_settings()) as client:
        assert client.api_url == running


async def test_a_refused_sign_in_leads_nowhere_else_than_named(
    api: TinyApi, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = TinyApi()
    async with serving(own.app()) as elsewhere:
        api.kept_in(sign_in.at_home(), url_of(kept))
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(kept.parent))
        monkeypatch.setenv("CHIMERA_API_PORT", str(port_of(url_of(kept))))
        own.kept_in(kept, elsewhere)
        api.session_ended = True
        with pytest.raises(SignInEnded):
            async with connected(where_settings()) as client:
                await client.task(TASK)


async def test_a_named_unresponsive_address_is_reported(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("CHIMERA_API_URL", dead)
    with pytest.raises(NotReachable, match=f"^Chimera is not reachable at {dead}, the address set in CHIMERA_API_URL"):
        async with connected(Settings(data_dir=kept.parent)):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_named_address_here_names_its_folder(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    port = port_of(url_of(kept))
    monkeypatch.setenv("CHIMERA_API_URL", f"http://{host}:{port}")
    # No stack of ours listens there, so the lookup of a stack's folder is replaced.
    folders = {port: tmp_path / "theirs"}
    monkeypatch.setattr("cli.http.connect.data_dir_behind", folders.get)
    with pytest.raises(StartedElsewhere, match=f"CHIMERA_DATA_DIR={tmp_path / 'theirs'}"):
        async with connected(Settings(data_dir=tmp_path / "mine")):
            pass


async def test_an_unknown_named_address_asks_for_login(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIMERA_API_URL", url_of(kept))
    with pytest.raises(NoSignIn, match="You are not signed in at") as raised:
        async with connected(Settings(data_dir=tmp_path / "mine")):
            pass
    assert not isinstance(raised.value, StartedElsewhere)


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:8000", 8000),
        ("http://[::1]:8000/", 8000),
        ("http://localhost", 80),
        ("https://LOCALHOST", 443),
        ("http://chimera.example.com:8000", None),
    ],
)
def test_a_port_is_looked_at_on_this_machine_only(url: str, port: int | None) -> None:
    assert port_here(url) == port


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_token_without_an_address_is_reported(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_named: bool
) -> None:
    port = port_of(url_of(kept))
    monkeypatch.setenv("CHIMERA_TOKEN", "a-token")
    if is_named:
        monkeypatch.setenv("CHIMERA_API_URL", url_of(kept))
    with pytest.raises(TokenRefused):
        async with connected(Settings(data_dir=kept.parent, api_port=port)) as client:
            await client.task(TASK)
    printed = capsys.readouterr().err
    assert ("CHIMERA_TOKEN is set without CHIMERA_API_URL, so" in printed) == (not is_named)


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:8000/", "http://localhost:8000"),
        ("chimera.example.com", "https://chimera.example.com"),
        ("htp://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http:/127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https:/chimera.example.com/work/", "https://chimera.example.com/work"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("http://127.0.0.1:8000/api/v1", "http://127.0.0.1:8000"),
        ("https://", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:eighty", "http://127.0.0.1:8000"),
        ("http://a host", "http://127.0.0.1:8000"),
    ],
)
async def test_an_invalid_address_gets_a_correction(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, right: str
) -> None:
    monkeypatch.setenv("CHIMERA_API_URL", written)
    with pytest.raises(WrongUsage) as raised:
        async with connected(Settings(data_dir=tmp_path)):
            pass
    assert raised.value.message.startswith(f"CHIMERA_API_URL={written} ")
    assert raised.value.message.endswith(f" CHIMERA_API_URL={right}.")
    assert address_from(right, "") == right, "what is offered is taken"


async def test_another_spelling_of_an_address_finds_its_sign_in(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_API_URL", f"http://LocalHost:{port_of(url_of(kept))}/")
    async with connected(Settings(data_dir=kept.parent)) as client:
        assert client.api_url == url_of(kept)
    assert not is_same("http://127.0.0.1:8000", "http://127.0.0.1:8001")
